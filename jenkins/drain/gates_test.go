package drain_test

import (
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// sight is a Jenkins that was read twice, and is as it should be.
func sight() drain.Sight {
	return drain.Sight{
		Now: noon.Add(time.Second), Poll: 5 * time.Second, Pool: &pool.Pool{Annotations: map[string]string{}},
		Snapshot: &jenkins.Snapshot{At: noon, Session: "one", User: "scaler"}, Before: &jenkins.Snapshot{At: noon.Add(-5 * time.Second), Session: "one", User: "scaler"},
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule   string
		change func(*drain.Sight)
		shut   string
		reason string
	}{
		{"all is well", func(*drain.Sight) {}, "", ""},
		{"the pool is suspended", func(s *drain.Sight) { s.Pool.Annotations[pool.Suspend] = "holidays" }, drain.Active, "the pool is suspended: holidays"},
		{"Jenkins is not known", func(s *drain.Sight) { s.Roster.Unknown = "JenkinsHung: no answer" }, drain.Complete, "JenkinsHung: no answer"},
		{"nobody is asking", func(s *drain.Sight) { s.Snapshot.User, s.Before.User = "anonymous", "anonymous" }, drain.Complete, "Jenkins does not know who is asking, and may not show all"},
		{"the answer is old", func(s *drain.Sight) { s.Now = noon.Add(11 * time.Second) }, drain.Fresh, "the last answer of Jenkins is older than 10s"},
		{"there is but one answer", func(s *drain.Sight) { s.Before = nil }, drain.Agree, "Jenkins has been read only once so far"},
		{"there is the same one twice", func(s *drain.Sight) { s.Before = s.Snapshot }, drain.Agree, "Jenkins has been read only once so far"},
		{"it has restarted in between", func(s *drain.Sight) { s.Before.Session = "zero" }, drain.Agree, "Jenkins has restarted since it was read last"},
		{"somebody else was asking before", func(s *drain.Sight) { s.Before.User = "admin" }, drain.Agree, "Jenkins answered to admin before and to scaler now"},
		{"much was missed in between", func(s *drain.Sight) { s.Before.At = noon.Add(-time.Minute) }, drain.Agree, "the last two answers of Jenkins are more than 20s apart"},
		{"agents are expected back", func(s *drain.Sight) { s.Roster.Settling = "Jenkins has restarted" }, drain.Calm, "Jenkins has restarted"},
		{"it is about to shut down", func(s *drain.Sight) { s.Snapshot.QuietingDown = true }, drain.Open, "Jenkins is about to shut down"},
		{"and says why", func(s *drain.Sight) { s.Snapshot.QuietingDown, s.Snapshot.QuietReason = true, "upgrade" }, drain.Open, "Jenkins is about to shut down: upgrade"},
		{"a pipeline waits for an agent", func(s *drain.Sight) { s.Roster.Agents = []roster.Agent{{Name: "a", Resuming: true}} }, drain.Resumed, "a pipeline waits for agent a to go on there"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := sight()
			c.change(&s)
			for _, g := range drain.Gates(s) {
				if open := g.Name != c.shut; g.Open != open {
					t.Errorf("gate %s is open: %v, want %v", g.Name, g.Open, open)
				}
				if g.Reason == "" || !g.Open && g.Reason != c.reason {
					t.Errorf("gate %s says %q, want %q", g.Name, g.Reason, c.reason)
				}
			}
		})
	}
}

func TestBeforeTheFirstAnswerNothingIsOpenThatNeedsOne(t *testing.T) {
	t.Parallel()
	s := sight()
	s.Snapshot, s.Before = nil, nil
	for _, g := range drain.Gates(s) {
		if needs := g.Name == drain.Complete || g.Name == drain.Fresh || g.Name == drain.Agree; g.Open == needs {
			t.Errorf("gate %s is open: %v", g.Name, g.Open)
		}
	}
}
