// Package git serves one commit at a time of a Git repository as a read-only file system, without a work tree, a
// checkout or a git process.
//
// A Mirror asks a remote where its branch or tag is (Head: one request), and fetches exactly that commit
// (Fetch: depth one, no tags) into fresh storage, on disk or in memory. Every byte from the remote passes the
// limits; every object is hashed before it is believed. What render must never read (submodules, LFS pointers,
// symbolic links that leave the tree, oversized files) is an Error at the path that holds it, not a reason to
// refuse the rest of the repository.
package git

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// Mirror is the local image of one branch or tag of one repository. It is safe for concurrent use.
type Mirror struct {
	opts   Options
	addr   address
	remote remote
	disk   *disk // nil: in memory

	fetching chan struct{} // holds one token: one fetch at a time

	mu   sync.Mutex
	held []*Commit // newest last
	last *Commit
}

// remote is where commits come from: http(s), ssh or a local path.
type remote interface {
	// head says where the ref is and what the remote can do.
	head(ctx context.Context) (plumbing.Hash, error)
	// fetch copies the commit's objects into w, all but what have, if not nil, holds already.
	fetch(ctx context.Context, commit plumbing.Hash, have *Commit, w objectWriter) error
	// history copies the commits that tip has and old has not into w; all of them when old is zero.
	history(ctx context.Context, tip, old plumbing.Hash, w objectWriter) error
	// errorf is an Error about this remote.
	errorf(r Reason, hint, format string, args ...any) *Error
	close()
}

// New returns a Mirror, or every problem of the options. It contacts nobody. With Options.Dir it removes what a
// killed process left there and takes up the commits it kept.
func New(o Options) (*Mirror, error) {
	o = o.withDefaults()
	addr, errs := o.validate()
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	m := &Mirror{opts: o, addr: addr, fetching: make(chan struct{}, 1)}
	r, err := newRemote(addr, o)
	if err != nil {
		return nil, err
	}
	m.remote = r
	if o.Dir == "" {
		return m, nil
	}
	if m.disk, err = openDisk(o.Dir, addr.redacted+" "+o.Ref, o.Limits); err != nil {
		return nil, err
	}
	m.last = m.disk.lastGood()
	return m, nil
}

// Close ends idle connections and lets another process use Options.Dir. Commits already handed out stay readable.
func (m *Mirror) Close() error {
	m.remote.close()
	if m.disk == nil {
		return nil
	}
	return m.disk.close()
}

// Head returns the commit that the branch or tag names now. It costs one request and changes nothing.
func (m *Mirror) Head(ctx context.Context) (string, error) {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	h, err := m.remote.head(ctx)
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

// Last returns the newest commit that a Fetch brought in whole: what stays in force while fetching fails. It is
// nil before the first one; with Options.Dir it survives a restart.
func (m *Mirror) Last() *Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// Fetch returns that commit, from what is held or from the remote, and makes it the last good one. On any error
// the last good commit stays what it was.
func (m *Mirror) Fetch(ctx context.Context, hash string) (*Commit, error) {
	h, err := m.parseHash(hash)
	if err != nil {
		return nil, err
	}
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := m.allowed(ctx, h); err != nil {
		return nil, err
	}
	c, err := m.obtain(ctx, h)
	if err != nil {
		return nil, err
	}
	if err := m.accept(c); err != nil {
		return nil, err
	}
	return c, nil
}

// begin bounds a call by the overall timeout and waits until no other fetch runs; end lets the next one start.
func (m *Mirror) begin(ctx context.Context) (bounded context.Context, end func(), err error) {
	ctx, cancel := m.limit(ctx)
	select {
	case m.fetching <- struct{}{}:
		return ctx, func() { <-m.fetching; cancel() }, nil
	case <-ctx.Done():
		defer cancel()
		return nil, nil, m.remote.errorf(ended(ctx), "try again", "another fetch did not finish: %w", context.Cause(ctx))
	}
}

// obtain returns the commit from what is held, else from the remote.
func (m *Mirror) obtain(ctx context.Context, h plumbing.Hash) (*Commit, error) {
	if c := m.lookup(h); c != nil {
		return c, nil
	}
	c, err := m.download(ctx, h)
	if err != nil {
		return nil, err
	}
	m.keep(c)
	return c, nil
}

// download brings the commit into fresh storage and verifies it. What the newest held commit shares with it is not
// sent again; should the two not fit together, all of it is.
func (m *Mirror) download(ctx context.Context, h plumbing.Hash) (*Commit, error) {
	have := m.newest()
	c, err := m.bring(ctx, h, have)
	if have != nil && ReasonOf(err) == Corrupt && ctx.Err() == nil {
		return m.bring(ctx, h, nil)
	}
	return c, err
}

func (m *Mirror) bring(ctx context.Context, h plumbing.Hash, have *Commit) (*Commit, error) {
	return m.store(h, func(w objectWriter) error { return m.remote.fetch(ctx, h, have, w) })
}

// store lets fill write a commit's objects into fresh storage and verifies them.
func (m *Mirror) store(h plumbing.Hash, fill func(objectWriter) error) (*Commit, error) {
	if m.disk != nil {
		return m.disk.add(h, fill, m.verify)
	}
	w := newMemory(m.opts.Limits)
	if err := fill(w); err != nil {
		return nil, err
	}
	return m.verify(w, h)
}

// verify reads the commit and flattens its tree, which proves that every object it needs is there.
func (m *Mirror) verify(s objects, h plumbing.Hash) (*Commit, error) {
	c, err := readCommit(s, h, m.opts.Limits)
	if err != nil {
		return nil, m.addr.about(err)
	}
	return c, nil
}

// lookup returns a held commit, or nil. A copy that turned out damaged is discarded.
func (m *Mirror) lookup(h plumbing.Hash) *Commit {
	m.mu.Lock()
	i := slices.IndexFunc(m.held, func(c *Commit) bool { return c.id == h })
	var c *Commit
	if i >= 0 {
		c = m.held[i]
		m.held = slices.Delete(m.held, i, i+1)
	}
	m.mu.Unlock()
	if m.disk != nil && (c == nil || c.damaged()) {
		c = m.disk.open(h)
	}
	if c != nil {
		m.keep(c)
	}
	return c
}

// newest is the commit used last, or nil: most of the next one's objects are in it.
func (m *Mirror) newest() *Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.held) == 0 {
		return nil
	}
	return m.held[len(m.held)-1]
}

// keep remembers the commit and forgets the one used longest ago.
func (m *Mirror) keep(c *Commit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = append(m.held, c)
	if over := len(m.held) - heldCommits; over > 0 {
		m.held = slices.Delete(m.held, 0, over)
	}
}

// accept makes the commit the last good one.
func (m *Mirror) accept(c *Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last != nil && m.last.id == c.id {
		return nil
	}
	if m.disk != nil {
		if err := m.disk.remember(c.id); err != nil {
			return err
		}
	}
	m.last = c
	return nil
}
