// Package simulate plays the policy of the product, and those of others, against a trace of builds, and compares what they cost.
package simulate

import (
	"fmt"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/trace"
)

// Options are what all policies of a comparison have in common.
type Options struct {
	Seeds    []uint64 // each is one run; the figures are means over them. {1} if empty
	Startup  engine.Startup
	Register time.Duration
	Drain    time.Duration
	Part     float64
	Poll     time.Duration
	Polled   bool      // builds are seen at polls only; otherwise every event is
	Rhos     []float64 // priorities at which costs are weighed
	Samples  int       // of the course over time
}

// Defaults are the world of the figures in docs/simulate.md.
func Defaults() Options {
	return Options{
		Seeds: []uint64{1}, Startup: engine.Startup{Median: 45 * time.Second, P95: 120 * time.Second}, Register: 10 * time.Second,
		Drain: 10 * time.Second, Part: 0.1, Poll: 5 * time.Second, Rhos: []float64{10, 50},
	}
}

// Row is what one policy came to.
type Row struct {
	Policy   string
	Mean     time.Duration // wait
	P50      time.Duration
	P95      time.Duration
	P99      time.Duration
	Max      time.Duration
	Agents   float64   // agent-hours
	Idle     float64   // part of them, without a build
	Ratio    float64   // agent-hours over Bound.Instant
	Weighted []float64 // per rho: agent-seconds + rho x wait-seconds, over Bound.Weighted
	Starts   float64
	Killed   float64
	Course   []engine.Sample // of the first seed
}

// policy is a policy by name, with what it needs of the world.
type policy struct {
	name  string
	adapt func(*engine.Options)
	make  func() engine.Policy
}

// Ours runs the product's policy.
func Ours(t *trace.Trace, b *Bound, o Options, name string, s Spec) (Row, error) {
	if s.StartupTimeout <= 0 {
		s.StartupTimeout = 10 * time.Minute
	}
	return run(t, b, o, policy{name: name, adapt: func(e *engine.Options) { e.Initial, e.Executors = s.Min, s.Executors }, make: func() engine.Policy { return &product{spec: s} }})
}

func run(t *trace.Trace, b *Bound, o Options, p policy) (Row, error) {
	row := Row{Policy: p.name, Weighted: make([]float64, len(o.Rhos))}
	part := 1 / float64(len(o.Seeds))
	mean := func(d time.Duration) time.Duration { return time.Duration(float64(d) * part) }
	for i, seed := range o.Seeds {
		e := engine.Options{
			Seed: seed, Startup: o.Startup, Executors: 1, Register: o.Register, Drain: o.Drain, Part: o.Part, Poll: o.Poll, Events: !o.Polled,
		}
		if i == 0 {
			e.Samples = o.Samples
		}
		p.adapt(&e)
		r, err := engine.Run(t, e, p.make())
		if err != nil {
			return row, fmt.Errorf("%s: %w", p.name, err)
		}
		row.Mean, row.P50, row.P95, row.P99 = row.Mean+mean(r.Mean), row.P50+mean(r.P50), row.P95+mean(r.P95), row.P99+mean(r.P99)
		row.Max = max(row.Max, r.Max)
		row.Agents += r.Paid / 3600 * part
		row.Idle += r.Idle / 3600 * part
		row.Ratio += r.Paid / b.Instant * part
		row.Starts += float64(r.Starts) * part
		row.Killed += float64(r.Killed) * part
		for k, rho := range o.Rhos {
			row.Weighted[k] += (r.Paid + rho*r.Waited) / b.Weighted(rho) * part
		}
		if i == 0 {
			row.Course = r.Course
		}
	}
	return row, nil
}
