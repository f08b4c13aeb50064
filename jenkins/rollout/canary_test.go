package rollout_test

import (
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
)

// canary is a fleet of five with a new template, of which one agent has to prove it.
func canary(t *testing.T) *fleet {
	t.Helper()
	f := deployed(5, pool.Rollout{Canary: 1, MaxUnavailable: 2})
	f.target.Template = "t2"
	want(t, "the canary", f.next(time.Minute), "a1")
	f.obey()
	f.next(time.Second)
	f.replace()
	return f
}

func TestOthersFollowTheCanaryOnceItHasFinishedABuild(t *testing.T) {
	t.Parallel()
	f := canary(t)
	f.register()
	for range 5 {
		want(t, "while there is no build", f.next(time.Hour), "")
	}
	want(t, "phase", f.phase(), rollout.Canary)
	if r := f.out.Progress.Reason; !strings.Contains(r, "0 of 1 canaries have finished a build") {
		t.Errorf("reason is %q", r)
	}
	f.busy("a6")
	want(t, "while it has its build", f.next(time.Minute), "")
	f.agent("a6").Finished, f.agent("a6").State = 1, roster.Idle
	want(t, "after it", f.next(time.Minute), "a2, a3")
	want(t, "phase", f.phase(), rollout.Progressing)
}

func TestACanaryThatIsRecycledAfterItsBuildHasProvenTheTemplate(t *testing.T) {
	t.Parallel()
	f := deployed(5, pool.Rollout{Canary: 2})
	f.target.Template = "t2"
	f.next(time.Minute)
	f.obey()
	f.next(time.Second)
	f.replace()
	f.register()
	a := f.agent("a6")
	a.Finished, a.State, a.Pod.Drain = 1, roster.Draining, "recycle: it has had its builds"
	f.next(time.Second)
	f.replace()
	f.register()
	f.next(time.Minute)
	if r := f.out.Progress.Reason; f.phase() != rollout.Canary && !strings.Contains(r, "1 of 2") {
		t.Errorf("phase %s, reason %q; want the first canary to count", f.phase(), r)
	}
	f.agent("a7").Finished = 1
	f.next(time.Minute)
	want(t, "phase", f.phase(), rollout.Progressing)
}

func TestACanaryThatDoesNotComeUpIsRolledBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule  string
		state func(*roster.Agent)
		after time.Duration // that it takes to be sure
	}{
		{"it has not registered in time", func(a *roster.Agent) {
			a.Reason, a.Pod.NeverRan = "it has not registered with Jenkins within 10m0s", false
		}, 0},
		{"it crashes", func(a *roster.Agent) {
			a.Reason, a.Pod.Waiting, a.Pod.Restarts = "CrashLoopBackOff", "CrashLoopBackOff", 3
		}, 0},
		{"its image cannot be had", func(a *roster.Agent) { a.Reason, a.Pod.Waiting = "ImagePullBackOff", "ImagePullBackOff" }, 10 * time.Minute},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			f := canary(t)
			f.agent("a6").State = roster.Failed
			c.state(f.agent("a6"))
			f.next(time.Second)
			if c.after > 0 {
				if f.out.Action.RollBack != "" {
					t.Fatal("rolled back at once, want it to have a chance")
				}
				if !f.out.Next.Equal(f.now.Add(c.after)) {
					t.Errorf("sure at %s, want %s", f.out.Next, f.now.Add(c.after))
				}
				f.next(c.after)
			}
			for range 2 { // until it is done
				want(t, "wishes", f.next(time.Second), "")
				if a := f.out.Action; a.RollBack != "t2" || a.To != "t1" || !strings.Contains(a.Reason, f.agent("a6").Reason) {
					t.Errorf("action is %+v, want t2 to be rolled back to t1, and why", a)
				}
				want(t, "phase", f.phase(), rollout.RolledBack)
			}
			// The template is back: those of the failed one go, at once where they never ran.
			f.target.Template, f.target.RolledBack = "t1", "t2"
			f.next(time.Second)
			want(t, "phase", f.phase(), rollout.RolledBack)
			if f.out.Action.RollBack != "" {
				t.Errorf("action is %+v, want none any more", f.out.Action)
			}
			if len(f.out.Wishes) != 1 || f.out.Wishes[0].Agent != "a6" {
				t.Errorf("wishes are %+v, want the failed canary to go", f.out.Wishes)
			}
			f.obey()
			f.replace()
			f.register()
			f.next(time.Minute)
			if p := f.out.Progress; p.Phase != rollout.RolledBack || p.Updated != 5 || !strings.Contains(p.Reason, "template t2 failed its canary") {
				t.Errorf("progress is %+v, want all five back, and why", p)
			}
		})
	}
}

func TestAnotherAgentDoesNotTakeThePlaceOfACanaryThatIsReplaced(t *testing.T) {
	t.Parallel()
	f := canary(t)
	f.target.Replicas = 5
	f.agent("a6").Pod.Drain = "heal: ImagePullBackOff"
	f.agents = f.agents[:4] // it is gone, and its successor is not there yet
	want(t, "while a canary is on its way", f.next(time.Minute), "")
	f.start()
	want(t, "with another canary", f.next(time.Minute), "")
}

func TestAnEvictedCanaryProvesNothing(t *testing.T) {
	t.Parallel()
	f := canary(t)
	a := f.agent("a6")
	a.State, a.Reason, a.Pod.Phase = roster.Failed, "its pod has ended: Evicted", "Failed"
	f.next(time.Hour)
	if f.out.Action.RollBack != "" {
		t.Errorf("action is %+v for an evicted pod", f.out.Action)
	}
}

func TestACanaryThatFindsNoPlaceIsAwaited(t *testing.T) {
	t.Parallel()
	f := canary(t)
	f.agent("a6").Pod.Unschedulable = "0/3 nodes are available"
	want(t, "wishes", f.next(10*time.Hour), "")
	if f.out.Action.RollBack != "" {
		t.Errorf("action is %+v though the template may be fine", f.out.Action)
	}
}

func TestYetAnotherTemplateAfterARollbackIsTestedAnew(t *testing.T) {
	t.Parallel()
	f := canary(t)
	f.agent("a6").State, f.agent("a6").Pod.NeverRan = roster.Failed, false
	f.next(time.Second)
	f.target.Template, f.target.RolledBack = "t1", "t2"
	f.next(time.Second)
	f.target.Template, f.target.RolledBack = "t3", ""
	f.next(time.Minute)
	if p := f.out.Progress; p.Template != "t3" || p.Phase != rollout.Canary {
		t.Errorf("progress is %+v, want t3 in its canary", p)
	}
}

func TestWithoutMemoryTheTemplateThatMostAgentsCameUpWithIsGoneBackTo(t *testing.T) {
	t.Parallel()
	f := canary(t)
	f.state = rollout.State{} // the process has crashed, and its memory is lost
	a := f.agent("a6")
	a.State, a.Reason, a.Pod.NeverRan = roster.Failed, "it has not registered with Jenkins within 10m0s", false
	f.next(time.Second)
	if a := f.out.Action; a.RollBack != "t2" || a.To != "t1" {
		t.Errorf("action is %+v, want t2 to be rolled back to t1", a)
	}
}

func TestAPoolThatNeverHadAnAgentHasNoCanary(t *testing.T) {
	t.Parallel()
	f := deployed(0, pool.Rollout{Canary: 1})
	f.start()
	bad := f.agent("a1")
	bad.State, bad.Pod.NeverRan = roster.Failed, false
	f.next(time.Hour)
	if f.out.Action.RollBack != "" {
		t.Errorf("action is %+v, and there is nothing to go back to", f.out.Action)
	}
}

func TestAPoolAtZeroTestsItsTemplateWithTheAgentsThatDemandBrings(t *testing.T) {
	t.Parallel()
	f := deployed(1, pool.Rollout{Canary: 1})
	f.agents = nil
	f.next(time.Minute)
	f.target.Template = "t2"
	f.next(time.Minute)
	want(t, "phase", f.phase(), rollout.Canary)
	f.start()
	bad := f.agent("a2")
	bad.State, bad.Reason, bad.Pod.NeverRan = roster.Failed, "it has not registered with Jenkins within 10m0s", false
	f.next(time.Minute)
	if a := f.out.Action; a.RollBack != "t2" || a.To != "t1" {
		t.Errorf("action is %+v, want t2 to be rolled back to t1", a)
	}
}
