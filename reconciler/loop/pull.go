package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/status"
)

// pull looks at the repository. Where the branch has moved, its new commit comes into force and every environment is visited; where it
// cannot be read, the last good commit stays in force.
func (l *Loop) pull(ctx context.Context) {
	l.pulling.Lock()
	defer l.pulling.Unlock()
	started, why := l.opts.Now(), status.Poll
	if l.woken.Swap(false) {
		why = status.Webhook
	}
	before, after, err := l.advance(ctx)
	result := "unchanged"
	switch {
	case err != nil:
		result = "failed"
	case before != after:
		result = "fetched"
	}
	l.board.Fetched(result, l.opts.Now().Sub(started))
	if result != "unchanged" {
		l.spent(ctx, "fetch", started, err, slog.String("ref", l.opts.Ref), slog.String("commit", short(after)), slog.String("outcome", result))
	}
	err = named(err)
	was := l.note(err)
	l.publishSource(after, err)
	if err != nil && text(err) != text(was) {
		l.log.Warn("repository not read", "err", err)
	}
	// A fault that came or went is news for every environment's status; an unchanged head is none.
	if before != after || (err == nil) != (was == nil) || text(err) != text(was) {
		l.visitAll(why)
	}
}

// publishSource puts the outcome of a look at the repository on the board.
func (l *Loop) publishSource(revision string, err error) {
	s := status.Source{URL: l.opts.URL, Ref: l.opts.Ref, Revision: revision, Error: text(err), LastSuccess: l.lastRead}
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		s.Refused = refused.commit
	}
	if err == nil {
		s.LastSuccess = l.opts.Now()
		l.lastRead = s.LastSuccess
	}
	l.board.Source(s)
}

// refusal is why a commit does not come into force, for any environment.
type refusal struct {
	commit string
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// named gives an error of the repository the reason under which conditions report it.
func named(err error) error {
	switch git.ReasonOf(err) {
	case git.AuthFailed, git.HostKey:
		return status.Because(status.AuthFailed, err)
	case git.NotFastForward:
		return status.Because(status.NotFastForward, err)
	}
	return err
}

// note keeps the outcome of a look at the repository and returns the one before.
func (l *Loop) note(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.fault
	l.fault, l.pulled = err, true
	return was
}

// advance brings the head of the branch into force, and returns the commits in force before and after.
func (l *Loop) advance(ctx context.Context) (before, after string, err error) {
	held := l.held()
	if held != nil {
		before = held.Hash
	}
	head, err := l.source.Head(ctx)
	switch {
	case err != nil && held == nil:
		return before, l.resume(ctx), err
	case err != nil || head == before:
		return before, before, err
	}
	commit, err := l.source.Fetch(ctx, head)
	if err == nil {
		if err = l.adopt(ctx, commit); err != nil {
			err = &refusal{commit: head, err: err}
		}
	}
	if err != nil {
		return before, before, err
	}
	l.log.Info("new commit", "commit", commit.Short(), "author", commit.Author, "subject", commit.Subject)
	return before, head, nil
}

// resume falls back, where the repository cannot be read at the start, on the last commit that was kept on disk.
func (l *Loop) resume(ctx context.Context) string {
	last := l.source.Last()
	if last == nil || l.adopt(ctx, last) != nil {
		return ""
	}
	return last.Hash
}

func (l *Loop) held() *git.Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commit
}

// adopt puts a commit into force: its fleet, then its environments. A commit whose fleet cannot be read changes nothing.
func (l *Loop) adopt(_ context.Context, commit *git.Commit) error {
	data, err := fs.ReadFile(commit.FS(), l.opts.FleetFile)
	if err != nil {
		return fmt.Errorf("commit %s: read %s: %w", commit.Short(), l.opts.FleetFile, err)
	}
	fleet, err := config.ParseFleet(l.opts.FleetFile, data)
	if err != nil {
		return fmt.Errorf("commit %s: %w", commit.Short(), err)
	}
	l.commits.note(commit)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commit, l.fleet = commit, fleet
	for name, e := range l.envs {
		if !slices.ContainsFunc(fleet.Environments, func(f config.Environment) bool { return f.Name == name }) {
			l.dismiss(name, e)
		}
	}
	for _, f := range fleet.Environments {
		if e := l.envs[f.Name]; e == nil {
			l.envs[f.Name] = &environment{name: f.Name, spec: f}
		} else {
			e.configure(f)
		}
	}
	return nil
}

// dismiss lets an environment go that the fleet no longer names. Its objects stay as they are: to remove them is a person's decision.
func (l *Loop) dismiss(name string, e *environment) {
	l.log.Warn("environment left the fleet, its objects stay", "env", name)
	e.leave()
	delete(l.envs, name)
	l.queue.Forget(name)
	l.board.Delete(name)
}

// visitAll adds every environment to the queue.
func (l *Loop) visitAll(why status.Trigger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, e := range l.envs {
		e.trigger(why)
		l.queue.Add(name)
	}
}

// Visit adds one environment to the queue.
func (l *Loop) Visit(name string, why status.Trigger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.envs[name]; e != nil {
		e.trigger(why)
		l.queue.Add(name)
	}
}
