package git

import (
	"context"
	"errors"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// base is the commit in force: the last good one, or the one known from elsewhere.
func (m *Mirror) base() plumbing.Hash {
	if c := m.Last(); c != nil {
		return c.id
	}
	return plumbing.NewHash(m.opts.After)
}

// allowed refuses a commit that does not descend from the one in force, if the policy says so.
func (m *Mirror) allowed(ctx context.Context, h plumbing.Hash) error {
	old := m.base()
	if m.opts.ForcePush != Refuse || old.IsZero() || old == h {
		return nil
	}
	if strings.HasPrefix(m.opts.Ref, "refs/tags/") {
		return m.remote.errorf(RefChanged, "make a new tag; to accept this once, set forcePush to allow", "the tag %s moved from %s to %s", m.opts.Ref, old, h)
	}
	past := newMemory(m.opts.Limits)
	err := m.remote.history(ctx, h, old, past)
	if r := ReasonOf(err); r == PackTooLarge || r == TooManyFiles {
		return m.notForward(old, h, err)
	}
	if err != nil {
		return err
	}
	if !descends(past, h, old) {
		return m.notForward(old, h, errors.New("its history does not contain that commit"))
	}
	return nil
}

func (m *Mirror) notForward(old, h plumbing.Hash, why error) error {
	return m.remote.errorf(NotFastForward,
		"if the force-push was meant, set forcePush to allow, or push a commit that contains the old one; the last good commit stays in force",
		"%s moved to %s, which does not follow %s: %w", m.opts.Ref, h, old, why)
}

// descends says whether the commits lead from h back to old.
func descends(commits *memory, h, old plumbing.Hash) bool {
	seen := map[plumbing.Hash]bool{}
	for queue := []plumbing.Hash{h}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == old {
			return true
		}
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		if o, ok := commits.byHash[queue[0]]; ok && o.kind == plumbing.CommitObject {
			queue = append(queue, parents(o.content)...)
		}
	}
	return false
}
