package git

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// minAbbrev is the shortest abbreviated hash that Find takes, as git prints it.
const minAbbrev = 7

// Find returns an older commit, by its hash or at least the first seven digits of it. It looks in what is held, asks
// the remote for exactly that commit, and at last searches the history of the branch. It does not change Last.
func (m *Mirror) Find(ctx context.Context, hash string) (*Commit, error) {
	hash = strings.ToLower(hash)
	if err := m.checkPrefix(hash); err != nil {
		return nil, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if h, err := m.one(hash, m.known()); err != nil {
		return nil, err
	} else if c := m.lookup(h); c != nil {
		return c, nil
	}
	if len(hash) == 40 {
		c, err := m.obtain(ctx, plumbing.NewHash(hash))
		if r := ReasonOf(err); err == nil || r != RefChanged && r != NotFound {
			return c, err
		}
	}
	return m.search(ctx, hash)
}

func (m *Mirror) checkPrefix(hash string) error {
	if len(hash) < minAbbrev || len(hash) > 40 || strings.Trim(hash, "0123456789abcdef") != "" {
		return m.remote.errorf(InvalidOption, "`git log` prints them", "%q is not a commit hash of %d to 40 digits", oneLine(hash, 50), minAbbrev)
	}
	return nil
}

// parseHash takes a whole hash.
func (m *Mirror) parseHash(hash string) (plumbing.Hash, error) {
	if len(hash) != 40 || !plumbing.IsHash(hash) {
		return plumbing.ZeroHash, m.remote.errorf(InvalidOption, "give all 40 digits, as Head returns them", "%q is not a commit hash", oneLine(hash, 50))
	}
	return plumbing.NewHash(hash), nil
}

// known are the commits held, in memory or on disk.
func (m *Mirror) known() []plumbing.Hash {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []plumbing.Hash
	for _, c := range m.held {
		out = append(out, c.id)
	}
	if m.disk != nil {
		out = append(out, m.disk.kept()...)
	}
	return out
}

// one returns the only commit that starts with the digits, zero when none does, an Error when several do.
func (m *Mirror) one(prefix string, among []plumbing.Hash) (plumbing.Hash, error) {
	var found plumbing.Hash
	for _, h := range among {
		if !strings.HasPrefix(h.String(), prefix) || h == found {
			continue
		}
		if !found.IsZero() {
			return found, m.remote.errorf(InvalidOption, "give more digits", "%s is ambiguous: %s or %s", prefix, found, h)
		}
		found = h
	}
	return found, nil
}

// search looks through the history of the branch.
func (m *Mirror) search(ctx context.Context, prefix string) (*Commit, error) {
	tip, err := m.remote.head(ctx)
	if err != nil {
		return nil, err
	}
	past := newMemory(m.opts.Limits)
	if err := m.remote.history(ctx, tip, plumbing.ZeroHash, past); err != nil {
		return nil, err
	}
	commits := past.commits()
	h, err := m.one(prefix, commits)
	if err != nil {
		return nil, err
	}
	if h.IsZero() {
		return nil, m.remote.errorf(NotFound, "choose a commit that `git log "+m.opts.Ref+"` shows",
			"no commit %s among the %d of %s", prefix, len(commits), m.opts.Ref)
	}
	if c := m.lookup(h); c != nil {
		return c, nil
	}
	cut := func(w objectWriter) error { return copyCommit(past, h, w, nil, m.opts.Limits) }
	if c, err := m.store(h, cut); err == nil { // the history came with its files
		m.keep(c)
		return c, nil
	}
	c, err := m.obtain(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("commit %s is in the history of %s, but cannot be fetched: %w", h, m.opts.Ref, err)
	}
	return c, nil
}

// commits lists the commits in memory.
func (m *memory) commits() []plumbing.Hash {
	var out []plumbing.Hash
	for h, o := range m.byHash {
		if o.kind == plumbing.CommitObject {
			out = append(out, h)
		}
	}
	return out
}
