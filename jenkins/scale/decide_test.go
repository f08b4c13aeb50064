package scale

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// pooled is an input without queue and agents, of a pool of at most 20 agents.
func pooled(now time.Time) Input {
	return Input{Now: now, Executors: 1, Max: 20, Quota: -1, Priority: 10}
}

func ages(n int) []time.Duration { return make([]time.Duration, n) }

// want is what is decided for an input, before anything is known.
type want struct {
	name   string
	in     func(*Input)
	agents int
	term   string
	hold   bool
	reason string // contained
}

func (c want) test(t *testing.T) {
	in := pooled(noon)
	c.in(&in)
	d, _ := Decide(State{}, in)
	if d.Agents != c.agents || d.Term != c.term || d.Hold != c.hold || !strings.Contains(d.Reason, c.reason) {
		t.Errorf("Decide = %d agents by %s, hold %t, %q; want %d by %s, hold %t, %q", d.Agents, d.Term, d.Hold, d.Reason, c.agents, c.term, c.hold, c.reason)
	}
	if d.Hold != (d.HoldReason != "") {
		t.Errorf("hold %t, %q", d.Hold, d.HoldReason)
	}
}

func TestDemand(t *testing.T) {
	for _, c := range []want{
		{name: "an empty pool needs no agent", in: func(*Input) {}, term: "demand", reason: "no build waits or runs"},
		{
			name: "builds that wait start half as many agents again", in: func(in *Input) { in.Queued, in.Running, in.Busy = 3, 5, 5 },
			agents: 10, term: "short", hold: true, reason: "3 builds wait, 5 run: 5 more started (1.5 x short)",
		},
		{
			name: "agents that start count", in: func(in *Input) { in.Queued, in.Running, in.Busy, in.Starting = 3, 5, 5, ages(4) },
			agents: 10, term: "short", hold: true, reason: "3 builds wait, 5 run; 4 agents starting: 1 more started (1.5 x short)",
		},
		{
			name: "idle agents take builds", in: func(in *Input) { in.Queued, in.Idle = 3, 2 },
			agents: 4, term: "short", hold: true, reason: "3 builds wait, none runs; 2 agents idle: 2 more started (1.5 x short)",
		},
		{
			name: "no agent stops while a build waits", in: func(in *Input) { in.Queued, in.Running, in.Busy, in.Starting = 1, 1, 1, ages(6) },
			agents: 7, term: "held", hold: true, reason: "1 build waits, 1 runs; 6 agents starting: 7 agents stay, no agent stops while 1 build waits",
		},
		{
			name: "starters go once no build waits", in: func(in *Input) { in.Running, in.Busy, in.Starting = 2, 2, ages(3) },
			agents: 2, term: "demand", reason: "2 builds run, none waits; 3 agents starting: 3 fewer, 2 agents are what the builds need",
		},
		{
			name: "a build that waits beside free executors waits for something else", in: func(in *Input) { in.Queued, in.Idle, in.Oldest = 1, 4, noon.Add(-6*time.Minute) },
			agents: 1, term: "demand", reason: "3 fewer",
		},
		{
			name: "executors are filled", in: func(in *Input) { in.Executors, in.Queued, in.Running, in.Busy = 4, 5, 3, 1 },
			agents: 3, term: "short", hold: true, reason: "2 more started",
		},
		{
			name: "busy agents stay though their builds would fit on fewer", in: func(in *Input) { in.Executors, in.Running, in.Busy = 4, 3, 3 },
			agents: 3, term: "busy", reason: "3 builds run, none waits",
		},
	} {
		t.Run(c.name, c.test)
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []want{
		{name: "min", in: func(in *Input) { in.Min = 2 }, agents: 2, term: "min", reason: "2 more started (min keeps 2 agents)"},
		{
			name: "max", in: func(in *Input) { in.Queued, in.Max = 9, 4 },
			agents: 4, term: "max", hold: true, reason: "4 more started, 14 wanted: max is 4",
		},
		{name: "max of none", in: func(in *Input) { in.Queued, in.Max = 2, 0 }, term: "max", hold: true, reason: "0 agents, 3 wanted: max is 0"},
		{
			name: "agents above max go though builds wait", in: func(in *Input) { in.Queued, in.Running, in.Busy, in.Idle, in.Max = 9, 3, 3, 4, 5 },
			agents: 5, term: "max",
		},
		{name: "min above max is cut", in: func(in *Input) { in.Min = 30 }, agents: 20, term: "max", reason: "20 more started, 30 wanted"},
		{name: "busy agents stay above max", in: func(in *Input) { in.Running, in.Busy, in.Max = 7, 7, 5 }, agents: 7, term: "busy"},
		{name: "a step", in: func(in *Input) { in.Queued, in.MaxStep = 9, 3 }, agents: 3, term: "step", hold: true, reason: "14 wanted: step is 3 (at most 3 agents start by one decision)"},
		{name: "a quota", in: func(in *Input) { in.Queued, in.Quota = 9, 6 }, agents: 6, term: "quota", hold: true, reason: "the namespace has room for 6 agents"},
		{name: "a quota stops nothing", in: func(in *Input) { in.Running, in.Busy, in.Idle, in.Min, in.Quota = 2, 2, 2, 4, 1 }, agents: 4, term: "min"},
		{
			name: "a pool that cannot grow", in: func(in *Input) { in.Queued, in.Starting, in.Blocked = 9, ages(2), "no node has room for 2 pods" },
			agents: 2, term: "blocked", hold: true, reason: "14 wanted: blocked is 2 (no node has room for 2 pods)",
		},
	} {
		t.Run(c.name, c.test)
	}
}

func TestFloorsAndHolds(t *testing.T) {
	for _, c := range []want{
		{
			name: "unknown holds", in: func(in *Input) { in.Unknown, in.Idle, in.Starting = "Jenkins does not answer", 3, ages(2) },
			agents: 5, term: "unknown", hold: true, reason: "Jenkins does not answer",
		},
		{
			name: "a reason to keep holds", in: func(in *Input) { in.Keep, in.Idle = "Jenkins has restarted 20 s ago", 3 },
			agents: 3, term: "held", hold: true, reason: "3 agents stay, Jenkins has restarted 20 s ago",
		},
		{
			name: "a drained pool keeps busy agents only", in: func(in *Input) { in.Drained, in.Queued, in.Running, in.Busy, in.Idle, in.Min = true, 4, 2, 2, 3, 2 },
			agents: 2, term: "drained", reason: "the pool is drained: 2 agents finish what they run, none starts",
		},
		{
			name: "a manual floor", in: func(in *Input) { in.Manual = Manual{Agents: 4, Until: noon.Add(time.Hour), Reason: "release day"} },
			agents: 4, term: "manual", reason: "4 more started (a person keeps 4 agents until 13:00 UTC: release day)",
		},
		{name: "a manual floor that has ended", in: func(in *Input) { in.Manual = Manual{Agents: 4, Until: noon} }, term: "demand"},
		{
			name: "a schedule", in: func(in *Input) { in.Schedules = []Schedule{{Cron: "0 8 * * *", Duration: 10 * time.Hour, Min: 5}} },
			agents: 5, term: "schedule", reason: `5 more started (schedule "0 8 * * *" keeps 5 agents until 18:00 UTC)`,
		},
		{
			name: "builds that are known to come", in: func(in *Input) {
				in.Soon = []Soon{{At: noon.Add(time.Minute), Builds: 2, Reason: "timer of nightly"}, {At: noon.Add(time.Hour), Builds: 9}}
			},
			agents: 2, term: "soon", reason: "timer of nightly",
		},
	} {
		t.Run(c.name, c.test)
	}
}

func TestNextIsWhenTheDecisionChangesByItself(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     func(*Input)
		next   time.Duration // from noon, 0 for never
		reason string
	}{
		{name: "never", in: func(in *Input) { in.Running, in.Busy = 1, 1 }},
		{name: "a schedule begins", in: func(in *Input) {
			in.Schedules = []Schedule{{Cron: "0 14 * * *", Duration: time.Hour, Min: 2}, {Cron: "0 15 * * *", Duration: time.Hour, Min: 3}}
		}, next: 2 * time.Hour, reason: `schedule "0 14 * * *" begins, with 2 agents`},
		{name: "a schedule ends", in: func(in *Input) {
			in.Schedules = []Schedule{{Cron: "0 11 * * *", Duration: 90 * time.Minute, Min: 2}}
		}, next: 30 * time.Minute, reason: "the schedule ends"},
		{name: "a schedule below what is there changes nothing", in: func(in *Input) {
			in.Schedules, in.Running, in.Busy = []Schedule{{Cron: "0 14 * * *", Duration: time.Hour, Min: 2}}, 4, 4
		}},
		{name: "the manual floor ends", in: func(in *Input) { in.Manual = Manual{Agents: 3, Until: noon.Add(20 * time.Minute)} }, next: 20 * time.Minute, reason: "the manual floor ends"},
		{name: "of two floors the later end counts", in: func(in *Input) {
			in.Manual = Manual{Agents: 3, Until: noon.Add(20 * time.Minute)}
			in.Schedules = []Schedule{{Cron: "0 11 * * *", Duration: 90 * time.Minute, Min: 3}}
		}, next: 30 * time.Minute, reason: "the schedule ends"},
		{name: "a floor that min holds up changes nothing", in: func(in *Input) { in.Min, in.Manual = 3, Manual{Agents: 3, Until: noon.Add(20 * time.Minute)} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := pooled(noon)
			c.in(&in)
			d, _ := Decide(State{}, in)
			want := noon.Add(c.next)
			if c.next == 0 {
				want = time.Time{}
			}
			if !d.Next.Equal(want) || d.NextReason != c.reason {
				t.Errorf("next %s (%q), want %s (%q)", d.Next, d.NextReason, want, c.reason)
			}
		})
	}
}

func TestAllTermsAreTold(t *testing.T) {
	in := pooled(noon)
	in.Queued, in.Quota, in.MaxStep, in.Blocked, in.Busy = 1, 30, 5, "full", 1
	d, _ := Decide(State{}, in)
	var terms, limits []string
	for _, x := range d.Terms {
		terms = append(terms, x.Name)
		if x.Reason == "" {
			t.Errorf("%s has no reason", x.Name)
		}
	}
	for _, x := range d.Limits {
		limits = append(limits, x.Name)
	}
	if want := []string{"demand", "short", "soon", "successors", "hold", "spare", "keep", "min", "schedule", "manual"}; !slices.Equal(terms, want) {
		t.Errorf("terms %q, want %q", terms, want)
	}
	if want := []string{"min", "max", "quota", "blocked", "step"}; !slices.Equal(limits, want) {
		t.Errorf("limits %q, want %q", limits, want)
	}
}

func TestClockJumps(t *testing.T) {
	var s State
	now := noon
	look := func(at time.Time, queued int) Decision {
		in := pooled(at)
		in.Queued, in.Running, in.Busy, in.Idle = queued, 4, 4, 1
		var d Decision
		d, s = Decide(s, in)
		return d
	}
	look(now, 0)
	for _, jump := range []time.Duration{-time.Hour, time.Hour, noon.Sub(time.Unix(0, 0)) * -1, noon.Sub(time.Unix(0, 0)), 80 * 365 * 24 * time.Hour, -80 * 365 * 24 * time.Hour} {
		now = now.Add(jump)
		d := look(now, 3)
		if back := jump < 0; d.Hold && d.Term == "clock" != back || back && d.Agents != 5 {
			t.Errorf("after a jump of %s: %d agents by %s, %q", jump, d.Agents, d.Term, d.Reason)
		}
		now = now.Add(5 * time.Second)
		if d := look(now, 3); d.Term != "short" || d.Agents != 8 {
			t.Errorf("5 s after a jump of %s: %d agents by %s, %q", jump, d.Agents, d.Term, d.Reason)
		}
		now = now.Add(5 * time.Second)
		look(now, 0)
	}
}
