package fleet_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/jenkinstest"
)

// TestTheClosedLoopLosesNoBuild is the promise of the fleet line, with everything in it that goes wrong on an ordinary day.
func TestTheClosedLoopLosesNoBuild(t *testing.T) {
	s := newSite(t)
	s.until("the agents that always are there have registered", func(ctx context.Context) bool {
		return s.replicas(ctx, linux) == 1 && s.replicas(ctx, jvm) == 0 && s.jenkins.Stats().Online == 1
	})

	t.Log("builds queue up for two labels")
	s.jenkins.Enqueue("compile", 10)
	s.jenkins.Enqueue("assemble", 6)
	s.until("both pools have grown and their agents build", func(ctx context.Context) bool {
		return s.replicas(ctx, linux) > 1 && s.replicas(ctx, jvm) > 0 && s.jenkins.Stats().Running >= 2
	})
	s.finished(16)

	t.Log("the template changes in Git while builds run; majordomo crashes in the middle of the rollout")
	s.jenkins.Enqueue("compile", 8)
	s.until("a build runs", func(context.Context) bool { return s.jenkins.Stats().Running > 0 })
	s.template("second")
	s.commit("agents: the next template")
	s.until("the first agent of it", func(ctx context.Context) bool { return s.of(ctx, "second") > 0 })
	s.crash()
	s.finished(24)
	s.until("the whole fleet is replaced", func(ctx context.Context) bool {
		n := s.of(ctx, "second")
		return n > 0 && n == len(s.pods(ctx)) && s.jenkins.Stats().Online == n
	})

	t.Log("Jenkins restarts while pipelines run, and then it hangs")
	s.jenkins.AddJob(jenkinstest.Job{Name: "deliver", Label: linux, Pipeline: true, Duration: 8 * time.Second})
	s.jenkins.Enqueue("deliver", 3)
	s.until("a pipeline has an agent", func(context.Context) bool { return s.jenkins.Stats().Busy > 0 })
	s.jenkins.Restart()
	s.until("it is up again", func(context.Context) bool { return s.jenkins.Up() })
	s.jenkins.Fault(jenkinstest.Hang)
	s.jenkins.Enqueue("compile", 3)
	s.until("the pool says that Jenkins does not answer", func(ctx context.Context) bool { return s.condition(ctx, linux, "JenkinsReachable") == "False" })
	s.jenkins.Heal()
	s.until("the pool says that it answers", func(ctx context.Context) bool { return s.condition(ctx, linux, "JenkinsReachable") == "True" })
	s.finished(30)

	t.Log("somebody kills a pod while it builds")
	s.jenkins.Enqueue("compile", 2)
	s.killBusy()
	s.finished(32)

	t.Log("the fleet drains back to its minimum")
	s.until("one linux agent is left, and no jvm agent", func(ctx context.Context) bool {
		return s.replicas(ctx, linux) == 1 && s.replicas(ctx, jvm) == 0 && len(s.pods(ctx)) == 1 && s.jenkins.Stats().Online == 1
	})
	if lost := s.jenkins.Lost(); len(lost) > 0 {
		t.Errorf("%d builds were lost: %+v", len(lost), lost)
	}
	if n := len(s.jenkins.ExcusedLosses()); n > 1 {
		t.Errorf("%d builds died with the pod that was killed by hand, which had one", n)
	}
}

// finished waits until so many builds have ended, and looks whether all did well.
func (s *site) finished(n int) {
	s.t.Helper()
	s.until("the builds have ended", func(context.Context) bool {
		st := s.jenkins.Stats()
		return st.Finished >= n && st.Running == 0 && st.Waiting == 0
	})
	if lost := s.jenkins.Lost(); len(lost) > 0 {
		s.t.Fatalf("%d builds were lost: %+v; %s", len(lost), lost, s.state())
	}
}

// of counts the pods of a template.
func (s *site) of(ctx context.Context, version string) int {
	n := 0
	for _, p := range s.pods(ctx) {
		if p.Annotations["version"] == version {
			n++
		}
	}
	return n
}

// killBusy deletes the pod of a busy agent as a person would. Its build is lost, and not to majordomo.
func (s *site) killBusy() {
	s.t.Helper()
	var victim string
	s.until("an agent is busy", func(context.Context) bool {
		for _, n := range s.jenkins.Nodes() {
			if n.Online && n.Busy > 0 {
				victim = n.Name
				return true
			}
		}
		return false
	})
	s.jenkins.Excuse(victim)
	if err := s.core.CoreV1().Pods(s.namespace).Delete(s.t.Context(), victim, metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) condition(ctx context.Context, pool, kind string) string {
	o, err := s.client.Resource(pools).Namespace(s.namespace).Get(ctx, pool, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	status, _ := o.Object["status"].(map[string]any)
	list, _ := status["conditions"].([]any)
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["type"] == kind {
			state, _ := c["status"].(string)
			return state
		}
	}
	return ""
}
