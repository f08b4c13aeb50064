package fleet

import (
	"fmt"
	"testing"
)

// A queue makes agents, from none on; builds are done; the agents go again, and no build is lost.
func TestTheLoopIsClosed(t *testing.T) {
	noLeak(t)
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 4, "")
	w.start()
	w.condition("linux", "JenkinsReachable", "True", "JenkinsAnswers")
	w.jenkins.Enqueue("compile", 3)
	w.eventually("three builds to run", func() error {
		if n := w.jenkins.Stats().Running; n != 3 {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
	w.eventually("the status to say so", func() error {
		if s := w.status("linux"); s.Busy != 3 || s.Queued != 0 || s.Desired < 3 {
			return fmt.Errorf("busy %d, queued %d, desired %d", s.Busy, s.Queued, s.Desired)
		}
		return nil
	})
	w.jenkins.FinishAll()
	w.online(0)
	if n := w.replicas("ReplicaSet", "linux"); n != 0 {
		t.Errorf("%d replicas, want 0", n)
	}
	w.unhurt()
}
