package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/jenkinstest"
)

func jobOn(name, label string) jenkinstest.Job { return jenkinstest.Job{Name: name, Label: label} }

// surplus makes a yard in which agents are about to go.
func surplus(t *testing.T) *yard {
	t.Helper()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.start()
	w.jenkins.Enqueue("compile", 3)
	w.running(3)
	return w
}

// stays looks for a while whether nothing is done but to tell.
func (w *yard) stays(polls int) {
	w.t.Helper()
	w.wire.clear()
	seen := 0
	w.eventually(fmt.Sprintf("%d polls", polls), func() error {
		for _, c := range w.wire.clear() {
			if act(c) && !strings.Contains(c, "/configmaps/") {
				w.t.Fatalf("%s though Jenkins is not known\n%s", c, w.describe())
			}
			if strings.Contains(c, "GET /queue/") || strings.Contains(c, "GET /computer/") {
				seen++
			}
		}
		if seen < polls {
			return fmt.Errorf("%d so far", seen)
		}
		return nil
	})
}

// While Jenkins is not known, or says what cannot be, no agent goes, and the pool says why. Once it is known again, those that are too many go.
func TestNothingGoesWhileJenkinsIsNotKnown(t *testing.T) {
	for fault, reason := range map[jenkinstest.Fault]jenkins.Reason{
		jenkinstest.Hang: jenkins.Hung, jenkinstest.Reset: jenkins.Unreachable, jenkinstest.BadGateway: jenkins.Unreachable, jenkinstest.Restarting: jenkins.Starting,
		jenkinstest.HTML: jenkins.AuthLost, jenkinstest.LoginRedirect: jenkins.AuthLost, jenkinstest.TokenRevoked: jenkins.AuthLost, jenkinstest.Anonymous: "",
		jenkinstest.Forbidden: jenkins.InsufficientPermission, jenkinstest.NoJobRead: jenkins.InsufficientPermission, jenkinstest.ServerError: jenkins.BadAnswer,
		jenkinstest.EmptyObject: jenkins.BadAnswer, jenkinstest.Truncated: jenkins.BadAnswer, jenkinstest.WrongClass: jenkins.BadAnswer, jenkinstest.TwoDocuments: jenkins.BadAnswer,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := surplus(t)
			w.jenkins.Fault(fault)
			w.jenkins.FinishAll()
			c := w.condition("linux", "JenkinsReachable", "False", string(reason))
			if fault != jenkinstest.Hang { // which takes its time
				w.stays(8)
			}
			if n := w.replicas("ReplicaSet", "linux"); n != 3 {
				t.Errorf("%d replicas, want 3", n)
			}
			if s := w.status("linux"); s.Jenkins.Error == "" || s.Jenkins.LastRead == nil {
				t.Errorf("the status says %+v of a Jenkins that is not known (%s)", s.Jenkins, c.Message)
			}
			w.jenkins.Heal()
			w.condition("linux", "JenkinsReachable", "True", "JenkinsAnswers")
			w.online(0)
			w.unhurt()
		})
	}
}

// A Jenkins that is about to shut down starts no builds: agents neither come nor go.
func TestNothingIsScaledWhileJenkinsQuietsDown(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.jenkins.QuietDown(true, "upgrade")
	c := w.condition("linux", "ScalingActive", "False", "JenkinsQuiets")
	if !strings.Contains(c.Message, "shut down") {
		t.Errorf("the condition says %q", c.Message)
	}
	w.jenkins.FinishAll()
	w.jenkins.Enqueue("compile", 5)
	w.stays(10)
	w.jenkins.QuietDown(false, "")
	w.running(3)
	w.jenkins.FinishAll()
	w.eventually("the last builds", func() error {
		w.jenkins.FinishAll()
		if s := w.jenkins.Stats(); s.Finished != 8 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.online(0)
	w.unhurt()
}

// Jenkins restarts: its agents vanish from it and come back, and pipelines go on where they were. No agent goes before that.
func TestARestartOfJenkinsLosesNothing(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.jenkins.AddJob(jenkinstest.Job{Name: "deliver", Label: "linux", Pipeline: true, Duration: 5 * time.Minute})
	w.start()
	w.jenkins.Enqueue("deliver", 2)
	w.running(2)
	names := func() []string {
		var out []string
		for _, p := range w.pods() {
			out = append(out, p.GetName())
		}
		return slices.Sorted(slices.Values(out))
	}
	var busy []string
	for _, n := range w.jenkins.Nodes() {
		if n.Busy > 0 {
			busy = append(busy, n.Name)
		}
	}
	w.jenkins.Restart()
	w.eventually("Jenkins to be back", func() error {
		for _, name := range busy {
			if !slices.Contains(names(), name) {
				t.Fatalf("agent %s was stopped while Jenkins restarted\n%s", name, w.describe())
			}
		}
		if s := w.jenkins.Stats(); !w.jenkins.Up() || s.Running != 2 || s.Online < 2 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.eventually("the pipelines to end", func() error {
		if s := w.jenkins.Stats(); s.Finished != 2 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.online(0)
	w.unhurt()
}

// The API server does not answer: nothing is done, and what was missed is made up for.
func TestAnOutageOfTheAPIServerIsSurvived(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	refuse := &fault{path: "/namespaces/", from: 1, to: -1, do: refused}
	w.wire.add(refuse)
	w.jenkins.FinishAll()
	w.eventually("some polls", func() error {
		n := 0
		for _, c := range w.wire.seen() {
			if strings.HasPrefix(c, "GET /queue/") {
				n++
			}
		}
		if n < 20 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	w.wire.clear()
	w.online(0)
	w.unhurt()
}
