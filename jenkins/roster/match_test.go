package roster_test

import (
	"testing"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/roster"
)

func TestWhichNodeIsWhichPod(t *testing.T) {
	t.Parallel()
	described := func(name, description string) jenkins.Computer {
		return jenkins.Computer{Name: name, Description: description}
	}
	pod := roster.Pod{Namespace: "ci", Name: "agent-x2x4z", UID: "8a1c-77"}
	for _, c := range []struct {
		rule string
		node jenkins.Computer
		want bool
	}{
		{"the description names the pod, whatever the node is called", described("worker", "Swarm agent from 10.0.0.7: pod ci/agent-x2x4z 8a1c-77"), true},
		{"a description of nothing but the pod", described("worker", "pod ci/agent-x2x4z 8a1c-77 \n"), true},
		{"the description names an earlier pod of that name", described("agent-x2x4z", "Swarm agent from 10.0.0.7: pod ci/agent-x2x4z 9999"), false},
		{"the description says something else, the name is the pod's", described("agent-x2x4z", "a pod of mine"), true},
		{"the name is the pod's with the swarm client's eight hex digits", described("agent-x2x4z-0d6ec467", ""), true},
		{"eight digits that are not hex", described("agent-x2x4z-0d6ec46g", ""), false},
		{"seven hex digits", described("agent-x2x4z-0d6ec46", ""), false},
		{"another name", described("agent-x2x4y", ""), false},
		{"the built-in node is nobody's", jenkins.Computer{Name: "agent-x2x4z", BuiltIn: true}, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			if got := roster.Belongs(pod, c.node); got != c.want {
				t.Errorf("Belongs(%+v, %+v) = %v, want %v", pod, c.node, got, c.want)
			}
		})
	}
}

func TestWhoseNodeIsLeftBehind(t *testing.T) {
	t.Parallel()
	gone := func(name, description string) jenkins.Computer {
		return jenkins.Computer{Name: name, Description: description, Offline: true, Idle: true, Executors: 1}
	}
	for _, c := range []struct {
		rule, kind string
		node       jenkins.Computer
		want       string
	}{
		{"a pod that the target may have made", "ReplicaSet", gone("agent-bbbbc", "pod ci/agent-bbbbc old"), "agent-vvvvv=idle agent-bbbbc=ghost"},
		{"of another namespace", "ReplicaSet", gone("agent-bbbbc", "pod other/agent-bbbbc old"), "agent-vvvvv=idle"},
		{"of another target whose name begins alike", "ReplicaSet", gone("agent-linux-bbbbc", "pod ci/agent-linux-bbbbc old"), "agent-vvvvv=idle"},
		{"the other target's own name looks like a pod's", "ReplicaSet", gone("agent-linux", "pod ci/agent-linux old"), "agent-vvvvv=idle"},
		{"a static node", "ReplicaSet", gone("agent-7", "the old Sun in the cellar"), "agent-vvvvv=idle"},
		{"of a Deployment", "Deployment", gone("x", "pod ci/agent-7c9d8b6f5-bbbbc old"), "agent-vvvvv=idle x=ghost"},
		{"a ReplicaSet's, for a Deployment", "Deployment", gone("x", "pod ci/agent-bbbbc old"), "agent-vvvvv=idle"},
		{"of a StatefulSet", "StatefulSet", gone("agent-12", "pod ci/agent-12 old"), "agent-vvvvv=idle agent-12=ghost"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := watched(t, "agent-vvvvv")
			s.pool.Spec.Target.Kind = c.kind
			s.nodes = append(s.nodes, c.node)
			if got := states(s.after(poll)); got != c.want {
				t.Errorf("agents are %s, want %s", got, c.want)
			}
		})
	}
}

func TestANodeThatWasOursStaysOursWithoutADescription(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.pods = []roster.Pod{running("agent-bbbbc")}
	s.nodes = []jenkins.Computer{{Name: "agent-bbbbc-0d6ec467", Idle: true, Connected: true, Executors: 1, Labels: []string{"linux"}}}
	if got := states(s.after(poll)); got != "agent-bbbbc=idle" {
		t.Fatalf("agents are %s", got)
	}
	s.pods = nil
	s.nodes[0] = cut(s.nodes[0], "")
	for range 3 {
		if got := states(s.after(poll)); got != "agent-bbbbc-0d6ec467=ghost" {
			t.Errorf("agents are %s, want the node as a ghost", got)
		}
	}
}

func TestOfTwoNodesForOnePodTheOneWithTheBuildCounts(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	second := online("agent-bbbbc")
	second.Name = "agent-bbbbc-0d6ec467"
	s.nodes = append(s.nodes, busy(second, "http://jenkins/job/x/1/"))
	a := agent(t, s.after(poll), "agent-bbbbc")
	if a.State != roster.Busy || a.Node() != second.Name || len(a.Twins) != 1 {
		t.Errorf("state %s, node %s, twins %v; want busy, %s, and the other as its twin", a.State, a.Node(), a.Twins, second.Name)
	}
	if a.Reason == "" {
		t.Error("it is not said that two nodes are one pod")
	}
	// The old one loses its connection: it is a ghost then, and does not matter to the agent.
	s.nodes[0] = cut(s.nodes[0], "")
	r := s.after(poll)
	if got := states(r); got != "agent-bbbbc=busy agent-bbbbc=ghost" {
		t.Errorf("agents are %s, want the old node as a ghost", got)
	}
	if a := agent(t, r, "agent-bbbbc"); len(a.Twins) != 0 {
		t.Errorf("twins are %v, want none", a.Twins)
	}
}

func TestAgentsUnderNamesThatTellNothingAreNotTakenForLost(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.pods = []roster.Pod{running("agent-bbbbc")}
	s.pods[0].Drain = "manual: node work"
	s.nodes = []jenkins.Computer{{Name: "builder-17", Idle: false, Busy: 1, Connected: true, Executors: 1, Labels: []string{"builder-17", "linux"}}}
	for range 20 {
		a := agent(t, s.after(roster.Gap/2), "agent-bbbbc")
		if a.Unsure == "" || a.IdleReads != 0 {
			t.Fatalf("unsure %q, seen idle %d times; want a doubt, and never idle", a.Unsure, a.IdleReads)
		}
	}
	// Once one agent of that template has been found, the rest would be as well.
	s.pods = append(s.pods, running("agent-ccccd"))
	s.nodes = append(s.nodes, online("agent-ccccd"))
	if a := agent(t, s.after(poll), "agent-bbbbc"); a.Unsure != "" {
		t.Errorf("unsure %q, want no doubt", a.Unsure)
	}
}

func TestNodesWithOtherLabelsRaiseNoDoubt(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.pods = []roster.Pod{running("agent-bbbbc")}
	s.nodes = []jenkins.Computer{{Name: "mac-1", Idle: true, Connected: true, Executors: 1, Labels: []string{"mac-1", "macos"}}}
	if a := agent(t, s.after(poll), "agent-bbbbc"); a.Unsure != "" {
		t.Errorf("unsure %q, want no doubt", a.Unsure)
	}
}
