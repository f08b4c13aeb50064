package scale

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// course lets the policy look every five seconds at a pool that has an agent for each build as soon as it wants one.
type course struct {
	s   State
	now time.Time
	in  Input
	d   Decision
}

func newCourse(priority float64) *course {
	c := &course{now: noon, in: pooled(noon)}
	c.in.Priority, c.in.Max = priority, 1000
	return c
}

// look looks once at so many builds that run.
func (c *course) look(builds int, change func(*Input)) {
	c.now = c.now.Add(5 * time.Second)
	c.in.Now, c.in.Running, c.in.Busy = c.now, builds, builds
	c.in.Idle = max(c.d.Agents-builds, 0)
	in := c.in
	if change != nil {
		change(&in)
	}
	c.d, c.s = Decide(c.s, in)
}

// stay looks at the same builds for a while.
func (c *course) stay(builds int, d time.Duration) {
	for range int(d / (5 * time.Second)) {
		c.look(builds, nil)
	}
}

func term(d Decision, name string) Term {
	return d.Terms[slices.IndexFunc(d.Terms, func(t Term) bool { return t.Name == name })]
}

func TestAnAgentIsKeptUntilDemandUsuallyIsBack(t *testing.T) {
	c := newCourse(10)
	c.look(1, nil)
	c.look(0, nil)
	if d := c.d; d.Term != "hold" || d.Agents != 1 || !strings.Contains(d.Reason, "level 1 of demand was left 0 s ago and usually comes back within 108 s") {
		t.Errorf("before anything is known: %d agents by %s, %q", d.Agents, d.Term, d.Reason)
	}
	if want := c.now.Add(108 * time.Second); !c.d.Next.Equal(want) {
		t.Errorf("next %s, want %s", c.d.Next, want)
	}
	for range 8 { // away for 25 s each time
		c.stay(0, 20*time.Second)
		c.stay(1, time.Minute)
		c.look(0, nil)
	}
	if got, want := term(c.d, "hold").Reason, "kept for 30 s more: level 1 of demand was left 0 s ago and usually comes back within 30 s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for range 60 { // away for an hour each time
		c.stay(1, time.Minute)
		c.stay(0, time.Hour)
	}
	c.look(1, nil)
	c.look(0, nil)
	if got := term(c.d, "hold"); got.Agents != 0 {
		t.Errorf("kept though demand comes back after an hour: %q", got.Reason)
	}
}

func TestAFlappingQueueDoesNotFlapThePool(t *testing.T) {
	c := newCourse(10)
	const startUp = 50 * time.Second
	var starting []time.Duration
	idle, changes := 0, 0
	for i := range 240 { // 20 minutes: 50 builds wait, and at the next look none, and so on
		c.now = c.now.Add(5 * time.Second)
		for j := range starting {
			starting[j] += 5 * time.Second
		}
		up := len(starting)
		starting = slices.DeleteFunc(starting, func(age time.Duration) bool { return age >= startUp })
		idle += up - len(starting)
		c.in.Now, c.in.Queued, c.in.Idle, c.in.Starting = c.now, i%2*50, idle, starting
		c.d, c.s = Decide(c.s, c.in)
		more := c.d.Agents - idle - len(starting)
		switch {
		case more > 0:
			starting = append(starting, make([]time.Duration, more)...)
		case more < 0 && !c.d.Hold:
			rest := max(len(starting)+more, 0)
			idle += min(len(starting)+more, 0)
			starting = starting[:rest]
		default:
			continue
		}
		changes++
	}
	if changes > 20 || idle < 50 {
		t.Errorf("%d changes in 240 looks, %d agents in the end", changes, idle)
	}
}

func TestAPoolSettles(t *testing.T) {
	for _, priority := range []float64{3, 10, 50} {
		c := newCourse(priority)
		for i := range 600 {
			c.look(i*i%19, nil)
		}
		c.stay(7, 4*time.Hour)
		if c.d.Agents < 7 || c.d.Agents > 8 {
			t.Errorf("priority %g: %d agents after 4 hours of 7 builds: %s", priority, c.d.Agents, c.d.Reason)
		}
	}
}

func TestSpareAgentsStartWhereBuildsFollowFast(t *testing.T) {
	c := newCourse(50)
	wave := func(look func(after time.Duration)) {
		c.stay(0, 2*time.Hour)
		for i := range 12 {
			c.look(1, nil)
			look(time.Duration(i) * 5 * time.Second)
			if i >= 5 {
				c.look(4, nil) // three more come 25 s after the first
			}
		}
	}
	for range 40 {
		wave(func(time.Duration) {})
	}
	found := 0
	wave(func(time.Duration) { found = max(found, term(c.d, "spare").Agents) })
	if found < 4 {
		t.Errorf("%d agents wanted for a wave of 4 builds that came 40 times", found)
	}
	c.stay(0, time.Hour)
	if got := term(c.d, "spare"); got.Agents > 0 {
		t.Errorf("%d spare agents in the quiet: %q", got.Agents, got.Reason)
	}
	cheap := c.in
	cheap.Priority, cheap.Now = 0, c.now.Add(5*time.Second)
	if d, _ := Decide(c.s, cheap); d.Agents > c.in.Busy {
		t.Errorf("%d agents at priority 0, %d busy", d.Agents, c.in.Busy)
	}
}

func TestTheMoreAWaitIsWorthTheMoreAgents(t *testing.T) {
	var last float64
	for _, priority := range []float64{0, 3, 10, 50, 200} {
		c := newCourse(priority)
		sum := 0.0
		for i := range 1500 {
			builds := 5 + int(4*math.Sin(float64(i)/40)) + i*7%5
			c.look(builds, nil)
			sum += float64(c.d.Agents)
		}
		if sum < last {
			t.Errorf("priority %g: %.0f agents over time, less than %.0f of the priority before", priority, sum, last)
		}
		last = sum
	}
}

func TestStartsAreOverdoneAsTheirTimesDiffer(t *testing.T) {
	const quick, slow = 20 * time.Second, 90 * time.Second
	for _, c := range []struct {
		name     string
		groups   [][]time.Duration // that start together, again and again
		n        int               // groups
		priority float64
		want     float64
	}{
		{name: "unknown", priority: 10, want: 1.5},
		{name: "too few", groups: [][]time.Duration{{quick, slow}}, n: 9, priority: 10, want: 1.5},
		{name: "all alike", groups: [][]time.Duration{{slow, slow}}, n: 30, priority: 50, want: 1},
		{name: "half of them slow", groups: [][]time.Duration{{quick, slow}}, n: 40, priority: 10, want: 2},
		{name: "slow starts cost agents, too", groups: [][]time.Duration{{quick, slow}}, n: 40, priority: 0, want: 2},
		{name: "a little", groups: [][]time.Duration{{50 * time.Second, 60 * time.Second}}, n: 40, priority: 0, want: 1},
		{name: "one of three fast", groups: [][]time.Duration{{quick / 2, slow, slow}}, n: 30, priority: 50, want: 3},
		{name: "what those have in common that start together cannot be raced", groups: [][]time.Duration{{quick, quick}, {slow, slow}}, n: 400, priority: 10, want: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s *startups
			at := clock(0)
			for i := range c.n {
				at += millis(10 * time.Minute)
				for _, d := range c.groups[i%len(c.groups)] {
					s = s.with([]time.Duration{d}, at+millis(d))
				}
			}
			if got := s.over(c.priority); got != c.want {
				t.Errorf("%g times as many start, want %g", got, c.want)
			}
		})
	}
}

func TestStartUpTimesAreAssumedUntilTwentyAreSeen(t *testing.T) {
	in := pooled(noon)
	in.Started = slices.Repeat([]time.Duration{20 * time.Second, -1, 0, 2 * time.Hour}, 19)
	d, s := Decide(State{}, in)
	if want := "priority balanced (10), start-up 54 s (assumed, 19 of 20 seen)"; d.Spec != want {
		t.Errorf("%q, want %q", d.Spec, want)
	}
	in.Now, in.Started, in.Priority = noon.Add(time.Second), []time.Duration{20 * time.Second}, 7.5
	d, _ = Decide(s, in)
	if want := "priority 7.5, start-up 20 s (measured)"; d.Spec != want {
		t.Errorf("%q, want %q", d.Spec, want)
	}
}

func TestAJobThatTriggersAnotherIsKnown(t *testing.T) {
	c := newCourse(10)
	event := func(name string, ended bool) func(*Input) {
		return func(in *Input) { in.Jobs = []Job{{Name: name, Ended: ended, At: in.Now}} }
	}
	pipeline := func() {
		c.stay(0, 20*time.Minute)
		c.look(1, event("build", false))
		c.look(1, nil)
		c.look(0, event("build", true))
	}
	for range 8 {
		pipeline()
		c.look(2, func(in *Input) {
			in.Jobs = []Job{{Name: "deploy", At: in.Now}, {Name: "test", At: in.Now}}
		})
		c.look(0, nil)
	}
	pipeline()
	got := term(c.d, "successors")
	if got.Agents != 2 || !strings.Contains(got.Reason, "deploy usually follows build, which has just ended") {
		t.Errorf("%d agents, %q", got.Agents, got.Reason)
	}
	c.stay(0, 30*time.Second)
	if got := term(c.d, "successors"); got.Agents != 0 {
		t.Errorf("still expected after 30 s: %q", got.Reason)
	}
}

func TestABuildThatAlwaysComesFollowsNone(t *testing.T) {
	c := newCourse(10)
	for range 300 { // one build after another, of two jobs, which have nothing to do with each other
		c.look(1, func(in *Input) {
			in.Jobs = []Job{{Name: "build", Ended: true, At: in.Now}, {Name: "check", At: in.Now}, {Name: "build", At: in.Now}}
		})
	}
	if got := term(c.d, "successors"); got.Agents > c.in.Busy {
		t.Errorf("%q", got.Reason)
	}
}

func TestNothingIsLearnedFromWhatWasNotSeen(t *testing.T) {
	c := newCourse(50)
	for range 20 {
		c.stay(1, time.Minute)
		c.stay(0, time.Minute)
	}
	before := c.s
	c.now = c.now.Add(5 * time.Second)
	in := c.in
	in.Now, in.Unknown = c.now, "Jenkins does not answer"
	_, c.s = Decide(c.s, in)
	c.now = c.now.Add(time.Hour)
	c.look(30, nil)
	if c.s.samples != before.samples || c.s.gaps != before.gaps {
		t.Error("an hour without a look was learned from")
	}
	if c.s.rates != before.rates.later(c.s.at.since(before.at)) {
		t.Error("builds that were found count as if they had come now")
	}
}

func TestPollsAndEventsLearnTheSame(t *testing.T) {
	often, seldom := newCourse(10), newCourse(10)
	for i := range 500 {
		builds := i % 7
		often.stay(builds, 30*time.Second)
		seldom.now = seldom.now.Add(often.now.Sub(seldom.now) - 30*time.Second)
		seldom.look(builds, nil)
	}
	a, b := often.s.samples.all, seldom.s.samples.all
	if math.Abs(float64(a.moments-b.moments)) > 0.2*float64(a.moments) || math.Abs(float64(a.rose[0]/a.moments-b.rose[0]/b.moments)) > 0.1 {
		t.Errorf("of %g moments %g rose, without a look of %g %g", a.moments, a.rose[0], b.moments, b.rose[0])
	}
}

func TestStatesStaySmall(t *testing.T) {
	const most = 64 << 10
	c := newCourse(50)
	seed := uint64(1)
	random := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed>>33) % n
	}
	large := 0
	for i := range 8000 {
		builds := random(1 << random(11))
		c.look(builds, func(in *Input) {
			in.Now = in.Now.Add(time.Duration(random(30)) * time.Second)
			c.now = in.Now
			name := fmt.Sprintf("folder <%d> with a long name/and a job with a long name %d", random(60), random(60))
			in.Jobs = []Job{{Name: name, Ended: random(2) == 0, At: in.Now}, {Name: fmt.Sprint("job ", random(60)), Ended: random(2) == 0, At: in.Now}}
			in.Started = []time.Duration{time.Duration(random(1e9) * 100)}
		})
		if i%500 == 0 {
			b, err := json.Marshal(c.s)
			if err != nil {
				t.Fatal(err)
			}
			large = max(large, len(b))
		}
	}
	if large >= most {
		t.Errorf("%d bytes, more than %d", large, most)
	}
	t.Logf("%d bytes", large)
}
