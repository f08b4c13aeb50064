package fleet

import (
	"fmt"
	"strings"
	"testing"
)

// running waits until so many builds run.
func (w *yard) running(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d builds to run", n), func() error {
		if s := w.jenkins.Stats(); s.Running != n {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// A queue makes agents, from none on; builds are done; the agents go again, and no build is lost.
func TestTheLoopIsClosed(t *testing.T) {
	waits := uint64(0) // that were counted
	for _, kind := range []string{"ReplicaSet", "ReplicationController", "StatefulSet"} {
		t.Run(kind, func(t *testing.T) {
			noLeak(t)
			w := newYard(t)
			w.agents(kind, "linux", 4, "")
			w.start()
			w.condition("linux", "JenkinsReachable", "True", "JenkinsAnswers")
			w.jenkins.Enqueue("compile", 3)
			w.running(3)
			w.eventually("the status to say so", func() error {
				if s := w.status("linux"); s.Busy != 3 || s.Queued != 0 || s.Desired < 3 || s.Selector != "app=agent-linux" {
					return fmt.Errorf("busy %d, queued %d, desired %d, selector %q", s.Busy, s.Queued, s.Desired, s.Selector)
				}
				return nil
			})
			waits += w.waited(3)
			w.jenkins.FinishAll()
			w.online(0)
			if n := w.replicas(kind, "linux"); n != 0 {
				t.Errorf("%d replicas, want 0", n)
			}
			w.unhurt()
			if s := w.status("linux"); len(s.History) == 0 || s.Decision == nil || len(s.Decision.Terms) == 0 || len(s.Decision.Gates) == 0 || s.Decision.Spec == "" {
				t.Errorf("the status explains nothing: %+v", s)
			}
		})
	}
	if waits == 0 {
		t.Error("nobody knows how long any of the builds waited")
	}
}

// waited returns how many waits the board knows of so many builds that have begun, and compares them with what Jenkins says. None are known
// where this machine did not come to look for longer than the fleet takes for certain.
func (w *yard) waited(builds uint64) uint64 {
	w.t.Helper()
	known, truth := w.fleet.Snapshot().Pools[0].Waits, w.jenkins.Stats()
	if known == nil {
		return 0
	}
	if known.Count > builds || known.Mean > (truth.MaxWait+longestGap/2).Seconds() {
		w.t.Errorf("builds waited %+v; Jenkins says %v on average, %v at most", known, truth.MeanWait, truth.MaxWait)
	}
	return known.Count
}

// An agent that has a build is not stopped, whatever the queue says, and those without one go around it.
func TestABusyAgentOutlivesTheOthers(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 4, "")
	w.start()
	w.jenkins.Enqueue("compile", 4)
	w.running(4)
	for n := 1; n <= 3; n++ {
		if err := w.jenkins.FinishBuild("compile", n); err != nil {
			t.Fatal(err)
		}
	}
	w.online(1)
	w.running(1)
	w.jenkins.FinishAll()
	w.online(0)
	w.unhurt()
}

// Two pools of one Jenkins share its queue: each build makes agents of one of them alone.
func TestPoolsOfOneJenkinsShareItsQueue(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.agents("ReplicationController", "jvm", 3, "")
	w.jenkins.AddJob(jobOn("assemble", "jvm"), jobOn("ghost", "nosuchlabel"))
	w.start()
	w.jenkins.Enqueue("assemble", 2)
	w.jenkins.Enqueue("ghost", 1)
	w.running(2)
	if n := w.replicas("ReplicaSet", "linux"); n != 0 {
		t.Errorf("%d linux agents for builds that want jvm", n)
	}
	w.eventually("the label that no pool serves", func() error {
		if u := w.status("linux").Unmatched; len(u) != 1 || u[0].Label != "nosuchlabel" || u[0].Items != 1 {
			return fmt.Errorf("%+v", u)
		}
		return nil
	})
	w.jenkins.FinishAll()
	w.online(0)
	w.unhurt()
}

// While nothing happens, nothing is asked of the API server.
func TestAnUndisturbedPoolCostsNoRequest(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "  min: 1\n")
	w.start()
	w.online(1)
	w.eventually("the agent in the status", func() error {
		if s := w.status("linux"); s.Idle != 1 || s.Decision == nil {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	polls := 0
	w.eventually("ten polls without a request to the API server", func() error {
		for _, c := range w.wire.clear() {
			switch _, path, _ := strings.Cut(c, " "); {
			case strings.HasPrefix(path, "/api/v1/"), strings.HasPrefix(path, "/apis/"):
				polls = 0
				return fmt.Errorf("request %s", c)
			case strings.HasPrefix(path, "/queue/"):
				polls++
			}
		}
		if polls < 10 {
			return fmt.Errorf("%d polls so far", polls)
		}
		return nil
	})
}
