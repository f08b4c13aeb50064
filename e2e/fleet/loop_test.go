package fleet_test

import (
	"context"
	"testing"
	"time"

	"majordomo.dev/e2e/site"
	"majordomo.dev/jenkins/jenkinstest"
)

// play is a site on which builds are counted.
type play struct {
	*site.Site
	t *testing.T
}

// TestTheClosedLoopLosesNoBuild is the promise of the fleet line, with everything in it that goes wrong on an ordinary day.
func TestTheClosedLoopLosesNoBuild(t *testing.T) {
	s := &play{Site: ground.New(t), t: t}
	s.Until("the agents that always are there have registered", func(ctx context.Context) bool {
		return s.Replicas(ctx, site.Linux) == 1 && s.Replicas(ctx, site.JVM) == 0 && s.Jenkins.Stats().Online == 1
	})

	t.Log("builds queue up for two labels")
	s.Jenkins.Enqueue("compile", 10)
	s.Jenkins.Enqueue("assemble", 6)
	s.Until("both pools have grown and their agents build", func(ctx context.Context) bool {
		return s.Replicas(ctx, site.Linux) > 1 && s.Replicas(ctx, site.JVM) > 0 && s.Jenkins.Stats().Running >= 2
	})
	s.finished(16)

	t.Log("the template changes in Git while builds run; majordomo crashes in the middle of the rollout")
	s.Jenkins.Enqueue("compile", 8)
	s.Until("a build runs", func(context.Context) bool { return s.Jenkins.Stats().Running > 0 })
	s.Template("second")
	s.Commit("agents: the next template")
	s.Until("the first agent of it", func(ctx context.Context) bool { return s.of(ctx, "second") > 0 })
	s.Crash()
	s.finished(24)
	s.Until("the whole fleet is replaced", func(ctx context.Context) bool {
		n := s.of(ctx, "second")
		return n > 0 && n == len(s.Pods(ctx)) && s.Jenkins.Stats().Online == n
	})

	t.Log("Jenkins restarts while pipelines run, and then it hangs")
	s.Jenkins.AddJob(jenkinstest.Job{Name: "deliver", Label: site.Linux, Pipeline: true, Duration: 8 * time.Second})
	s.Jenkins.Enqueue("deliver", 3)
	s.Until("a pipeline has an agent", func(context.Context) bool { return s.Jenkins.Stats().Busy > 0 })
	s.Jenkins.Restart()
	s.Until("it is up again", func(context.Context) bool { return s.Jenkins.Up() })
	s.Jenkins.Fault(jenkinstest.Hang)
	s.Jenkins.Enqueue("compile", 3)
	s.Until("the pool says that Jenkins does not answer", func(ctx context.Context) bool { return s.Condition(ctx, site.Linux, "JenkinsReachable") == "False" })
	s.Jenkins.Heal()
	s.Until("the pool says that it answers", func(ctx context.Context) bool { return s.Condition(ctx, site.Linux, "JenkinsReachable") == "True" })
	s.finished(30)

	t.Log("somebody kills a pod while it builds")
	s.Jenkins.Enqueue("compile", 2)
	s.killBusy()
	s.finished(32)

	t.Log("the fleet drains back to its minimum")
	s.Until("one linux agent is left, and no jvm agent", func(ctx context.Context) bool {
		return s.Replicas(ctx, site.Linux) == 1 && s.Replicas(ctx, site.JVM) == 0 && len(s.Pods(ctx)) == 1 && s.Jenkins.Stats().Online == 1
	})
	if lost := s.Jenkins.Lost(); len(lost) > 0 {
		t.Errorf("%d builds were lost: %+v", len(lost), lost)
	}
	if n := len(s.Jenkins.ExcusedLosses()); n > 1 {
		t.Errorf("%d builds died with the pod that was killed by hand, which had one", n)
	}
}

// finished waits until so many builds have ended, and looks whether all did well.
func (s *play) finished(n int) {
	s.t.Helper()
	s.Until("the builds have ended", func(context.Context) bool {
		st := s.Jenkins.Stats()
		return st.Finished >= n && st.Running == 0 && st.Waiting == 0
	})
	if lost := s.Jenkins.Lost(); len(lost) > 0 {
		s.t.Fatalf("%d builds were lost: %+v", len(lost), lost)
	}
}

// of counts the pods of a template.
func (s *play) of(ctx context.Context, version string) int {
	n := 0
	for _, p := range s.Pods(ctx) {
		if p.Annotations["version"] == version {
			n++
		}
	}
	return n
}

// killBusy deletes the pod of a busy agent as a person would. Its build is lost, and not to majordomo.
func (s *play) killBusy() {
	s.t.Helper()
	var victim string
	s.Until("an agent is busy", func(context.Context) bool {
		for _, n := range s.Jenkins.Nodes() {
			if n.Online && n.Busy > 0 {
				victim = n.Name
				return true
			}
		}
		return false
	})
	s.Jenkins.Excuse(victim)
	s.KillPod(victim)
}
