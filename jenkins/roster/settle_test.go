package roster_test

import (
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/roster"
)

func TestAfterARestartAgentsAreExpectedBack(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	nodes := s.nodes
	s.nodes[1] = busy(s.nodes[1], "http://jenkins/job/pipe/1/")
	s.after(poll)

	s.session, s.nodes = "two", nil // swarm nodes are gone, their pods go on
	r := s.after(poll)
	if got := states(r); got != "agent-bbbbc=starting agent-ccccd=starting" || !strings.Contains(r.Settling, "Jenkins has restarted: 2 of its agents are expected back") {
		t.Fatalf("agents are %s, settling %q; want both to be expected back", got, r.Settling)
	}
	if want := s.now.Add(roster.Resume); !r.Until.Equal(want) {
		t.Errorf("settled at %s at the latest, want %s", r.Until, want)
	}
	s.nodes = nodes[:1]
	if r = s.after(20 * time.Second); !strings.Contains(r.Settling, "1 of its agents are expected back") {
		t.Errorf("settling %q, want one agent to be missing", r.Settling)
	}
	s.nodes = append(s.nodes, online("agent-ccccd"))
	if r = s.after(2 * time.Minute); !strings.Contains(r.Settling, "may get back the builds") {
		t.Errorf("settling %q, want the build of the second to be expected back", r.Settling)
	}
	s.nodes[1] = busy(s.nodes[1], "http://jenkins/job/pipe/1/")
	if r = s.after(poll); r.Settling != "" {
		t.Errorf("settling %q though all is back", r.Settling)
	}
	if a := agent(t, r, "agent-ccccd"); a.Builds != 1 || a.Finished != 0 {
		t.Errorf("%d builds begun and %d finished, want the one that goes on", a.Builds, a.Finished)
	}
}

func TestAllBackAtOncePipelinesStillNeedAMoment(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	s.session = "two"
	if r := s.after(poll); !strings.Contains(r.Settling, "pipelines have 1m0s") {
		t.Errorf("settling %q right after the start, want a moment for pipelines", r.Settling)
	}
	if r := s.after(roster.Calm); r.Settling != "" {
		t.Errorf("settling %q after that moment", r.Settling)
	}
}

func TestWhoDoesNotComeBackIsLostInTheEnd(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	s.session, s.nodes = "two", nil
	begin := s.now
	for s.now.Sub(begin) < roster.Resume {
		if r := s.after(20 * time.Second); r.Agents[0].State != roster.Starting || r.Settling == "" {
			t.Fatalf("after %s the agent is %s, settling %q; want it to be expected back", s.now.Sub(begin), r.Agents[0].State, r.Settling)
		}
	}
	last := s.now
	r := s.after(poll + 20*time.Second)
	if r.Agents[0].State != roster.Lost || r.Settling != "" {
		t.Errorf("the agent is %s, settling %q; want it lost", r.Agents[0].State, r.Settling)
	}
	if r.Known.Before(last) {
		t.Errorf("Jenkins counts as known since %s, want %s: the time before says nothing", r.Known, last)
	}
}

func TestASecondRestartBeginsAnew(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	s.session, s.nodes = "two", nil
	s.after(poll)
	s.after(4 * time.Minute)
	s.session = "three"
	if r := s.after(poll); !r.Until.Equal(s.now.Add(roster.Resume)) {
		t.Errorf("settled at %s at the latest, want %s", r.Until, s.now.Add(roster.Resume))
	}
}

func TestManyAgentsThatVanishAtOnceAreExpectedBack(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd", "agent-ddddf")
	all := s.nodes
	s.nodes = all[:1]
	r := s.after(poll)
	if !strings.Contains(r.Settling, "2 agents vanished from Jenkins at once") {
		t.Errorf("settling %q, want it to say that two vanished", r.Settling)
	}
	if got := states(r); got != "agent-bbbbc=idle agent-ccccd=starting agent-ddddf=starting" {
		t.Errorf("agents are %s", got)
	}
	s.nodes = all
	s.after(poll)
	if r = s.after(roster.Calm); r.Settling != "" {
		t.Errorf("settling %q though they are back", r.Settling)
	}
}

func TestOneAgentThatVanishesIsLost(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd", "agent-ddddf")
	s.nodes = s.nodes[:2]
	r := s.after(poll)
	if got := states(r); got != "agent-bbbbc=idle agent-ccccd=idle agent-ddddf=lost" || r.Settling != "" {
		t.Errorf("agents are %s, settling %q", got, r.Settling)
	}
}

func TestAgentsWhosePodsGoDoNotVanish(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd", "agent-ddddf")
	s.nodes = nil
	s.pods[0].Deleting, s.pods[1].Deleting, s.pods[2].Phase = true, true, "Failed"
	if r := s.after(poll); r.Settling != "" {
		t.Errorf("settling %q", r.Settling)
	}
}

func TestWhoBeginsToWatchLetsAllComeBackFirst(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	s.memory = roster.Memory{} // the process has crashed, and its memory is lost
	all := s.nodes
	s.nodes = all[:1]
	r := s.after(poll)
	if !strings.Contains(r.Settling, "just begun to watch") || r.Agents[1].State != roster.Starting {
		t.Errorf("settling %q, the second agent is %s; want it to be expected back", r.Settling, r.Agents[1].State)
	}
	s.nodes = all
	s.after(poll)
	if r = s.after(roster.Calm); r.Settling != "" {
		t.Errorf("settling %q though they are back", r.Settling)
	}
}

func TestANewPoolSettlesInAMoment(t *testing.T) {
	t.Parallel()
	s := watched(t)
	s.memory = roster.Memory{}
	s.pods = []roster.Pod{pending("agent-bbbbc", s.now)}
	if r := s.after(poll); r.Settling == "" {
		t.Error("nothing is expected back at first sight")
	}
	if r := s.after(roster.Calm); r.Settling != "" {
		t.Errorf("settling %q: a pod that never ran is not expected back", r.Settling)
	}
}
