package roster_test

import (
	"testing"
	"time"

	"majordomo.dev/jenkins/roster"
)

func TestLooksThatFindAMarkedAgentWithoutWork(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	for _, c := range []struct {
		rule   string
		change func(*scene)
		want   int // looks after the change and one more snapshot
	}{
		{"parked by us and idle", func(*scene) {}, 3},
		{"it has a build", func(s *scene) { s.nodes[0] = parked(busy(online(name), "http://jenkins/job/x/1/"), ours) }, 0},
		{"it has a build that is not shown", func(s *scene) { s.nodes[0].Idle = false }, 0},
		{"it is not parked any more", func(s *scene) { s.nodes[0] = online(name) }, 0},
		{"it is parked by a person", func(s *scene) { s.nodes[0] = parked(online(name), "do not touch") }, 0},
		{"it is not marked any more", func(s *scene) { s.pods[0].Drain = "" }, 0},
		{"Jenkins is not known", func(s *scene) { s.unknown = "JenkinsHung: no answer" }, 0},
		{"Jenkins has restarted", func(s *scene) { s.session = "two" }, 0},
		{"a pipeline waits for it", func(s *scene) { s.resuming = []string{name} }, 0},
		{"a second node says that it is this pod", func(s *scene) {
			second := online(name)
			second.Name = "second"
			s.nodes = append(s.nodes, second)
		}, 0},
		{"its node has just vanished: a pipeline may wait for it", func(s *scene) { s.nodes = s.nodes[1:] }, 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := watched(t, name, "agent-ccccd")
			s.pods[0], s.nodes[0] = marked(s.pods[0]), parked(s.nodes[0], ours)
			s.after(poll)
			if a := agent(t, s.after(poll), name); a.IdleReads != 2 {
				t.Fatalf("looked %d times, want 2", a.IdleReads)
			}
			c.change(s)
			if a := agent(t, s.after(poll), name); a.IdleReads != c.want {
				t.Errorf("looked %d times, want %d", a.IdleReads, c.want)
			}
		})
	}
}

func TestLooksAreApart(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	s := watched(t, name)
	s.pods[0], s.nodes[0] = marked(s.pods[0]), parked(s.nodes[0], ours)
	s.after(poll)
	if a := agent(t, s.again(), name); a.IdleReads != 1 {
		t.Errorf("the same snapshot counts twice: %d looks", a.IdleReads)
	}
	if a := agent(t, s.after(roster.Look/2), name); a.IdleReads != 1 {
		t.Errorf("a snapshot soon after counts: %d looks", a.IdleReads)
	}
	if a := agent(t, s.after(roster.Look/2), name); a.IdleReads != 2 {
		t.Errorf("%d looks, want a second one %s after the first", a.IdleReads, roster.Look)
	}
}

func TestLooksOfAnotherProcessDoNotCount(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	s := watched(t, name)
	s.pods[0], s.nodes[0] = marked(s.pods[0]), parked(s.nodes[0], ours)
	s.after(poll)
	s.after(poll)
	s.memory = kept(t, s.memory)
	if a := agent(t, s.after(poll), name); a.IdleReads != 1 {
		t.Errorf("%d looks, want the first of this process", a.IdleReads)
	}
}

func TestAnAgentThatJenkinsHasLongNotKnownHasNoWork(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	s := watched(t, name, "agent-ccccd")
	s.pods[0] = marked(s.pods[0])
	s.nodes = s.nodes[1:]
	gone := s.now
	for s.now.Sub(gone) < roster.Resume {
		if a := agent(t, s.after(poll), name); a.IdleReads != 0 {
			t.Fatalf("%d looks %s after its node went; pipelines wait for %s", a.IdleReads, s.now.Sub(gone), roster.Resume)
		}
	}
	s.after(poll)
	if a := agent(t, s.after(poll), name); a.IdleReads < 2 {
		t.Errorf("%d looks, want it to count as without work", a.IdleReads)
	}
}

func TestItIsKnownWhenAMarkWentOrACostRose(t *testing.T) {
	t.Parallel()
	const name = "agent-bbbbc"
	s := watched(t, name)
	if a := agent(t, s.after(poll), name); !a.Taken.IsZero() {
		t.Errorf("a mark was taken at %s, and there was none", a.Taken)
	}
	s.pods[0] = marked(s.pods[0])
	a := agent(t, s.after(poll), name)
	if !a.Weighed.Equal(s.now) || !a.Taken.IsZero() {
		t.Errorf("weighed at %s and taken at %s, want now and never", a.Weighed, a.Taken)
	}
	since := s.now
	if a = agent(t, s.after(poll), name); !a.Weighed.Equal(since) {
		t.Errorf("weighed at %s, want %s as before", a.Weighed, since)
	}
	s.pods[0].Cost++
	if a = agent(t, s.after(poll), name); !a.Weighed.Equal(s.now) || !a.Taken.Equal(s.now) {
		t.Errorf("the cost rose: weighed at %s and taken at %s, want both now", a.Weighed, a.Taken)
	}
	s.pods[0].Drain, s.pods[0].Cost = "", 0
	if a = agent(t, s.after(poll), name); !a.Taken.Equal(s.now) {
		t.Errorf("the mark went: taken at %s, want now", a.Taken)
	}
}

func TestStableIsSinceThePodsAreTheSame(t *testing.T) {
	t.Parallel()
	s := watched(t, "agent-bbbbc")
	since := s.after(poll).Stable
	if got := s.after(time.Minute).Stable; !got.Equal(since) {
		t.Errorf("stable since %s, want %s", got, since)
	}
	s.pods = append(s.pods, pending("agent-ccccd", s.now))
	if got := s.after(time.Minute).Stable; !got.Equal(s.now) {
		t.Errorf("stable since %s, want since the new pod came at %s", got, s.now)
	}
}
