package drain_test

import (
	"fmt"
	"strings"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sceneOf is what a plan is made from; the changes make it interesting.
type sceneOf struct {
	drain.Input
}

// fleetOf is a pool whose agents a, b, c ... are idle, a since longest, with a controller that has nothing left to do.
func fleetOf(kind string, n, desired int) *sceneOf {
	s := &sceneOf{drain.Input{
		Now: noon, Pool: &pool.Pool{Namespace: "ci", Name: "linux", Annotations: map[string]string{}}, Desired: desired, Max: 10, Stable: noon.Add(-time.Hour),
		Target: drain.Target{Kind: kind, Name: "agent", Replicas: n, Seen: n, Settled: true, Template: "t1"},
		Gates:  []pool.Gate{{Name: drain.Fresh, Open: true}},
	}}
	for i := range n {
		name := string(rune('a' + i))
		p := &roster.Pod{
			Name: name, UID: "uid-" + name, Created: noon.Add(-time.Hour), Node: "worker", Phase: "Running", Ready: true, Owner: "target", Template: "t1", Ordinal: -1,
		}
		if kind == "StatefulSet" {
			p.Ordinal = i
		}
		s.Agents = append(s.Agents, roster.Agent{
			Name: name, Pod: p, State: roster.Idle, Since: noon.Add(-time.Hour + time.Duration(i)*time.Minute), Registered: noon.Add(-time.Hour), Weighed: noon.Add(-time.Hour),
			Computer: &jenkins.Computer{Name: name, Idle: true, Connected: true, Executors: 1},
		})
	}
	return s
}

// on changes agents.
func (s *sceneOf) on(names string, changes ...func(*roster.Agent)) *sceneOf {
	for i := range s.Agents {
		if strings.Contains(names, s.Agents[i].Name) {
			for _, c := range changes {
				c(&s.Agents[i])
			}
		}
	}
	return s
}

func (s *sceneOf) shut(name, why string) *sceneOf {
	s.Gates = append(s.Gates, pool.Gate{Name: name, Reason: why})
	return s
}

func (s *sceneOf) wish(agent string, cause drain.Cause, more func(*drain.Wish)) *sceneOf {
	w := drain.Wish{Agent: agent, Cause: cause, Reason: "why not"}
	if more != nil {
		more(&w)
	}
	s.Wishes = append(s.Wishes, w)
	return s
}

func working(a *roster.Agent) {
	a.Computer.Idle, a.Computer.Busy, a.Computer.Builds = false, 1, []jenkins.Build{{Name: "deploy #12", URL: "http://jenkins/job/deploy/12/"}}
	if a.State == roster.Idle {
		a.State = roster.Busy
	}
}

// unstarted is an agent nothing of which ever ran.
func unstarted(a *roster.Agent) {
	a.State, a.Computer, a.Registered = roster.Starting, nil, time.Time{}
	a.Pod.NeverRan, a.Pod.Phase, a.Pod.Ready, a.Pod.Node = true, "Pending", false, ""
}

// unregistered is an agent that runs, and that Jenkins does not know.
func unregistered(a *roster.Agent) {
	a.State, a.Computer, a.Registered = roster.Starting, nil, time.Time{}
}

func mark(cause drain.Cause) func(*roster.Agent) {
	return func(a *roster.Agent) {
		a.State, a.Pod.Drain, a.Pod.Cost = roster.Draining, string(cause)+": why not", drain.CostIdle
		if a.Computer != nil && roster.Working(*a.Computer) {
			a.Pod.Cost = drain.CostWorking
		}
	}
}

func park(a *roster.Agent) {
	a.Computer.Offline, a.Computer.Parked, a.Computer.OfflineReason = true, true, drain.Marker+" ci/linux: surplus: enough"
}

// seen is an agent that was seen without work, so often.
func seen(times int) func(*roster.Agent) {
	return func(a *roster.Agent) { a.IdleReads = times }
}

// lines writes the steps.
func lines(p drain.Plan) string {
	var out []string
	for _, s := range p.Steps {
		line := string(s.Op)
		switch s.Op {
		case drain.Scale:
			line += fmt.Sprint(" ", s.Replicas)
			if len(s.Agents) > 0 {
				line += fmt.Sprint(" ", s.Agents)
			}
		case drain.Mark:
			line += " " + s.Agent + " " + string(s.Cause)
			if s.Cost == drain.CostWorking {
				line += ", working"
			}
		case drain.Forget:
			line += " " + s.Node
		case drain.Unmark, drain.Park, drain.Unpark, drain.Delete:
			line += " " + s.Agent
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}
