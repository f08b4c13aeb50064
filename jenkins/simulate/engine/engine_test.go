package engine

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/jenkins/simulate/random"
	"majordomo.dev/jenkins/simulate/trace"
)

// erratic is a policy that does anything, and looks that the books are right each time.
type erratic struct {
	t      *rapid.T
	random *random.Source
	kills  bool
}

func (e *erratic) Decide(p *Pool) time.Duration {
	e.audit(p)
	if p.Queued() > 0 && p.Supply() == 0 {
		p.Start(1 + e.random.Below(3))
	}
	n := e.random.Below(4)
	switch e.random.Below(9) {
	case 0:
		p.Start(n)
	case 1:
		p.Stop(n)
	case 2:
		p.Cancel(n)
	case 3:
		p.Resume(n)
	case 4:
		p.StopSince(p.Now()-30*time.Second, n)
	case 5:
		p.Retire(n)
	case 6:
		if e.kills && e.random.Below(10) == 0 {
			p.Kill(n)
		}
	case 7:
		p.Expire(2 * time.Minute)
	}
	e.audit(p)
	return p.Now() + time.Duration(e.random.Below(60))*time.Second
}

func (e *erratic) audit(p *Pool) {
	if len(p.ready) != p.Idle()+p.Busy() {
		e.t.Fatalf("%d agents are ready, %d idle and %d busy", len(p.ready), p.Idle(), p.Busy())
	}
	if p.arrived != p.Queued()+p.Running()+p.finished {
		e.t.Fatalf("%d builds came, %d wait, %d run, %d are done", p.arrived, p.Queued(), p.Running(), p.finished)
	}
	executors, running, spare := p.Executors(), 0, 0
	for _, a := range p.ready {
		running += len(a.builds)
		if len(a.builds) > executors {
			e.t.Fatalf("an agent of %d executors runs %d builds", executors, len(a.builds))
		}
		if len(a.builds) < executors && (!p.o.Ephemeral || len(a.builds) == 0) {
			spare++
		}
	}
	if p.retiring == 0 && running != p.Running() {
		e.t.Fatalf("%d builds are on agents, %d run", running, p.Running())
	}
	if spare != len(p.free) {
		e.t.Fatalf("%d agents have a free executor, %d are offered", spare, len(p.free))
	}
	if most := p.o.Max; most > 0 && p.Supply()+p.Draining() > most {
		e.t.Fatalf("%d agents and %d that go, at most %d are allowed", p.Supply(), p.Draining(), most)
	}
}

// traces draws small traces.
func traces(t *rapid.T) *trace.Trace {
	n := rapid.IntRange(1, 40).Draw(t, "builds")
	out := &trace.Trace{Jobs: []string{"a", "b"}}
	at := time.Duration(0)
	for range n {
		out.Builds = append(out.Builds, trace.Build{
			Submit: at, Duration: time.Duration(rapid.IntRange(1, 300).Draw(t, "duration")) * time.Second, Job: rapid.IntRange(0, 1).Draw(t, "job"),
		})
		at += time.Duration(rapid.IntRange(0, 120).Draw(t, "gap")) * time.Second
	}
	return out
}

func worlds(t *rapid.T) Options {
	return Options{
		Seed: rapid.Uint64().Draw(t, "seed"), Startup: Startup{Median: 45 * time.Second, P95: 2 * time.Minute},
		Executors: rapid.IntRange(1, 3).Draw(t, "executors"), Initial: rapid.IntRange(0, 2).Draw(t, "initial"), Max: rapid.IntRange(0, 1).Draw(t, "bounded") * 5,
		Register: 10 * time.Second, Drain: time.Duration(rapid.IntRange(0, 10).Draw(t, "drain")) * time.Second, Part: rapid.Float64Range(0, 1).Draw(t, "part"),
		Poll: 5 * time.Second, Events: rapid.Bool().Draw(t, "events"), Spread: rapid.Bool().Draw(t, "spread"), Ephemeral: rapid.Bool().Draw(t, "ephemeral"),
		Samples: rapid.IntRange(0, 10).Draw(t, "samples"),
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func TestWhateverAPolicyDoesTheBooksAreRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		builds, o := traces(t), worlds(t)
		kills := rapid.Bool().Draw(t, "kills")
		r, err := Run(context.Background(), builds, o, &erratic{t: t, random: random.New(o.Seed), kills: kills})
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for _, b := range builds.Builds {
			want += b.Duration.Seconds()
		}
		switch {
		case r.Builds != len(builds.Builds):
			t.Fatalf("%d builds of %d", r.Builds, len(builds.Builds))
		case !near(r.Work, want+r.Lost):
			t.Fatalf("builds ran %g s, of which %g s were lost; the trace has %g s", r.Work, r.Lost, want)
		case !kills && (r.Killed > 0 || r.Lost > 0):
			t.Fatalf("%d builds were killed by a policy that kills none", r.Killed)
		case r.Paid*float64(o.Executors)+1e-6 < r.Work:
			t.Fatalf("agents of %d executors were paid %g s and worked %g s", o.Executors, r.Paid, r.Work)
		case r.P50 < 0 || r.P50 > r.P95 || r.P95 > r.P99 || r.P99 > r.Max || r.Mean > r.Max:
			t.Fatalf("waits %s, %s, %s, %s, mean %s", r.P50, r.P95, r.P99, r.Max, r.Mean)
		case o.Executors == 1 && !near(r.Busy+r.Draining, r.Work) && r.Busy > r.Work:
			t.Fatalf("agents of one executor were busy %g s with %g s of work", r.Busy, r.Work)
		}
		again, err := Run(context.Background(), builds, o, &erratic{t: t, random: random.New(o.Seed), kills: kills})
		if diff := cmp.Diff(r, again); err != nil || diff != "" {
			t.Fatalf("the same seed gave something else, error %v (-first +second):\n%s", err, diff)
		}
	})
}

func TestTheCourseAddsUpToTheTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		builds, o := traces(t), worlds(t)
		o.Samples = rapid.IntRange(1, 20).Draw(t, "samples")
		r, err := Run(context.Background(), builds, o, &erratic{t: t, random: random.New(o.Seed)})
		if err != nil {
			t.Fatal(err)
		}
		var idle, busy, running float64
		began := 0
		for _, s := range r.Course {
			seconds := (s.To - s.From).Seconds()
			idle += s.Idle * seconds
			busy += s.Busy * seconds
			running += s.Running * seconds
			began += s.Began
		}
		if !near(idle, r.Idle) || !near(busy, r.Busy) || !near(running, r.Work) || len(r.Course) > 2*o.Samples {
			t.Fatalf("%d samples have %g s idle, %g s busy, %g s of builds; want %g, %g, %g", len(r.Course), idle, busy, running, r.Idle, r.Busy, r.Work)
		}
		if began > r.Builds+r.Killed {
			t.Fatalf("%d builds began, %d there were", began, r.Builds)
		}
	})
}

// lazy never does anything.
type lazy struct{}

func (lazy) Decide(*Pool) time.Duration { return Never }

func TestEnoughAgentsFromTheBeginningAreZeroWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		builds := traces(t)
		n := builds.Demand().Peak
		r, err := Run(context.Background(), builds, Options{Startup: Startup{Median: time.Second, P95: time.Second}, Initial: n, Poll: time.Second, Events: true}, lazy{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Waited != 0 || r.Max != 0 || r.Starts != n || r.Peak != n {
			t.Fatalf("builds waited %g s with %d agents, %d started, %d at once", r.Waited, n, r.Starts, r.Peak)
		}
		if paid := float64(n) * (1 + r.Span.Seconds()); !near(r.Paid, paid) {
			t.Fatalf("paid %g s, want %g s", r.Paid, paid)
		}
	})
}

func TestRunEndsWhenNothingCanHappen(t *testing.T) {
	builds := &trace.Trace{Builds: []trace.Build{{Duration: time.Second}}, Jobs: []string{""}}
	start := Startup{Median: time.Second, P95: time.Second}
	if _, err := Run(t.Context(), builds, Options{Startup: start, Poll: time.Second}, lazy{}); !errors.Is(err, ErrStalled) {
		t.Errorf("a policy without agents: error %v, want ErrStalled", err)
	}
	if _, err := Run(t.Context(), builds, Options{Startup: start, Poll: time.Minute}, refuses{}); !errors.Is(err, ErrStalled) {
		t.Errorf("a policy that looks and starts none: error %v, want ErrStalled", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(over, builds, Options{Startup: start, Poll: time.Minute}, refuses{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

type refuses struct{}

func (refuses) Decide(p *Pool) time.Duration { return p.Now() }

func TestStartupTimesAreAsDistributedAsSaidSharedOrNot(t *testing.T) {
	for _, shared := range []float64{0, 0.5, 1} {
		s, r := Startup{Median: 45 * time.Second, P95: 2 * time.Minute, Shared: shared}, random.New(1)
		const n = 200_000
		below, late, sum := 0, 0, 0.0
		for i := range n {
			d := s.draw(r, 7, time.Duration(i)*time.Minute)
			sum += d.Seconds()
			if d <= s.Median {
				below++
			}
			if d > s.P95 {
				late++
			}
		}
		if math.Abs(float64(below)/n-0.5) > 0.005 || math.Abs(float64(late)/n-0.05) > 0.002 || math.Abs(sum/n/s.Mean().Seconds()-1) > 0.005 {
			t.Errorf("shared %g: %d of %d below the median, %d above the p95, mean %.2f s, want %s", shared, below, n, late, sum/n, s.Mean())
		}
	}
}

func TestAgentsThatStartInTheSameMinuteShareWhatTheyShare(t *testing.T) {
	s, r := Startup{Median: 45 * time.Second, P95: 2 * time.Minute, Shared: 1}, random.New(1)
	a, b, later := s.draw(r, 7, time.Second), s.draw(r, 7, 59*time.Second), s.draw(r, 7, 61*time.Second)
	if a != b || a == later {
		t.Errorf("in one minute %s and %s, in the next %s", a, b, later)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	good := Options{Startup: Startup{Median: time.Second, P95: time.Second}, Poll: time.Second}
	for name, o := range map[string]Options{
		"no poll":              {Startup: good.Startup},
		"no start-up":          {Poll: time.Second},
		"p95 below median":     {Poll: time.Second, Startup: Startup{Median: 2, P95: 1}},
		"more than all shared": {Poll: time.Second, Startup: Startup{Median: 2, P95: 3, Shared: 1.1}},
		"p95 of over one day":  {Poll: time.Second, Startup: Startup{Median: 2, P95: 25 * time.Hour}},
	} {
		if _, err := Run(t.Context(), &trace.Trace{}, o, lazy{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
