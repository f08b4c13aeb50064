package loop

import (
	"context"

	"majordomo.dev/reconciler/cluster"
)

// unanswered returns what a person asks for who waits for a sync, "" if nobody does.
func unanswered(rec cluster.Record) string {
	if rec.Asked == rec.Answered {
		return ""
	}
	return rec.Asked
}

// answer tells whoever waits for this visit that it is done. How it went is in the status, which is written before.
func (l *Loop) answer(ctx context.Context, e *environment) {
	if e.asked == "" || e.server == nil {
		return
	}
	fields := map[string]any{"metadata": map[string]any{"annotations": map[string]any{cluster.SyncedAnnotation: e.asked}}}
	if _, err := e.server.records.Patch(ctx, e.name, fields); err != nil {
		l.log.Warn("sync not answered", "env", e.name, "err", err)
		l.queue.AddRateLimited(e.name)
		return
	}
	e.asked = ""
}

// spend takes an approval away once nothing is left that it could be for: the same objects may come and go again, and be held again.
func (l *Loop) spend(ctx context.Context, e *environment) {
	fields := map[string]any{"metadata": map[string]any{"annotations": map[string]any{cluster.ApproveAnnotation: nil}}}
	if _, err := e.server.records.Patch(ctx, e.name, fields); err != nil {
		l.log.Warn("approval not taken away", "env", e.name, "err", err)
	}
}
