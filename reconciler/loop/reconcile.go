package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// visit brings one environment to its commit and says how that went. It re-reads all it depends on, so an event that was lost, doubled or
// late makes no difference.
func (l *Loop) visit(ctx context.Context, e *environment) {
	r := status.Report{Name: e.name, Trigger: e.triggers(), Started: l.opts.Now(), Patience: l.opts.Patience}
	if !e.visited.Load() {
		l.show(e, e.status, time.Time{}) // opens its counters
	}
	r.Revision, r.Digest = e.status.Revision, e.status.Digest
	ctx = l.begin(ctx)
	next := l.line(ctx, e, &r)
	if ctx.Err() != nil || e.left() {
		return // stopping, or no longer of the fleet: whatever is half done is found by the next start
	}
	r.Finished = l.opts.Now()
	r.Inventory, r.Fights = e.inventory, e.fights.list(r.Finished)
	e.note(e.inventory)
	failed := r.Cluster != nil || failures(r.Results) > 0 || passing(r.Plan)
	if failed {
		r.NextRetry = r.Finished.Add(l.opts.Retry.orDefault().after(l.queue.NumRequeues(e.name), 1))
		l.queue.AddRateLimited(e.name)
	} else {
		l.queue.Forget(e.name)
	}
	if l.publish(ctx, e, &r) {
		l.answer(ctx, e)
	}
	l.tell(ctx, &r)
	e.visited.Store(true)
	for _, at := range []time.Time{next, e.status.Due(r.Finished, r.Patience), e.fights.end(r.Finished)} {
		if !at.IsZero() {
			l.queue.AddAfter(e.name, at.Sub(l.opts.Now())) // the queue keeps the earliest
		}
	}
}

// line is the environment line: books, commit, objects, cluster, plan, apply. It fills the report as far as it comes, and returns when the
// environment wants to be visited again by itself.
func (l *Loop) line(ctx context.Context, e *environment, r *status.Report) (next time.Time) {
	r.Source = l.sourceFault()
	if r.Cluster = l.open(ctx, e); r.Cluster != nil {
		return next
	}
	rec, err := l.book(ctx, e)
	if r.Cluster = err; err != nil {
		return next
	}
	r.Revision, r.Digest = e.status.Revision, e.status.Digest // in force until another one is
	if e.asked = unanswered(rec); e.asked != "" {
		l.pull(ctx) // who asks for a sync has just pushed
		r.Source = l.sourceFault()
	}
	r.Generation, r.Suspended, r.SuspendReason = generation(rec), rec.Suspended, rec.Reason
	if rec.Suspended {
		return next
	}
	commit, err := l.pick(ctx, e, rec)
	if commit == nil {
		r.Source = errors.Join(r.Source, err)
		return l.opts.Now().Add(l.opts.Poll)
	}
	e.look = status.Look{Seen: commit.Hash, Followed: commit.Hash}
	if rec.Pin != "" {
		e.look.Seen = l.held().Hash
	}
	want, err := l.want(ctx, e, commit)
	r.Attempted, r.Render = commit.Hash, err
	if want == nil {
		return next
	}
	return l.sync(ctx, e, r, rec, want)
}

// sync is the second half of the line, from what Git wants to what the cluster has.
func (l *Loop) sync(ctx context.Context, e *environment, r *status.Report, rec cluster.Record, want *wish) (next time.Time) {
	world, err := e.client.Observe(ctx, want.desired, e.inventory, cluster.Cheap)
	if r.Cluster = err; err != nil {
		return next
	}
	r.Digest, r.Revision = want.desired.Digest, want.commit
	if r.Render == nil && e.status.Digest == r.Digest && e.status.Revision != "" {
		r.Revision, r.Attempted = e.status.Revision, e.status.Revision // a commit that changes nothing here is no news here
	}
	p := l.plan(ctx, e, rec, want, world)
	p.Commit = r.Revision
	next = e.fights.hold(&p, r.Started)
	if p.Count(plan.Prune) > 0 {
		if err := want.again(ctx); err != nil {
			p.Withhold("no longer in Git, kept: " + err.Error())
		}
	}
	results, err := l.apply(ctx, e, &p)
	if r.Cluster = err; err != nil {
		r.Revision, r.Digest = e.status.Revision, e.status.Digest
		return next
	}
	e.settle(p, results, world, want)
	if rec.Approved != "" && p.Hold == nil && !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Op == plan.Prune || s.Left && s.Passing }) {
		l.spend(ctx, e)
	}
	r.Plan, r.Results, r.Live = &p, results, e.live(world, results)
	r.Synced = p.Changes() || failures(results) > 0 || e.status.Digest != r.Digest
	l.count(e, r, p, results)
	return next
}

// plan computes the plan, with the wishes of the other environments where an object may be on its way from one to another.
func (l *Loop) plan(ctx context.Context, e *environment, rec cluster.Record, want *wish, world plan.World) plan.Plan {
	started := l.opts.Now()
	spec := e.config()
	claims, siblings, unknown := l.claims(ctx, e, e.server.records, disputed(e.name, e.inventory, want.desired, world))
	p := plan.Compute(plan.Input{
		Desired: want.desired, Commit: want.commit, World: world, Inventory: e.inventory,
		Gate:   plan.Gate{MaxObjects: spec.Prune.MaxObjects, MaxPercent: spec.Prune.MaxPercent},
		Claims: claims, ClaimsUnknown: unknown, Siblings: siblings, Approved: rec.Approved, Namespace: l.opts.Namespace,
	})
	l.board.Took(e.name, status.PhasePlan, l.opts.Now().Sub(started))
	l.spent(ctx, "plan", started, nil, slog.String("env", e.name), slog.Int("steps", len(p.Steps)))
	return p
}

// disputed returns the objects that may be another environment's: those that Git no longer wants here, and those that carry another's mark.
func disputed(env string, inventory plan.Inventory, want plan.Desired, world plan.World) []object.ID {
	var ids []object.ID
	for id := range inventory {
		if _, wanted := want.Objects[id]; !wanted {
			ids = append(ids, id)
		}
	}
	for id := range want.Objects {
		if live := world.Objects[id].Live; live != nil && live.Annotation(object.Environment) != env {
			ids = append(ids, id)
		}
	}
	return ids
}

// apply carries the plan out: the inventory first, then what is created and changed, and only if all of that went well what is pruned.
func (l *Loop) apply(ctx context.Context, e *environment, p *plan.Plan) ([]plan.Result, error) {
	writes, prunes := p.Only(plan.Create, plan.Update), p.Only(plan.Prune)
	if err := l.ahead(ctx, e, writes); err != nil {
		return nil, err
	}
	started := l.opts.Now()
	results := e.client.Apply(ctx, writes)
	if len(writes) > 0 {
		l.board.Took(e.name, status.PhaseApply, l.opts.Now().Sub(started))
		l.spent(ctx, "apply", started, failed(failures(results)), slog.String("env", e.name), slog.Int("objects", len(results)))
	}
	if bad := failures(results) + p.Count(plan.Refuse); bad > 0 && len(prunes) > 0 {
		p.Withhold(fmt.Sprintf("no longer in Git, kept until the %d objects that failed or were refused are right", bad))
		return results, nil
	}
	if ctx.Err() != nil {
		return results, context.Cause(ctx)
	}
	started = l.opts.Now()
	pruned := e.client.Prune(ctx, prunes)
	if len(prunes) > 0 {
		l.board.Took(e.name, status.PhasePrune, l.opts.Now().Sub(started))
		l.spent(ctx, "prune", started, failed(failures(pruned)), slog.String("env", e.name), slog.Int("objects", len(pruned)))
	}
	return append(results, pruned...), nil
}

func failures(results []plan.Result) int {
	n := 0
	for _, r := range results {
		if r.Err != nil {
			n++
		}
	}
	return n
}

// passing tells whether the plan refuses anything for a reason that may pass by itself.
func passing(p *plan.Plan) bool {
	return p != nil && slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Passing })
}

func generation(rec cluster.Record) int64 {
	n, _ := rec.Object.Metadata()["generation"].(int64)
	return n
}
