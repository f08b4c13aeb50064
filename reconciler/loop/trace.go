package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/telemetry"
)

// pass gathers what is done in one visit. It belongs to the goroutine that visits.
type pass struct{ parts []telemetry.Span }

type passKey struct{}

// begin makes what is done from here on part of a pass, if anybody is told of it.
func (l *Loop) begin(ctx context.Context) context.Context {
	if l.opts.Trace == nil {
		return ctx
	}
	return context.WithValue(ctx, passKey{}, &pass{})
}

// spent notes that something is over: as a part of the pass that is under way, or by itself. It costs nothing while nobody is told.
func (l *Loop) spent(ctx context.Context, name string, started time.Time, err error, facts ...slog.Attr) {
	if l.opts.Trace == nil {
		return
	}
	s := telemetry.Span{Name: name, Start: started, End: l.opts.Now(), Err: err, Facts: slices.Clone(facts)}
	if p, under := ctx.Value(passKey{}).(*pass); under {
		p.parts = append(p.parts, s)
		return
	}
	l.opts.Trace(s)
}

// tell ends the pass that visited an environment.
func (l *Loop) tell(ctx context.Context, r *status.Report) {
	p, under := ctx.Value(passKey{}).(*pass)
	if !under {
		return
	}
	facts := []slog.Attr{
		slog.String("env", r.Name), slog.String("trigger", string(r.Trigger)), slog.String("commit", short(r.Attempted)), slog.String("outcome", outcome(r)),
	}
	if r.Plan != nil {
		facts = append(facts, counts(r.Plan)...)
	}
	l.opts.Trace(telemetry.Span{Name: "environment", Start: r.Started, End: l.opts.Now(), Err: trouble(r), Facts: facts, Parts: p.parts})
}

// trouble is all that went wrong in a visit, nil if nothing did.
func trouble(r *status.Report) error {
	err := errors.Join(r.Source, r.Render, r.Cluster)
	if n := failures(r.Results); n > 0 {
		err = errors.Join(err, failed(n))
	}
	return err
}

// failed is that so many objects could not be written or deleted, nil for none.
func failed(objects int) error {
	if objects == 0 {
		return nil
	}
	return fmt.Errorf("%d objects failed", objects)
}

// outcome is what came of a visit, in a word.
func outcome(r *status.Report) string {
	switch {
	case r.Suspended:
		return "suspended"
	case r.Plan == nil, r.Cluster != nil, r.Render != nil, failures(r.Results) > 0:
		return status.ResultFailed
	case r.Plan.Hold != nil:
		return status.ResultHeld
	case r.Synced:
		return status.ResultSynced
	}
	return "unchanged"
}

// counts are how many objects a plan is about, by what is to become of them.
func counts(p *plan.Plan) []slog.Attr {
	var facts []slog.Attr
	for _, op := range []plan.Op{plan.Create, plan.Update, plan.Keep, plan.Prune, plan.Refuse} {
		facts = append(facts, slog.Int(string(op), p.Count(op)))
	}
	return facts
}
