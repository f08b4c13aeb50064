package timeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

var t0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// calm is a state in which nothing happens.
func calm() window.State {
	return window.State{
		At: t0.Add(time.Hour), Program: window.Program{Version: "1.0", Started: t0, Leader: true}, Source: window.Source{LastSuccess: t0, Revision: commitA},
		Environments: []window.Environment{{
			Name: "gke", State: window.Ready, Reason: "commit aaaaaaa is applied, and all of its 2 objects are ready", Revision: commitA,
			Checks: []status.Condition{{Type: status.Ready, Status: status.True}}, Repairs: 7,
			Sync:    &status.Sync{Time: t0, Trigger: status.Poll, Created: 2},
			History: []status.Past{{Revision: commitA, Time: t0, Result: status.ResultSynced, Changes: 2}},
		}},
		Pools: []window.Pool{{
			Environment: "gke", Namespace: "jenkins", Name: "linux", Jenkins: "http://jenkins", State: window.Ready, Reason: "2 builds run",
			History: []window.Change{{At: t0, From: 0, To: 2, Reason: "2 builds wait"}}, Rollout: &window.Rollout{Phase: "Complete", Total: 2, Updated: 2},
		}},
		Masters: []window.Master{{Environment: "gke", Namespace: "jenkins", URL: "http://jenkins", Up: true}},
	}
}

// later is the calm state after something has happened.
func later(change func(*window.State)) window.State {
	s := calm()
	s.At = s.At.Add(time.Minute)
	change(&s)
	return s
}

func env(change func(*window.Environment)) func(*window.State) {
	return func(s *window.State) { change(&s.Environments[0]) }
}

func linux(change func(*window.Pool)) func(*window.State) {
	return func(s *window.State) { change(&s.Pools[0]) }
}

// synced is a sync one second later.
func synced(revision, result string, changes int, trigger status.Trigger) func(*window.State) {
	return env(func(e *window.Environment) {
		at := t0.Add(time.Second)
		e.Revision, e.Sync = revision, &status.Sync{Time: at, Trigger: trigger, Updated: changes}
		e.History = append([]status.Past{{Revision: revision, Time: at, Result: result, Changes: changes}}, e.History...)
	})
}

func both(changes ...func(*window.State)) func(*window.State) {
	return func(s *window.State) {
		for _, c := range changes {
			c(s)
		}
	}
}

func repaired(objects ...string) func(*window.State) {
	return env(func(e *window.Environment) {
		for _, o := range objects {
			d := status.Drift{Time: t0.Add(2 * time.Second), Object: o, Fields: []string{"spec.type"}, Manager: "kubectl-edit"}
			e.Drift, e.Recent = &d, append([]status.Drift{d}, e.Recent...)
			e.Repairs++
		}
	})
}

func failing(kind, message string) func(*window.State) {
	return env(func(e *window.Environment) {
		e.Checks = append(e.Checks, status.Condition{Type: kind, Status: status.False, Message: message})
	})
}

func state(word, reason string) func(*window.State) {
	return env(func(e *window.Environment) { e.State, e.Reason = word, reason })
}

func poolState(word, reason string, since time.Duration) func(*window.State) {
	return linux(func(p *window.Pool) {
		p.State, p.Reason = word, reason
		p.Checks = []window.Check{{Type: limited, Since: calm().At.Add(time.Minute - since)}}
	})
}

var happenings = map[string]struct {
	change func(*window.State)
	want   []window.Entry
}{
	"nothing": {func(*window.State) {}, nil},
	"a commit is applied": {synced(commitB, status.ResultSynced, 3, status.Webhook), []window.Entry{
		{Kind: window.Synced, Environment: "gke", Text: "commit bbbbbbb is applied: 0 created, 3 changed, 0 pruned", Revision: commitB},
	}},
	"a commit is applied in part": {
		both(synced(commitB, status.ResultFailed, 3, status.Poll), failing(status.Applied, "1 of 3 objects could not be applied: quota")),
		[]window.Entry{{Kind: window.Synced, Environment: "gke", Text: "1 of 3 objects could not be applied: quota", Revision: commitB, Bad: true}},
	},
	"a commit is refused": {
		both(env(func(e *window.Environment) {
			e.History = append([]status.Past{{Revision: commitB, Time: t0.Add(time.Second), Result: status.ResultRefused}}, e.History...)
		}), failing(status.Rendered, "commit bbbbbbb is refused: no such file; commit aaaaaaa stays in force until a commit mends it")),
		[]window.Entry{{
			Kind: window.Synced, Environment: "gke", Revision: commitB, Bad: true,
			Text: "commit bbbbbbb is refused: no such file; commit aaaaaaa stays in force until a commit mends it",
		}},
	},
	"drift is repaired": {both(synced(commitA, status.ResultSynced, 1, status.Drifted), repaired("Service jenkins/jenkins")), []window.Entry{{
		Kind: window.Drifted, Environment: "gke", Revision: commitA, Actor: "kubectl-edit",
		Text: "Service jenkins/jenkins was changed (spec.type) by kubectl-edit, and is put right",
	}}},
	"two repairs at once": {repaired("Service a/b", "Service a/c"), []window.Entry{
		{Kind: window.Drifted, Environment: "gke", Revision: commitA, Actor: "kubectl-edit", Text: "Service a/b was changed (spec.type) by kubectl-edit, and is put right"},
		{Kind: window.Drifted, Environment: "gke", Revision: commitA, Actor: "kubectl-edit", Text: "Service a/c was changed (spec.type) by kubectl-edit, and is put right"},
	}},
	"a fight": {env(func(e *window.Environment) { e.Fights = []status.Fight{{Object: "Service a/b", Manager: "helm"}} }), []window.Entry{
		{Kind: window.Drifted, Environment: "gke", Text: "helm keeps changing Service a/b back", Actor: "helm", Bad: true},
	}},
	"a prune is held": {
		both(env(func(e *window.Environment) { e.Held = &status.Held{Hash: "1234", Reason: "7 of 9 objects would go"} }), state(window.Held, "7 of 9 objects would go")),
		[]window.Entry{{Kind: window.Hold, Environment: "gke", Text: "7 of 9 objects would go", Revision: commitA, Bad: true}},
	},
	"an environment stalls": {state(window.Stalled, "no route to host"), []window.Entry{
		{Kind: window.Turned, Environment: "gke", Text: "Stalled: no route to host", Bad: true},
	}},
	"an environment is on its way": {state(window.Reconciling, "1 of 2 objects are ready"), nil},
	"the fleet decides": {linux(func(p *window.Pool) {
		p.History = append([]window.Change{{At: t0.Add(2 * time.Second), From: 3, To: 1, Reason: "idle"}, {At: t0.Add(time.Second), From: 2, To: 3, Reason: "1 waits"}}, p.History...)
	}), []window.Entry{
		{Kind: window.Scaled, Environment: "gke", Pool: "gke/jenkins/linux", Text: "1 waits", From: 2, To: 3},
		{Kind: window.Scaled, Environment: "gke", Pool: "gke/jenkins/linux", Text: "idle", From: 3, To: 1},
	}},
	"a rollout begins": {linux(func(p *window.Pool) {
		p.Rollout = &window.Rollout{Phase: "Canary", Updated: 1, Total: 2, Reason: "the first agent is watched"}
	}), []window.Entry{
		{Kind: window.Rolled, Environment: "gke", Pool: "gke/jenkins/linux", Text: "Canary: 1 of 2 agents have the new template; the first agent is watched"},
	}},
	"a pool is at its limits for a moment": {poolState(window.Limited, "max 9", 5*time.Second), nil},
	"a pool is at its limits": {poolState(window.Limited, "max 9", 2*time.Minute), []window.Entry{
		{Kind: window.Turned, Environment: "gke", Pool: "gke/jenkins/linux", Text: "Limited: max 9"},
	}},
	"a pool is suspended": {poolState(window.Suspended, "holiday", 0), []window.Entry{
		{Kind: window.Turned, Environment: "gke", Pool: "gke/jenkins/linux", Text: "Suspended: holiday"},
	}},
	"Jenkins is down": {both(poolState(window.Waiting, "no answer", 0), func(s *window.State) { s.Masters[0].Up, s.Masters[0].Reason = false, "no answer" }), []window.Entry{
		{Kind: window.Jenkins, Environment: "gke", Text: "Jenkins http://jenkins: no answer", Bad: true},
	}},
	"a pool waits though Jenkins is up": {poolState(window.Waiting, "Jenkins is shutting down", 0), []window.Entry{
		{Kind: window.Turned, Environment: "gke", Pool: "gke/jenkins/linux", Text: "Waiting: Jenkins is shutting down"},
	}},
	"a pool waits for the first answer": {both(poolState(window.Waiting, "Jenkins has not been read yet", 0), func(s *window.State) { s.Masters = nil }), nil},
	"the repository is silent": {func(s *window.State) { s.Source.Error = "no route to host" }, []window.Entry{
		{Kind: window.Reported, Text: "no route to host", Bad: true},
	}},
	"another process leads": {func(s *window.State) { *s = window.State{At: s.At, Program: window.Program{Started: t0}} }, []window.Entry{
		{Kind: window.Reported, Text: "this process does not lead any more: it waits for another one to end", Bad: true},
	}},
	"a restart": {func(s *window.State) { s.Program.Started = s.At }, []window.Entry{
		{Kind: window.Reported, Text: "this process leads: majordomo 1.0 keeps environments and pools"},
	}},
	"a panic": {func(s *window.State) { s.Program.Panics = 1 }, []window.Entry{
		{Kind: window.Reported, Text: "panics that were recovered: 1; the log has them", Bad: true},
	}},
	"the loop is stuck": {func(s *window.State) { s.Program.Alive = "for 5m" }, []window.Entry{{Kind: window.Reported, Text: "for 5m", Bad: true}}},
}

// without leaves out times, which have a test of their own.
func without(list []window.Entry) []window.Entry {
	var out []window.Entry
	for _, e := range list {
		e.At = time.Time{}
		out = append(out, e)
	}
	return out
}

func TestEachThingIsToldOnce(t *testing.T) {
	for name, c := range happenings {
		t.Run(name, func(t *testing.T) {
			before := Remember(window.State{}, calm())
			after := later(c.change)
			got := Entries(before, after)
			if diff := cmp.Diff(c.want, without(got)); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			for _, e := range got {
				if e.At.IsZero() || e.At.After(after.At) {
					t.Errorf("%q is of %v", e.Text, e.At)
				}
			}
			seen := Remember(before, after)
			if again := Entries(seen, after); len(again) > 0 {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

// What was remembered on the disk is compared with a process that has just started and sees nothing yet, and then with what it sees.
func TestNothingIsToldAgainAfterARestart(t *testing.T) {
	for name, c := range happenings {
		if name == "a pool is at its limits for a moment" {
			continue // it is so still, and no longer for a moment only
		}
		before := later(c.change)
		seen := Remember(Remember(window.State{}, calm()), before)
		var told []window.Entry
		look := func(s window.State) {
			s.Program.Started, s.At = t0.Add(2*time.Hour), t0.Add(2*time.Hour)
			told = append(told, Entries(seen, s)...)
			seen = Remember(seen, s)
		}
		look(window.State{})
		look(window.State{Program: window.Program{Leader: true}, Environments: []window.Environment{{Name: "gke", State: window.Unknown}}})
		unread := before
		unread.Masters = []window.Master{{Environment: "gke", Namespace: "jenkins", URL: "http://jenkins"}}
		unread.Program.Leader, unread.Program.Panics, unread.Program.Alive = true, 0, ""
		look(unread)
		unread.Masters = before.Masters
		look(unread)
		if len(told) != 1 || told[0].Text[:18] != "this process leads" {
			t.Errorf("%s: after a restart it is told %+v", name, told)
		}
	}
}

func TestWhatIsOverIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*window.State)
		want   string
	}{
		"an environment stalls":    {state(window.Stalled, "no route to host"), "Ready: commit aaaaaaa is applied, and all of its 2 objects are ready"},
		"Jenkins is down":          {func(s *window.State) { s.Masters[0].Up, s.Masters[0].Reason = false, "no answer" }, "Jenkins http://jenkins answers again"},
		"the repository is silent": {func(s *window.State) { s.Source.Error = "no route to host" }, "the config repository answers again"},
		"the loop is stuck":        {func(s *window.State) { s.Program.Alive = "for 5m" }, "the loop makes progress again"},
		"a prune is held":          {env(func(e *window.Environment) { e.Held = &status.Held{Hash: "1"} }), status.Released},
	} {
		t.Run(name, func(t *testing.T) {
			seen := Remember(Remember(window.State{}, calm()), later(c.change))
			onTheWay := later(both(c.change, env(func(e *window.Environment) { e.State = window.Reconciling })))
			if got := Entries(seen, onTheWay); len(got) != 0 {
				t.Errorf("on the way back: %+v", got)
			}
			seen = Remember(seen, onTheWay)
			over := calm()
			over.At = over.At.Add(time.Hour)
			if got := Entries(seen, over); len(got) != 1 || got[0].Text != c.want || got[0].Bad {
				t.Errorf("afterwards: %+v, want %q", got, c.want)
			}
		})
	}
}

func TestAnEnvironmentThatIsNewIsToldAsFarAsItsHistoryGoes(t *testing.T) {
	s := calm()
	s.Program, s.Pools[0].State, s.Environments[0].Repairs = window.Program{}, window.Ready, 57
	got := without(Entries(window.State{}, s))
	want := []window.Entry{
		{Kind: window.Synced, Environment: "gke", Text: "commit aaaaaaa is applied: 2 created, 0 changed, 0 pruned", Revision: commitA},
		{Kind: window.Scaled, Environment: "gke", Pool: "gke/jenkins/linux", Text: "2 builds wait", To: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// However many changes are looked at together, and wherever the process restarts, each decision and each repair is told once.
func TestLooksMayMissStatesButNothingThatHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := calm()
		seen := Remember(window.State{}, s)
		decisions, repairs := 0, 0
		var told []window.Entry
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			s.At = s.At.Add(time.Second)
			p, e := &s.Pools[0], &s.Environments[0]
			switch rapid.SampledFrom([]string{"decide", "repair", "look", "restart"}).Draw(t, "step") {
			case "decide":
				decisions++
				p.History = append([]window.Change{{At: s.At, From: decisions, To: decisions + 1, Reason: fmt.Sprint("decision ", decisions)}}, p.History...)
				p.History = p.History[:min(len(p.History), 30)]
			case "repair":
				if e.Repairs-seen.Environments[0].Repairs == status.MaxRecent {
					continue
				}
				repairs++
				d := status.Drift{Time: t0, Object: "Service a/b"} // they may even look alike
				e.Recent, e.Drift, e.Repairs = append([]status.Drift{d}, e.Recent...), &d, e.Repairs+1
				e.Recent = e.Recent[:min(len(e.Recent), status.MaxRecent)]
			case "restart":
				told = append(told, Entries(seen, s)...)
				seen = Remember(seen, s)
				nothing := window.State{At: s.At, Program: window.Program{Started: s.At}}
				told = append(told, Entries(seen, nothing)...)
				seen = Remember(seen, nothing)
				s.Program.Started, e.Recent = s.At, nil
			case "look":
				told = append(told, Entries(seen, s)...)
				seen = Remember(seen, s)
			}
			p.History = p.History[:min(len(p.History), 30)]
		}
		told = append(told, Entries(seen, s)...)
		count := map[window.Kind]int{}
		for _, e := range told {
			count[e.Kind]++
			if e.Kind == window.Scaled && e.Text != fmt.Sprint("decision ", count[e.Kind]) {
				t.Errorf("decision %d is %q", count[e.Kind], e.Text)
			}
		}
		if count[window.Drifted] != repairs || count[window.Scaled] < min(decisions, 30) || count[window.Scaled] > decisions {
			t.Errorf("%d repairs and %d decisions are told, want %d and %d", count[window.Drifted], count[window.Scaled], repairs, decisions)
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	var s window.State
	for i := range 3 * maxPools {
		s.Environments = append(s.Environments, window.Environment{Name: fmt.Sprint(i), Checks: []status.Condition{{}}})
		s.Pools = append(s.Pools, window.Pool{Name: fmt.Sprint(i), Agents: make([]window.Agent, 100)})
		s.Masters = append(s.Masters, window.Master{URL: fmt.Sprint(i), Up: true})
		if len(s.Pools) == maxPools-1 {
			seen := Remember(window.State{}, s)
			if len(seen.Pools) != maxPools-1 || seen.Pools[0].Agents != nil {
				t.Errorf("%d pools are remembered, with %d agents", len(seen.Pools), len(seen.Pools[0].Agents))
			}
			var next window.State
			for k := range 5 {
				next.Pools = append(next.Pools, window.Pool{Name: fmt.Sprint("new", k)})
			}
			if seen = Remember(seen, next); len(seen.Pools) != maxPools || len(seen.Environments) != maxEnvironments && len(seen.Environments) > maxPools {
				t.Errorf("%d pools are remembered, want %d", len(seen.Pools), maxPools)
			}
			return
		}
	}
}
