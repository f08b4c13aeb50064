package simulate

import (
	"context"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/random"
	"majordomo.dev/jenkins/simulate/trace"
)

const startup = 54 * time.Second

// traces draws small traces.
func traces(t *rapid.T) *trace.Trace {
	out := &trace.Trace{Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), Jobs: []string{"a"}}
	at := time.Duration(0)
	for range rapid.IntRange(1, 30).Draw(t, "builds") {
		out.Builds = append(out.Builds, trace.Build{Submit: at, Duration: time.Duration(rapid.IntRange(1, 200).Draw(t, "duration")) * time.Second})
		at += time.Duration(rapid.IntRange(0, 100).Draw(t, "gap")) * time.Second
	}
	return out
}

// plainly computes bound.weighted by trying, at each change, every number of agents that are kept or builds that are late.
func plainly(t *trace.Trace, rho float64) float64 {
	n := len(t.Builds)
	cost := make([]float64, 2*n+1) // of x = i-n
	for i := range cost {
		cost[i] = math.Inf(1)
		if i >= n {
			cost[i] = float64(i-n) * startup.Seconds()
		}
	}
	since := time.Duration(0)
	for _, c := range t.Changes() {
		next := make([]float64, len(cost))
		for i := range next {
			next[i] = math.Inf(1)
			for j := range cost {
				x := float64(j - n)
				held := cost[j] + max(x, -rho*x)*(c.At-since).Seconds()
				after := j - c.By // what it is after the change
				if i >= after {
					next[i] = min(next[i], held+float64(i-after)*startup.Seconds()) // agents start
				} else {
					next[i] = min(next[i], held) // agents go
				}
			}
		}
		cost, since = next, c.At
	}
	least := math.Inf(1)
	for i := n; i < len(cost); i++ {
		least = min(least, cost[i])
	}
	for _, b := range t.Builds {
		least += b.Duration.Seconds()
	}
	return least
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func TestWeightedIsTheLeastCostOfTheFlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		builds, rho := traces(t), rapid.Float64Range(1, 60).Draw(t, "rho")
		if got, want := newBound(builds, startup, 1).weighted(rho), plainly(builds, rho); !near(got, want) {
			t.Fatalf("weighted(%g) = %g, want %g", rho, got, want)
		}
	})
}

func TestBoundsAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBound(traces(t), startup, 1)
		last := 0.0
		for _, rho := range []float64{1, 3, 10, 50, 1000, 1e9} {
			v := b.weighted(rho)
			if v < last-1e-6 || v > b.instant+1e-6 {
				t.Fatalf("weighted(%g) = %g, after %g, without wait %g", rho, v, last, b.instant)
			}
			last = v
		}
		if !near(last, b.instant) {
			t.Fatalf("waiting costs all: %g, without wait %g", last, b.instant)
		}
	})
}

// erratic is a policy that does anything.
type erratic struct {
	random *random.Source
	most   int
}

func (e *erratic) Decide(p *engine.Pool) time.Duration {
	if p.Queued() > 0 && p.Supply() == 0 {
		p.Start(1 + e.random.Below(e.most))
	}
	switch e.random.Below(6) {
	case 0:
		p.Start(e.random.Below(e.most + 1))
	case 1:
		p.Stop(e.random.Below(3))
	case 2:
		p.Kill(e.random.Below(2) * e.random.Below(2))
	}
	return p.Now() + time.Duration(e.random.Below(100))*time.Second
}

func TestNoPolicyCostsLessThanTheBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		builds := traces(t)
		executors := rapid.IntRange(1, 3).Draw(t, "executors")
		b := newBound(builds, startup, executors)
		seed := rapid.Uint64().Draw(t, "seed")
		o := engine.Options{
			Seed: seed, Startup: engine.Startup{Median: startup, P95: startup}, Executors: executors, Initial: rapid.IntRange(0, 3).Draw(t, "initial"),
			Poll: time.Second, Events: true, Ephemeral: rapid.Bool().Draw(t, "ephemeral"),
		}
		r, err := engine.Run(context.Background(), builds, o, &erratic{random: random.New(seed), most: rapid.IntRange(1, 5).Draw(t, "most")})
		if err != nil {
			t.Fatal(err)
		}
		for _, rho := range []float64{1, 3, 10, 50} {
			if got, least := r.Paid+rho*r.Waited, b.weighted(rho); got < least-1e-6 {
				t.Fatalf("rho %g: cost %g, and the bound is %g", rho, got, least)
			}
		}
		if r.Waited == 0 && r.Paid < b.instant-1e-6 {
			t.Fatalf("without wait for %g agent-seconds, and the bound is %g", r.Paid, b.instant)
		}
	})
}

func TestTheClairvoyantKeepsAnAgentWhileThatIsCheaper(t *testing.T) {
	builds := func(gap time.Duration) *trace.Trace {
		return &trace.Trace{Builds: []trace.Build{{Duration: 100 * time.Second}, {Submit: 100*time.Second + gap, Duration: 100 * time.Second}}}
	}
	for _, c := range []struct {
		gap  time.Duration
		want float64
	}{{0, 254}, {20 * time.Second, 274}, {53 * time.Second, 307}, {time.Hour, 308}} {
		if got := newBound(builds(c.gap), startup, 1).instant; !near(got, c.want) {
			t.Errorf("gap %s: %g agent-seconds, want %g", c.gap, got, c.want)
		}
	}
}
