package roster_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/roster"
)

// kept is a memory as the next process finds it.
func kept(t *testing.T, m roster.Memory) roster.Memory {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var out roster.Memory
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSameInputTwiceIsTheSameRosterAndMemory(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	s.nodes[1] = busy(s.nodes[1], "http://jenkins/job/x/1/")
	s.pods = append(s.pods, pending("agent-ddddf", s.now))
	first := s.after(poll)
	m := s.memory
	second := s.again()
	first.Started = nil // told once
	if diff := cmp.Diff(first.Agents, second.Agents); diff != "" {
		t.Errorf("agents differ (-first +second):\n%s", diff)
	}
	if !m.Equal(s.memory) {
		t.Errorf("memory differs:\n%s", cmp.Diff(kept(t, m), kept(t, s.memory)))
	}
}

func TestJoinLeavesTheMemoryThatItGets(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	m := s.memory
	before, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	s.session, s.nodes, s.pods = "two", nil, s.pods[:1]
	s.after(poll)
	after, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("memory has changed (-before +after):\n%s", diff)
	}
}

func TestWhatIsKeptServesTheNextProcess(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc", "agent-ccccd")
	s.nodes[0] = busy(s.nodes[0], "http://jenkins/job/x/1/")
	s.after(poll)
	want := agent(t, s.after(poll), "agent-bbbbc")
	s.memory = kept(t, s.memory)
	s.now = s.now.Add(20 * time.Second)
	got := agent(t, s.after(0), "agent-bbbbc")
	if !got.Since.Equal(want.Since) || !got.Registered.Equal(want.Registered) || got.Builds != 1 || got.State != roster.Busy {
		t.Errorf("the next process has %+v, want what the first had: %+v", got, want)
	}
}

func TestMemoryHoldsNoMoreThanThePoolHas(t *testing.T) {
	t.Parallel()
	s := watched(t)
	for round := range 40 {
		s.pods, s.nodes = nil, nil
		for i := range 100 {
			name := fmt.Sprintf("agent-%d-%d", round, i)
			s.pods, s.nodes = append(s.pods, running(name)), append(s.nodes, busy(online(name), fmt.Sprintf("http://jenkins/job/x/%d/", i)))
		}
		s.after(poll)
	}
	data, err := json.Marshal(s.memory)
	if err != nil {
		t.Fatal(err)
	}
	const most = 100*400 + 200*100 + 1000
	if len(data) > most {
		t.Errorf("the memory of 100 agents takes %d bytes, want at most %d", len(data), most)
	}
	if len(s.memory.Agents) != 100 || len(s.memory.Left) > 200 {
		t.Errorf("%d agents and %d nodes that were left are remembered, want 100 and at most 200", len(s.memory.Agents), len(s.memory.Left))
	}
	s.pods, s.nodes = nil, nil
	s.after(2 * time.Hour)
	s.after(2 * time.Hour)
	if len(s.memory.Agents)+len(s.memory.Left) != 0 {
		t.Errorf("%d agents and %d nodes are remembered long after they went", len(s.memory.Agents), len(s.memory.Left))
	}
}

func TestBuildsThatComeAndGo(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	s := watched(t, name)
	shown := func(urls ...string) jenkins.Computer { return busy(online(name), urls...) }
	hidden := func(n int) jenkins.Computer {
		c := busy(online(name))
		c.Busy = n
		return c
	}
	body := online(name)
	body.Idle, body.Builds = false, []jenkins.Build{{URL: "http://jenkins/job/pipe/1/", OneOff: true}}
	for i, c := range []struct {
		what            string
		node            jenkins.Computer
		begun, finished int
	}{
		{"none", online(name), 0, 0},
		{"one taken, not shown yet", hidden(1), 1, 0},
		{"it is shown", shown("a"), 1, 0},
		{"it goes on", shown("a"), 1, 0},
		{"another in its place", shown("b"), 2, 1},
		{"a second one", shown("b", "c"), 3, 1},
		{"the first has ended", shown("c"), 3, 2},
		{"none", online(name), 3, 3},
		{"two that may not be seen", hidden(2), 5, 3},
		{"one of them has ended", hidden(1), 5, 4},
		{"the other one, and it is shown now", shown("d"), 5, 4},
		{"none", online(name), 5, 5},
		{"the body of a pipeline holds no executor", body, 5, 5},
	} {
		s.nodes = []jenkins.Computer{c.node}
		a := agent(t, s.after(poll), name)
		if a.Builds != c.begun || a.Finished != c.finished {
			t.Errorf("%d. %s: %d begun, %d finished; want %d and %d", i, c.what, a.Builds, a.Finished, c.begun, c.finished)
		}
	}
}

func TestStartUpTimesAreToldOnce(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	s.pods = append(s.pods, pending("agent-ccccd", s.now))
	if r := s.after(poll); len(r.Started) != 0 {
		t.Errorf("%v started, nobody has", r.Started)
	}
	s.pods[1] = running("agent-ccccd")
	s.pods[1].Created = s.now.Add(-poll)
	s.nodes = append(s.nodes, online("agent-ccccd"))
	r := s.after(40 * time.Second)
	if diff := cmp.Diff([]time.Duration{45 * time.Second}, r.Started); diff != "" {
		t.Errorf("start-up times differ (-want +got):\n%s", diff)
	}
	if r = s.after(poll); len(r.Started) != 0 {
		t.Errorf("%v are told again", r.Started)
	}
	s.nodes = s.nodes[:1]
	s.after(poll)
	s.nodes = append(s.nodes, online("agent-ccccd"))
	if r = s.after(poll); len(r.Started) != 0 {
		t.Errorf("%v are told of an agent that has only come back", r.Started)
	}
}

func TestStartUpTimesInWhichJenkinsWasAwaySayNothing(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	s.pods = append(s.pods, pending("agent-ccccd", s.now))
	s.after(poll)
	s.unknown = "JenkinsStarting: 503"
	s.after(10 * time.Minute)
	s.unknown = ""
	s.nodes = append(s.nodes, online("agent-ccccd"))
	if r := s.after(poll); len(r.Started) != 0 {
		t.Errorf("%v counts the time in which Jenkins was away", r.Started)
	}
}
