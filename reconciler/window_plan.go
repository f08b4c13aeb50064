package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/web"
)

// Bounds of what is sent of one object or field, and how many lines are around a change.
const (
	planText  = 32 << 10
	planLines = 3
)

// plan is what a sync of an environment would do now, as majordomo diff shows it.
func (v *pane) plan(ctx context.Context, environment string) (web.Plan, error) {
	p, err := v.line.Preview(ctx, environment)
	if errors.Is(err, loop.ErrUnknown) {
		return web.Plan{}, fmt.Errorf("%w: %s", web.ErrNoEnvironment, environment)
	}
	if err != nil {
		return web.Plan{}, err
	}
	out := web.Plan{
		Environment: environment, At: v.now().UTC(), Commit: p.Commit, Steps: []web.PlanStep{},
		Line: preview{plan: p, at: p.Commit[:min(len(p.Commit), 7)]}.line(),
	}
	for _, s := range p.Steps {
		if s.Op != plan.Keep || s.Reason != unchanged {
			out.Steps = append(out.Steps, stepSeen(s))
		}
	}
	if p.Hold != nil {
		for _, id := range p.Hold.IDs {
			out.Steps = append(out.Steps, web.PlanStep{Op: string(plan.Keep), Object: id.String(), Reason: held})
		}
	}
	return out, nil
}

func stepSeen(s plan.Step) web.PlanStep {
	out := web.PlanStep{Op: string(s.Op), Object: oneLine(s.ID.String()), Reason: oneLine(s.Reason)}
	if s.Op == plan.Create {
		out.Text = bounded(whole(s))
	}
	for _, c := range s.Changes {
		f := web.PlanField{Path: oneLine(c.Path)}
		if from, to, are := texts(c); are {
			f.Text = bounded(unified(from, to, planLines))
		} else {
			f.From, f.To = valueSeen(c.From), valueSeen(c.To)
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// bounded is a text of several lines fit to be shown.
func bounded(text string) string {
	if text = safe(text); len(text) > planText {
		text = text[:planText] + "\n… and more"
	}
	return text
}

// valueSeen is a value as JSON, nil if there is none.
func valueSeen(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if v == nil || err != nil {
		return nil
	}
	if len(b) > planText {
		b, _ = json.Marshal(fmt.Sprintf("%d bytes, too long to show", len(b)))
	}
	return b
}
