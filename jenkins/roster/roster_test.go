package roster_test

import (
	"fmt"
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// start is when all tests begin.
var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// scene is a pool at one moment, as tests tell it; it keeps what is remembered from one moment to the next.
type scene struct {
	t        *testing.T
	pool     pool.Pool
	now      time.Time
	session  string
	unknown  string
	pods     []roster.Pod
	nodes    []jenkins.Computer
	resuming []string
	memory   roster.Memory
	last     *jenkins.Snapshot
}

// watched is a pool of pods that have been known to Jenkins for long.
func watched(t *testing.T, names ...string) *scene {
	t.Helper()
	s := &scene{t: t, now: start, session: "one", pool: pool.Pool{
		Namespace: "ci", Name: "linux", Spec: pool.Spec{Target: pool.Target{Kind: "ReplicaSet", Name: "agent"}, Labels: []string{"linux"}, Executors: 1, Max: 10},
	}}
	for _, n := range names {
		s.pods = append(s.pods, running(n))
		s.nodes = append(s.nodes, online(n))
	}
	s.after(0)
	s.after(2 * time.Minute)
	return s
}

// running is a pod whose agent may have registered.
func running(name string) roster.Pod {
	return roster.Pod{
		Namespace: "ci", Name: name, UID: "uid-" + name, Created: start.Add(-time.Hour), Node: "worker", Phase: "Running", Ready: true, Ordinal: -1, Template: "t1",
	}
}

// pending is a pod that has not started.
func pending(name string, created time.Time) roster.Pod {
	return roster.Pod{Namespace: "ci", Name: name, UID: "uid-" + name, Created: created, Phase: "Pending", Ordinal: -1, NeverRan: true, Template: "t1"}
}

// online is the node of an agent that waits for a build.
func online(name string) jenkins.Computer {
	return jenkins.Computer{
		Name: name, Description: "Swarm agent from 10.0.0.7: pod ci/" + name + " uid-" + name, Labels: []string{name, "linux", "swarm"}, Executors: 1, Idle: true, Connected: true,
	}
}

func busy(c jenkins.Computer, urls ...string) jenkins.Computer {
	c.Idle, c.Busy, c.Builds = false, max(1, len(urls)), nil
	for _, u := range urls {
		c.Builds = append(c.Builds, jenkins.Build{URL: u})
	}
	return c
}

func parked(c jenkins.Computer, why string) jenkins.Computer {
	c.Offline, c.Parked, c.OfflineReason = true, true, why
	return c
}

func cut(c jenkins.Computer, why string) jenkins.Computer {
	c.Offline, c.Connected, c.OfflineReason = true, false, why
	return c
}

func marked(p roster.Pod) roster.Pod {
	p.Drain, p.Cost = "surplus: enough", -1<<31
	return p
}

// ours is the offline cause of a node that majordomo has parked.
const ours = roster.Marker + " ci/linux: surplus: enough"

// after lets time pass, reads Jenkins and returns the roster.
func (s *scene) after(d time.Duration) roster.Roster {
	s.t.Helper()
	s.now = s.now.Add(d)
	if s.unknown == "" {
		s.last = &jenkins.Snapshot{At: s.now, Session: s.session, User: "scaler", Computers: append([]jenkins.Computer{
			{Name: "Built-In Node", BuiltIn: true, Idle: true, Connected: true}, {Name: "sentinel", Offline: true, Idle: true, Labels: []string{"reconciler-sentinel"}},
		}, s.nodes...)}
	}
	return s.again()
}

// again makes the roster from what was read last.
func (s *scene) again() roster.Roster {
	s.t.Helper()
	in := roster.Input{Now: s.now, Pool: &s.pool, Pods: s.pods, Snapshot: s.last, Unknown: s.unknown, Resuming: s.resuming}
	r, m := roster.Join(s.memory, in)
	s.memory = m
	return r
}

// agent returns the agent of a name.
func agent(t *testing.T, r roster.Roster, name string) roster.Agent {
	t.Helper()
	for _, a := range r.Agents {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("there is no agent %s in %s", name, states(r))
	return roster.Agent{}
}

// states writes who is in which state.
func states(r roster.Roster) string {
	out := ""
	for i, a := range r.Agents {
		if i > 0 {
			out += " "
		}
		out += fmt.Sprintf("%s=%s", a.Name, a.State)
	}
	return out
}
