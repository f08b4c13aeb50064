package fleet

import (
	"errors"
	"log/slog"
	"time"

	"majordomo.dev/jenkins/drain"
)

// Span is something that was done, and what was done for it.
type Span struct {
	Name       string
	Start, End time.Time
	Err        error // nil: it went well
	Facts      []slog.Attr
	Parts      []Span
}

// period is when something was under way.
type period struct{ began, ended time.Time }

// turned tells of a look at a Jenkins after which it counts as known, or no longer does.
func (m *master) turned() {
	if m.f.opts.Trace == nil {
		return
	}
	s := m.asked.span("snapshot", slog.String("env", m.key.environment), slog.String("jenkins", m.key.url))
	if m.fault != nil {
		s.Err = m.fault
	}
	m.f.opts.Trace(s)
}

func (p period) span(name string, facts ...slog.Attr) Span {
	return Span{Name: name, Start: p.began, End: p.ended, Facts: facts}
}

// spent notes a step of the plan that is over.
func (v *visit) spent(s drain.Step, began time.Time, err error) {
	if v.f.opts.Trace == nil {
		return
	}
	facts := []slog.Attr{slog.String("object", s.Agent)}
	if s.Op == drain.Scale {
		t := v.sight.Target
		facts = []slog.Attr{slog.String("object", t.Kind+"/"+t.Name), slog.Int("from", t.Replicas), slog.Int("to", s.Replicas)}
	}
	span := period{began, v.f.opts.Now()}.span(string(s.Op), append(facts, slog.String("reason", s.Reason))...)
	span.Err = err
	v.steps = append(v.steps, span)
}

// trace tells of a visit in which another number of agents is wanted than before, or anything was done. The others are the same every few seconds.
func (v *visit) trace() {
	news := v.t.shown.known && v.t.shown.status.Desired != v.decision.Agents
	if v.f.opts.Trace == nil || !news && len(v.steps) == 0 {
		return
	}
	supply, place := v.roster.Supply(), []slog.Attr{
		slog.String("env", v.site.environment), slog.String("namespace", v.ref.Namespace), slog.String("pool", v.ref.Name), slog.String("jenkins", v.world.key.url),
	}
	pass := period{v.now, v.f.opts.Now()}.span("pool", append(place,
		slog.Int("queued", v.need.Queued), slog.Int("from", supply.Idle+supply.Busy+len(supply.Starting)), slog.Int("to", v.decision.Agents),
		slog.String("reason", v.decision.Reason))...)
	if v.world.fresh {
		pass.Start = v.world.asked.began
		pass.Parts = append(pass.Parts, v.world.asked.span("snapshot", place...))
	}
	pass.Parts = append(pass.Parts, period{v.now, v.judged}.span("decide", place...))
	if len(v.steps) > 0 {
		act := period{v.judged, pass.End}.span("act", place...)
		act.Parts = v.steps
		for _, s := range v.steps {
			act.Err = errors.Join(act.Err, s.Err)
		}
		pass.Parts, pass.Err = append(pass.Parts, act), act.Err
	}
	v.f.opts.Trace(pass)
}
