package scale

import (
	"encoding/json"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var names = []string{"build", "deploy", "test", "a job with a name that is longer than what is remembered of it, by far", ""}

func drawInput(t *rapid.T, now time.Time) Input {
	n := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	in := Input{
		Now: now, Queued: n("queued", 12), Idle: n("idle", 8), Busy: n("busy", 12), Draining: n("draining", 3), Executors: rapid.IntRange(1, 4).Draw(t, "executors"),
		Min: n("min", 4), MaxStep: n("step", 3), Quota: rapid.IntRange(-1, 30).Draw(t, "quota"),
		Priority: rapid.SampledFrom([]float64{0, 3, 10, 50, 1000}).Draw(t, "priority"),
	}
	in.Max = in.Min + n("max", 30)
	in.Running = in.Busy + rapid.IntRange(0, in.Busy*(in.Executors-1)).Draw(t, "running")
	for range n("starting", 4) {
		in.Starting = append(in.Starting, time.Duration(n("age", 100))*time.Second)
	}
	for range n("started", 3) {
		in.Started = append(in.Started, time.Duration(rapid.IntRange(5, 200).Draw(t, "started"))*time.Second)
	}
	if in.Queued > 0 {
		in.Oldest = now.Add(-time.Duration(n("oldest", 600)) * time.Second)
	}
	for range n("jobs", 3) {
		in.Jobs = append(in.Jobs, Job{Name: rapid.SampledFrom(names).Draw(t, "job"), Ended: rapid.Bool().Draw(t, "ended"), At: now.Add(-time.Duration(n("ago", 9)) * time.Second)})
	}
	if rapid.IntRange(0, 5).Draw(t, "announced") == 0 {
		in.Soon = []Soon{{At: now.Add(time.Duration(rapid.IntRange(-90, 300).Draw(t, "at")) * time.Second), Builds: n("builds", 3), Reason: "timer of nightly"}}
	}
	if rapid.IntRange(0, 5).Draw(t, "scheduled") == 0 {
		in.Schedules = []Schedule{{Cron: "*/7 * * * *", Duration: 2 * time.Minute, Min: n("scheduled agents", 6)}}
	}
	if rapid.IntRange(0, 9).Draw(t, "manual") == 0 {
		in.Manual = Manual{Agents: n("manual agents", 6), Until: now.Add(time.Minute)}
	}
	return in
}

// history is a state after some looks, and the time of the last of them.
func history(t *rapid.T) (State, time.Time) {
	var s State
	now := noon
	for range rapid.IntRange(0, 30).Draw(t, "looks") {
		now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 5, 5, 30, 300, 7200}).Draw(t, "passes")) * time.Second)
		in := drawInput(t, now)
		if rapid.IntRange(0, 15).Draw(t, "unknown") == 0 {
			in.Unknown = "Jenkins does not answer"
		}
		_, s = Decide(s, in)
	}
	return s, now.Add(5 * time.Second)
}

func encode(t interface{ Fatal(...any) }, s State) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := history(t)
		in := drawInput(t, now)
		supply := in.Idle + in.Busy + len(in.Starting)
		before := encode(t, s)
		d, next := Decide(s, in)

		switch {
		case d.Agents < in.Busy:
			t.Errorf("%d agents, %d busy", d.Agents, in.Busy)
		case d.Agents > max(in.Max, in.Busy):
			t.Errorf("%d agents, max %d, %d busy", d.Agents, in.Max, in.Busy)
		case d.Agents < in.Min && (in.Quota < 0 || d.Agents < max(in.Quota, supply)) && (in.MaxStep == 0 || d.Agents < supply+in.MaxStep):
			t.Errorf("%d agents, min %d, quota %d, step %d", d.Agents, in.Min, in.Quota, in.MaxStep)
		case d.Agents > supply && in.MaxStep > 0 && d.Agents > supply+in.MaxStep && d.Agents > in.Busy:
			t.Errorf("%d agents, of %d, step %d", d.Agents, supply, in.MaxStep)
		case d.Hold && d.Agents < min(supply, in.Max):
			t.Errorf("%d agents, of %d, though held", d.Agents, supply)
		}
		if in.Quota < 0 && in.MaxStep == 0 && d.Agents < min((in.Queued+in.Running+in.Executors-1)/in.Executors, in.Max) {
			t.Errorf("%d agents of %d executors for %d builds", d.Agents, in.Executors, in.Queued+in.Running)
		}
		if !d.Next.IsZero() && (!d.Next.After(in.Now) || d.NextReason == "") {
			t.Errorf("next %s (%q), now %s", d.Next, d.NextReason, in.Now)
		}
		if d.Reason == "" || d.Term == "" || d.Spec == "" {
			t.Errorf("%+v says too little", d)
		}
		if after := encode(t, s); !slices.Equal(before, after) {
			t.Errorf("the state has changed:\n%s\n%s", before, after)
		}
		if again, same := Decide(s, in); !cmp.Equal(d, again) || !same.Equal(next) {
			t.Errorf("the same state decides otherwise the second time: %s", cmp.Diff(d, again))
		}
		if again, same := Decide(next, in); !cmp.Equal(d, again) || !same.Equal(next) {
			t.Errorf("the same look twice: %s%s", cmp.Diff(d, again), cmp.Diff(string(encode(t, next)), string(encode(t, same))))
		}
		more := in
		more.Queued += rapid.IntRange(1, 20).Draw(t, "more")
		if in.Queued == 0 {
			more.Oldest = now
		}
		if e, _ := Decide(s, more); e.Agents < d.Agents {
			t.Errorf("%d agents for %d builds that wait, %d for %d", d.Agents, in.Queued, e.Agents, more.Queued)
		}
	})
}

func TestUnknownHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := history(t)
		in := drawInput(t, now)
		in.Unknown = "Jenkins does not answer"
		d, _ := Decide(s, in)
		if supply := in.Idle + in.Busy + len(in.Starting); d.Agents != supply || !d.Hold || d.Reason != in.Unknown {
			t.Errorf("%d agents decided, %d there, hold %t, %q", d.Agents, supply, d.Hold, d.Reason)
		}
	})
}

func TestStatesSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := history(t)
		var r State
		if err := json.Unmarshal(encode(t, s), &r); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 15).Draw(t, "looks after") {
			in := drawInput(t, now)
			var d, e Decision
			d, s = Decide(s, in)
			e, r = Decide(r, in)
			if !cmp.Equal(d, e) || !s.Equal(r) {
				t.Fatalf("after JSON: %s%s", cmp.Diff(d, e), cmp.Diff(string(encode(t, s)), string(encode(t, r))))
			}
			now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 5, 60, 4000}).Draw(t, "passes")) * time.Second)
		}
	})
}

func TestAStateMayBeUsedByMany(t *testing.T) {
	c := newCourse(50)
	for i := range 500 {
		c.look(i*7%13, nil)
	}
	in := c.in
	in.Now = c.now.Add(5 * time.Second)
	want, _ := Decide(c.s, in)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s, in := c.s, in
			for range 50 {
				d, next := Decide(c.s, in)
				if !cmp.Equal(d, want) {
					t.Errorf("decided otherwise: %s", cmp.Diff(want, d))
					return
				}
				s = next
			}
			in.Now = in.Now.Add(time.Hour)
			Decide(s, in)
		})
	}
	all.Wait()
}

func TestHostileInputs(t *testing.T) {
	ints := []int{0, 1, -1, 5, 1023, 1024, 1025, 1 << 20, math.MaxInt, math.MinInt}
	floats := []float64{0, 10, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	stamps := []time.Time{{}, time.Unix(0, 0), noon, noon.Add(time.Hour), noon.Add(-time.Hour), time.Unix(1<<40, 0), time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Date(2106, 2, 7, 6, 28, 15, 0, time.UTC)}
	spans := []time.Duration{0, time.Second, -time.Second, time.Hour, math.MaxInt64, math.MinInt64}
	rapid.Check(t, func(t *rapid.T) {
		var s State
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			n := func(name string) int { return rapid.SampledFrom(ints).Draw(t, name) }
			stamp := func(name string) time.Time { return rapid.SampledFrom(stamps).Draw(t, name) }
			duration := func(name string) time.Duration { return rapid.SampledFrom(spans).Draw(t, name) }
			in := Input{
				Now: stamp("now"), Queued: n("queued"), Oldest: stamp("oldest"), Running: n("running"), Idle: n("idle"), Busy: n("busy"), Draining: n("draining"),
				Starting: []time.Duration{duration("age")}, Started: []time.Duration{duration("a"), duration("b"), time.Minute},
				Soon: []Soon{{At: stamp("soon"), Builds: n("builds")}}, Jobs: []Job{{Name: rapid.String().Draw(t, "job"), Ended: rapid.Bool().Draw(t, "ended"), At: stamp("job at")}},
				Executors: n("executors"), Min: n("min"), Max: n("max"), MaxStep: n("step"), Quota: n("quota"), Priority: rapid.SampledFrom(floats).Draw(t, "priority"),
				Schedules: []Schedule{{Cron: rapid.SampledFrom([]string{"* * * * *", "TZ=UTC", "@reboot", rapid.String().Draw(t, "cron")}).Draw(t, "which"), Timezone: rapid.SampledFrom([]string{"", "Europe/Berlin", "Local", "../etc"}).Draw(t, "zone"), Duration: duration("lasts"), Min: n("scheduled")}},
				Manual:    Manual{Agents: n("manual"), Until: stamp("until")},
			}
			var d Decision
			d, s = Decide(s, in)
			if d.Agents < 0 || d.Agents < min(in.Busy, most) {
				t.Errorf("%d agents, %d busy", d.Agents, in.Busy)
			}
			var r State
			if err := json.Unmarshal(encode(t, s), &r); err != nil {
				t.Errorf("%v in %s", err, encode(t, s))
			}
		}
	})
}
