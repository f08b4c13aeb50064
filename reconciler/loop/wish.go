package loop

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// pick returns the commit that the environment is to follow, and ends a rollback that is over.
func (l *Loop) pick(ctx context.Context, e *environment, rec cluster.Record) (*git.Commit, error) {
	commit, over, err := l.course(ctx, e, rec)
	if over {
		l.unpin(ctx, e)
	}
	return commit, err
}

// course returns the commit that an environment follows: the branch, unless a person rolled back from what its head wants. Once the head
// wants something else, the rollback is over.
func (l *Loop) course(ctx context.Context, e *environment, rec cluster.Record) (commit *git.Commit, over bool, err error) {
	head := l.held()
	if head == nil {
		return nil, false, l.sourceFault()
	}
	if rec.Pin == "" {
		return head, false, nil
	}
	rejected, err := l.rejected(ctx, e, rec, head)
	if err != nil {
		return head, false, nil //nolint:nilerr // the head is rendered again below, where its error is reported and the last good commit stays
	}
	if !rejected {
		return head, true, nil
	}
	pinned, err := l.source.Find(ctx, rec.Pin)
	if err != nil {
		return nil, false, fmt.Errorf("rolled back to %s: %w", rec.Pin, err)
	}
	l.commits.note(pinned)
	return pinned, false, nil
}

// rejected tells whether a person rejected the commit, or another one that wants the same of this environment: a commit that is about other
// environments does not end a rollback here.
func (l *Loop) rejected(ctx context.Context, e *environment, rec cluster.Record, head *git.Commit) (bool, error) {
	if slices.Contains(rec.Rejected, head.Hash) {
		return true, nil
	}
	w, err := l.look(ctx, e, head)
	return err == nil && slices.Contains(rec.Rejected, w.desired.Digest), err
}

// unpin ends a rollback. Where that cannot be written down, the next visit does so.
func (l *Loop) unpin(ctx context.Context, e *environment) {
	if _, err := e.server.records.Patch(ctx, e.name, map[string]any{"spec": map[string]any{"pin": nil}}); err != nil {
		l.log.Warn("end of rollback not written", "env", e.name, "err", err)
		return
	}
	l.log.Info("rollback is over", "env", e.name)
}

func (l *Loop) sourceFault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// want renders the commit. A commit that does not render leaves the last good one in force; after a restart that is the one that
// the environment's status names.
func (l *Loop) want(ctx context.Context, e *environment, commit *git.Commit) (*wish, error) {
	w, err := l.wish(ctx, e, commit)
	if err == nil {
		return w, nil
	}
	if good := e.lastGood(); good != nil {
		return good, err
	}
	if e.status.Revision == "" || e.status.Revision == commit.Hash {
		return nil, err
	}
	last, lost := l.source.Find(ctx, e.status.Revision)
	if lost != nil {
		return nil, fmt.Errorf("%w; and the last good commit cannot be read: %w", err, lost)
	}
	l.commits.note(last)
	good, broken := l.render(ctx, e, last)
	if broken != nil {
		return nil, err
	}
	e.mu.Lock()
	e.good = good
	e.mu.Unlock()
	return good, err
}

func (e *environment) lastGood() *wish {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.good
}

// wish returns what a commit wants of an environment, rendered at most once.
func (l *Loop) wish(ctx context.Context, e *environment, commit *git.Commit) (*wish, error) {
	e.mu.Lock()
	if e.tried == commit.Hash {
		defer e.mu.Unlock()
		if e.bad != nil {
			return nil, e.bad
		}
		return e.good, nil
	}
	e.mu.Unlock()
	w, err := l.look(ctx, e, commit)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tried, e.bad, e.seen = commit.Hash, err, glance{}
	if err == nil {
		e.good = w
	}
	return w, err
}

// look returns what a commit wants of an environment, and changes nothing of what the environment itself goes by: it may be another's, and
// the commit one that it never follows.
func (l *Loop) look(ctx context.Context, e *environment, commit *git.Commit) (*wish, error) {
	e.mu.Lock()
	tried, seen, bad, good := e.tried, e.seen, e.bad, e.good
	e.mu.Unlock()
	switch {
	case tried == commit.Hash && bad != nil:
		return nil, bad
	case tried == commit.Hash:
		return good, nil
	case seen.commit == commit.Hash:
		return seen.wish, seen.err
	}
	w, err := l.render(ctx, e, commit)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = glance{commit: commit.Hash, wish: w, err: err}
	return w, err
}

func (l *Loop) render(ctx context.Context, e *environment, commit *git.Commit) (*wish, error) {
	spec := e.config()
	started := l.opts.Now()
	result, err := l.renderer.Render(ctx, commit, spec.Path)
	l.board.Took(e.name, status.PhaseRender, l.opts.Now().Sub(started))
	l.spent(ctx, "render", started, err, slog.String("env", e.name), slog.String("commit", commit.Short()))
	if err != nil {
		return nil, err
	}
	desired := plan.Desire(plan.Environment{Name: e.name, Namespaces: spec.Namespaces, ClusterKinds: spec.ClusterKinds}, result.Objects)
	again := func(ctx context.Context) error { return l.renderer.Verify(ctx, commit, spec.Path, result) }
	return &wish{commit: commit.Hash, desired: desired, warnings: result.Warnings, again: again}, nil
}

// claims returns which of the ids other environments of the same cluster want by the commits that they follow, those environments, and why
// that is not known for all of them.
func (l *Loop) claims(ctx context.Context, e *environment, books *cluster.Records, ids []object.ID) (map[object.ID]string, []string, string) {
	claimed, unknown := map[object.ID]string{}, ""
	siblings := l.siblings(e)
	names := make([]string, 0, len(siblings))
	for _, s := range siblings {
		names = append(names, s.name)
		if len(ids) == 0 {
			continue
		}
		w, err := l.wanted(ctx, books, s)
		if err != nil {
			unknown = fmt.Sprintf("environment %s does not render at its commit, so what it takes over is unknown", s.name)
			continue
		}
		for _, id := range ids {
			if _, wanted := w.desired.Objects[id]; wanted {
				claimed[id] = s.name
			}
		}
	}
	return claimed, names, unknown
}

// wanted returns what a sibling wants by the commit that it follows.
func (l *Loop) wanted(ctx context.Context, books *cluster.Records, sibling *environment) (*wish, error) {
	rec, _ := books.Last(sibling.name) // without a record nobody has rolled it back
	commit, _, err := l.course(ctx, sibling, rec)
	if commit == nil {
		return nil, err
	}
	return l.look(ctx, sibling, commit)
}

// siblings returns the other environments of the same cluster.
func (l *Loop) siblings(e *environment) []*environment {
	where := e.config().Context
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*environment
	for name, s := range l.envs {
		if name != e.name && s.config().Context == where {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *environment) int { return slices.Compare([]string{a.name}, []string{b.name}) })
	return out
}
