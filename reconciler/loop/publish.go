package loop

import (
	"context"
	"errors"
	"log/slog"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// publish writes what a visit found: on the board, into the Environment object if it says anything new, and as Events where something turned.
// It tells whether the object now says what is.
func (l *Loop) publish(ctx context.Context, e *environment, r *status.Report) bool {
	before := e.status
	next := status.Of(*r, before, r.Finished)
	ready, _ := next.Condition(status.Ready)
	defer func() {
		l.spent(ctx, "health", r.Finished, nil, slog.String("env", e.name), slog.String("ready", ready.Status), slog.String("reason", ready.Reason))
	}()
	l.show(e, next, r.NextRetry)
	l.report(e, r)
	if next.Same(before) || e.server == nil || e.inventory == nil {
		return true
	}
	e.server.Calm(ctx)
	if err := e.server.records.WriteStatus(ctx, e.name, next); err != nil {
		l.log.Warn("status not written", "env", e.name, "err", err)
		l.queue.AddRateLimited(e.name)
		return false
	}
	e.status = next
	for _, event := range status.Transitions(before, next) {
		if err := e.server.records.Event(ctx, e.name, event, r.Finished); err != nil {
			l.log.Debug("event not written", "env", e.name, "err", err)
		}
	}
	return true
}

// report logs what a visit did.
func (l *Loop) report(e *environment, r *status.Report) {
	log := l.log.With("env", e.name)
	trouble := errors.Join(r.Render, r.Cluster)
	if trouble != nil && text(trouble) != e.told {
		log.Warn("not synced", "commit", short(r.Attempted), "err", trouble)
	}
	e.told = text(trouble)
	for _, res := range r.Results {
		switch {
		case res.Err != nil:
			log.Warn("object failed", "object", res.Step.ID, "op", res.Step.Op, "err", res.Err)
		case res.Took != "unchanged":
			log.Info("written", "object", res.Step.ID, "op", res.Took, "reason", res.Step.Reason)
		}
	}
	if r.Plan != nil && r.Synced {
		log.Info("synced", "commit", short(r.Revision), "changed", len(r.Results), "failed", failures(r.Results), "took", r.Finished.Sub(r.Started))
	}
}

func short(hash string) string { return hash[:min(7, len(hash))] }

// count takes what a sync did into the counters and the memory of fights.
func (l *Loop) count(e *environment, r *status.Report, p plan.Plan, results []plan.Result) {
	if e.fights == nil {
		e.fights = fights{}
	}
	pruned := 0
	for _, res := range results {
		if res.Err == nil && res.Step.Drift {
			e.fights.note(res.Step, r.Started)
			l.board.Drifted(e.name, res.Step.ID.Kind)
		}
		if res.Took == cluster.Deleted || res.Took == cluster.Deleting {
			pruned++
		}
	}
	l.board.Pruned(e.name, pruned)
	if p.Hold != nil {
		l.board.Gated(e.name, "prune")
	}
	if r.Synced {
		result := status.ResultSynced
		switch {
		case failures(results) > 0:
			result = status.ResultFailed
		case p.Hold != nil:
			result = status.ResultHeld
		}
		l.board.Synced(e.name, result, r.Trigger)
	}
}
