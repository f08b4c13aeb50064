package simulate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/trace"
)

func compare(t *testing.T, builds int, change func(*Options)) *Comparison {
	t.Helper()
	o := Defaults()
	o.Peers = true
	change(&o)
	c, err := Compare(t.Context(), trace.Diurnal(1, builds), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyTheReplicaControllerKillsBuilds(t *testing.T) {
	for _, r := range compare(t, 2000, func(*Options) {}).Rows {
		if kills := r.Policy == "KEDA HPA"; (r.Killed > 0) != kills {
			t.Errorf("%s killed %g builds", r.Policy, r.Killed)
		}
	}
}

func TestEveryPolicyCostsAtLeastTheBound(t *testing.T) {
	c := compare(t, 2000, func(o *Options) { o.Startup.P95 = o.Startup.Median })
	for _, r := range c.Rows {
		for i, w := range r.Weighted {
			if w < 1 {
				t.Errorf("%s: cost at rho %g is %.4f of the bound", r.Policy, c.Rhos[i], w)
			}
		}
		if !near(r.Ratio, r.Hours/c.Hours) {
			t.Errorf("%s: %g agent-hours are %g of %g", r.Policy, r.Hours, r.Ratio, c.Hours)
		}
	}
}

func TestTheSameSeedGivesTheSameFigures(t *testing.T) {
	samples := func(o *Options) { o.Samples = 20 }
	a, b := compare(t, 1500, samples), compare(t, 1500, samples)
	other := compare(t, 1500, func(o *Options) { o.Seeds = []uint64{2} })
	if diff := cmp.Diff(a.Rows, b.Rows); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if a.Rows[0].Mean == other.Rows[0].Mean {
		t.Errorf("another seed gave the same mean wait, %s", a.Rows[0].Mean)
	}
}

func TestFiguresAreMeansOverTheSeeds(t *testing.T) {
	one := compare(t, 1000, func(o *Options) { o.Seeds = []uint64{1} })
	two := compare(t, 1000, func(o *Options) { o.Seeds = []uint64{2} })
	both := compare(t, 1000, func(o *Options) { o.Seeds = []uint64{1, 2} })
	for i, r := range both.Rows {
		a, b := one.Rows[i], two.Rows[i]
		if !near(r.Hours, (a.Hours+b.Hours)/2) || !near(r.Starts, (a.Starts+b.Starts)/2) || r.Max != max(a.Max, b.Max) || !near(r.Weighted[0], (a.Weighted[0]+b.Weighted[0])/2) {
			t.Errorf("%s: %+v of %+v and %+v", r.Policy, r, a, b)
		}
	}
}

func TestThePolicyStaysWithinItsLimits(t *testing.T) {
	c := compare(t, 1500, func(o *Options) { o.Spec.Min, o.Spec.Max, o.Samples = 2, 12, 50 })
	for _, r := range c.Rows {
		if r.Peak > 12 {
			t.Errorf("%s had %d agents, allowed are 12", r.Policy, r.Peak)
		}
		if r.Kind != Ours {
			continue
		}
		for _, s := range r.Course {
			if n := s.Idle + s.Busy + s.Starting; n < 2-1e-6 {
				t.Errorf("%s had %.3f agents from %s on, the minimum is 2", r.Policy, n, s.From)
			}
		}
	}
}

func TestASecondOfWaitingThatIsWorthMoreIsWaitedLess(t *testing.T) {
	rows := compare(t, 6000, func(o *Options) { o.Peers, o.Rhos = false, []float64{3, 10, 50} }).Rows
	if !(rows[0].Mean > rows[1].Mean && rows[1].Mean > rows[2].Mean) || !(rows[0].Hours < rows[1].Hours && rows[1].Hours < rows[2].Hours) {
		t.Errorf("rho 3, 10, 50: mean wait %s, %s, %s for %.0f, %.0f, %.0f agent-hours",
			rows[0].Mean, rows[1].Mean, rows[2].Mean, rows[0].Hours, rows[1].Hours, rows[2].Hours)
	}
}

func TestSchedulesAreFloors(t *testing.T) {
	c := compare(t, 3000, func(o *Options) {
		o.Peers, o.Rhos, o.Samples = false, []float64{3}, 200
		o.Spec.Schedules = []Schedule{{Cron: "0 1 * * *", Duration: 2 * time.Hour, Min: 20}}
	})
	for _, s := range c.Rows[0].Course {
		in := s.From > 90*time.Minute && s.To < 3*time.Hour
		if n := s.Idle + s.Busy + s.Starting; in && n < 20-1e-6 {
			t.Errorf("%.2f agents from %s to %s, the schedule wants 20", n, s.From, s.To)
		}
	}
}

func TestBuildsThatAreKnownBeforeWaitLess(t *testing.T) {
	builds := trace.Diurnal(1, 3000)
	mean := func() time.Duration {
		o := Defaults()
		o.Rhos = []float64{10}
		c, err := Compare(t.Context(), builds, o)
		if err != nil {
			t.Fatal(err)
		}
		return c.Rows[0].Mean
	}
	unknown := mean()
	for i := range builds.Builds {
		builds.Builds[i].Known = 20 * time.Second
	}
	builds.Lead = 20 * time.Second
	if known := mean(); known > unknown-2*time.Second {
		t.Errorf("mean wait %s with 20 s of notice, %s without", known, unknown)
	}
}

func TestCompareRefusesWhatMakesNoSense(t *testing.T) {
	some := trace.Diurnal(1, 10)
	cases := []struct {
		name   string
		trace  *trace.Trace
		change func(*Options)
		want   string
	}{
		{"no builds", &trace.Trace{}, func(*Options) {}, "has no builds"},
		{"no executors", some, func(o *Options) { o.Spec.Executors = 0 }, "0 executors"},
		{"min above max", some, func(o *Options) { o.Spec.Min, o.Spec.Max = 3, 2 }, "min 3, max 2"},
		{"no seeds", some, func(o *Options) { o.Seeds = nil }, "0 seeds"},
		{"no priorities", some, func(o *Options) { o.Rhos = nil }, "0 priorities"},
		{"a priority below 1", some, func(o *Options) { o.Rhos = []float64{0.5} }, "rho 0.5"},
		{"no start-up", some, func(o *Options) { o.Startup = engine.Startup{} }, "start-up time with median 0s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := Defaults()
			c.change(&o)
			if _, err := Compare(t.Context(), c.trace, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	over, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := Compare(over, some, Defaults()); !errors.Is(err, why) {
		t.Errorf("cancelled: error %v, want %v", err, why)
	}
}
