package simulate

import (
	"time"

	"majordomo.dev/jenkins/scale"
	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/trace"
)

// Schedule is a floor at set times.
type Schedule = scale.Schedule

// product lets the product's own policy decide, from what the product would know.
type product struct {
	spec  Spec
	rho   float64
	state scale.State
	ages  []time.Duration
	jobs  []scale.Job
	soon  []scale.Soon
}

// Decide asks the policy and does what it says, as the fleet does: agents that drain are taken back before others start, those whose
// container does not run yet go first.
func (d *product) Decide(p *engine.Pool) time.Duration {
	p.Expire(d.spec.StartupTimeout)
	decision, state := scale.Decide(d.state, d.input(p))
	d.state = state
	switch missing := decision.Agents - p.Supply(); {
	case missing > 0:
		missing -= p.Resume(missing)
		p.Start(missing)
	case missing < 0 && !decision.Hold:
		missing += p.Cancel(-missing)
		p.Stop(-missing)
	}
	if decision.Next.IsZero() {
		return engine.Never
	}
	return decision.Next.Sub(p.Trace().Start)
}

func (d *product) input(p *engine.Pool) scale.Input {
	start := p.Trace().Start
	d.ages = p.Ages(d.ages[:0])
	in := scale.Input{
		Now: start.Add(p.Now()), Queued: p.Queued(), Running: p.Running(), Idle: p.Idle(), Busy: p.Busy(), Starting: d.ages, Draining: p.Draining(),
		Started: p.Started(), Executors: d.spec.Executors, Min: d.spec.Min, Max: d.spec.Max, MaxStep: d.spec.MaxStep, Quota: -1,
		Priority: d.rho, Schedules: d.spec.Schedules,
	}
	if in.Queued > 0 {
		in.Oldest = start.Add(p.Oldest())
	}
	d.jobs = d.jobs[:0]
	for _, j := range p.Jobs() {
		d.jobs = append(d.jobs, scale.Job{Name: p.Trace().Jobs[j.Job], Ended: j.Ended, At: start.Add(j.At)})
	}
	d.soon = d.soon[:0]
	p.Announced(func(b trace.Build) {
		d.soon = append(d.soon, scale.Soon{At: start.Add(b.Submit), Builds: 1, Reason: "quiet period of " + p.Trace().Jobs[b.Job]})
	})
	in.Jobs, in.Soon = d.jobs, d.soon
	return in
}
