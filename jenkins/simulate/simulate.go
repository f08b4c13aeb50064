// Package simulate plays the policy of the product, and those of others, against a trace of builds, and compares what they cost.
package simulate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/peer"
	"majordomo.dev/jenkins/simulate/trace"
)

// Options are the world that all policies of a comparison share, and what is compared.
type Options struct {
	Spec    Spec
	Startup engine.Startup
	Seeds   []uint64 // each is one run; the figures are means over them
	// Rhos are what a second of a build's waiting is worth, in agent-seconds: the product's policy runs with each as its priority, and all
	// policies are weighed by each.
	Rhos    []float64
	Peers   bool          // run the policies of others, too
	Poll    time.Duration // between two looks of the product's policy
	Polled  bool          // it sees builds at its polls only; otherwise whenever something happens
	Samples int           // of the course over time, about so many; 0 for none
}

// Spec is the part of an AgentPool that its policy looks at.
type Spec struct {
	Executors      int // per agent
	Min, Max       int
	MaxStep        int
	Schedules      []Schedule
	StartupTimeout time.Duration
}

// Defaults are the world of the figures in docs/simulate.md.
func Defaults() Options {
	return Options{
		Spec:    Spec{Executors: 1, Max: 100_000, StartupTimeout: 10 * time.Minute},
		Startup: engine.Startup{Median: 45 * time.Second, P95: 120 * time.Second},
		Seeds:   []uint64{1}, Rhos: []float64{3, 10, 50}, Poll: 5 * time.Second,
	}
}

// Kind is whose policy it is.
type Kind string

// The kinds.
const (
	Ours      Kind = "majordomo"
	Product   Kind = "product"   // of others
	Yardstick Kind = "yardstick" // a simple rule
)

// Row is what one policy came to.
type Row struct {
	Policy    string
	Kind      Kind
	Rule      string  // how it decides, one sentence
	Rho       float64 // priority that the product's policy ran with
	Mean      time.Duration
	P50       time.Duration
	P95       time.Duration
	P99       time.Duration
	Max       time.Duration // longest wait of all runs
	Hours     float64       // agent-hours
	IdleHours float64       // part of them, without a build
	Ratio     float64       // agent-hours over those of the clairvoyant without wait
	// Weighted is, for each of Options.Rhos, agent-seconds + rho x wait-seconds over the lower bound of that sum.
	Weighted []float64
	Starts   float64         // of agents
	Killed   float64         // builds that lost their agent, and ran again
	Peak     int             // agents at most
	Course   []engine.Sample // of the first run
}

// Comparison is what all policies came to on one trace.
type Comparison struct {
	Demand trace.Demand
	Rhos   []float64
	Hours  float64 // agent-hours of the clairvoyant without wait
	Rows   []Row   // the product's policy first, then products, then yardsticks
}

// Chosen returns the rows that are most worth a look: the product's policy at the priority, or the nearest there is, the two products that cost
// least by it, and what Jenkins does by itself.
func (c *Comparison) Chosen(rho float64) []Row {
	far := func(v float64) float64 { return math.Abs(math.Log(v / rho)) }
	at := 0
	for i, r := range c.Rhos {
		if far(r) < far(c.Rhos[at]) {
			at = i
		}
	}
	var ours, jenkins, products []Row
	for _, r := range c.Rows {
		switch {
		case r.Kind == Ours && r.Rho == c.Rhos[at]:
			ours = append(ours, r)
		case r.Policy == peer.Jenkins:
			jenkins = append(jenkins, r)
		case r.Kind == Product:
			products = append(products, r)
		}
	}
	slices.SortStableFunc(products, func(a, b Row) int { return cmp.Compare(a.Weighted[at], b.Weighted[at]) })
	return slices.Concat(ours, products[:min(2, len(products))], jenkins)
}

// Compare runs the product's policy with each priority, and with Peers those of others, on the same trace with the same seeds.
func Compare(ctx context.Context, t *trace.Trace, o Options) (*Comparison, error) {
	if err := o.validate(t); err != nil {
		return nil, err
	}
	c := &comparing{ctx: ctx, trace: t, o: o}
	bounds := newBound(t, o.Startup.Mean(), o.Spec.Executors)
	c.instant = bounds.instant
	for _, rho := range o.Rhos {
		c.weighted = append(c.weighted, bounds.weighted(rho))
	}
	out := &Comparison{Demand: t.Demand(), Rhos: o.Rhos, Hours: c.instant / 3600}
	for _, rho := range o.Rhos {
		row := Row{Policy: fmt.Sprintf("majordomo, rho %g", rho), Kind: Ours, Rho: rho, Rule: "the policy of this program"}
		if err := c.run(&row, c.world(true), func() engine.Policy { return &product{spec: o.Spec, rho: rho} }); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, row)
	}
	if !o.Peers {
		return out, nil
	}
	for _, one := range peer.All(out.Demand, o.Spec.Executors, o.Spec.Max) {
		row := Row{Policy: one.Name, Kind: Product, Rule: one.Rule}
		if one.Yardstick {
			row.Kind = Yardstick
		}
		e := c.world(false)
		one.World(&e)
		if err := c.run(&row, e, one.New); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, row)
	}
	slices.SortStableFunc(out.Rows[len(o.Rhos):], func(a, b Row) int { return yardstick(a) - yardstick(b) })
	return out, nil
}

func yardstick(r Row) int {
	if r.Kind == Yardstick {
		return 1
	}
	return 0
}

func (o Options) validate(t *trace.Trace) error {
	switch {
	case len(t.Builds) == 0:
		return fmt.Errorf("the trace has no builds")
	case o.Spec.Executors < 1 || o.Spec.Max < 1 || o.Spec.Min < 0 || o.Spec.Min > o.Spec.Max:
		return fmt.Errorf("%d executors, min %d, max %d; want executors and max above 0, and min from 0 to max", o.Spec.Executors, o.Spec.Min, o.Spec.Max)
	case len(o.Seeds) == 0 || len(o.Rhos) == 0:
		return fmt.Errorf("%d seeds and %d priorities; want one of each at least", len(o.Seeds), len(o.Rhos))
	}
	for _, rho := range o.Rhos {
		if !(rho >= 1 && rho <= 1_000_000) {
			return fmt.Errorf("rho %g; want a number from 1 to 1000000: a second of a build's waiting is worth at least one of an agent's", rho)
		}
	}
	return nil
}

// How the fleet drains an idle agent: it is parked and looked at twice, a tenth of the agents at a time.
const (
	register  = 10 * time.Second // from the start of the container to the registration
	drainTime = 10 * time.Second
	drainPart = 0.1
)

// comparing runs policies in the same world.
type comparing struct {
	ctx   context.Context
	trace *trace.Trace
	o     Options

	instant  float64   // agent-seconds of the clairvoyant without wait
	weighted []float64 // lower bounds for each of o.Rhos
}

// world returns the world of the product's policy or, with nothing between its decision and the end of an agent, of others.
func (c *comparing) world(ours bool) engine.Options {
	e := engine.Options{
		Startup: c.o.Startup, Executors: c.o.Spec.Executors, Min: c.o.Spec.Min, Max: c.o.Spec.Max, Initial: c.o.Spec.Min,
		Register: register, Poll: c.o.Poll, Events: true, Samples: c.o.Samples,
	}
	if ours {
		e.Drain, e.Part, e.Events = drainTime, drainPart, !c.o.Polled
	}
	return e
}

// run adds the means over all seeds to a row.
func (c *comparing) run(row *Row, world engine.Options, policy func() engine.Policy) error {
	row.Weighted = make([]float64, len(c.o.Rhos))
	part := 1 / float64(len(c.o.Seeds))
	for i, seed := range c.o.Seeds {
		world.Seed = seed
		r, err := engine.Run(c.ctx, c.trace, world, policy())
		if err != nil {
			return fmt.Errorf("%s: %w", row.Policy, err)
		}
		row.add(r, part, c.instant)
		for k, rho := range c.o.Rhos {
			row.Weighted[k] += (r.Paid + rho*r.Waited) / c.weighted[k] * part
		}
		if i == 0 {
			row.Course = r.Course
		}
		world.Samples = 0
	}
	return nil
}

func (row *Row) add(r *engine.Result, part, bound float64) {
	mean := func(d time.Duration) time.Duration { return time.Duration(float64(d) * part) }
	row.Mean, row.P50, row.P95, row.P99 = row.Mean+mean(r.Mean), row.P50+mean(r.P50), row.P95+mean(r.P95), row.P99+mean(r.P99)
	row.Max = max(row.Max, r.Max)
	row.Hours += r.Paid / 3600 * part
	row.IdleHours += r.Idle / 3600 * part
	row.Ratio += r.Paid / bound * part
	row.Starts += float64(r.Starts) * part
	row.Killed += float64(r.Killed) * part
	row.Peak = max(row.Peak, r.Peak)
}
