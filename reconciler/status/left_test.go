package status

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/plan"
)

func TestWhatGitNoLongerHasIsNotSaidToBeGone(t *testing.T) {
	step := plan.Step{ID: rc, Op: plan.Keep, Left: true, Reason: "no longer in Git, kept by its annotation"}
	r := again()
	r.Plan.Steps[0].Op, r.Plan.Steps[1], r.Results = plan.Keep, step, nil
	e := Of(r, Environment{}, t0)
	if got, want := message(t, e, Pruned), "ReplicationController jenkins/agent: no longer in Git, kept by its annotation"; got != want || !e.Is(Ready) {
		t.Errorf("Pruned says %q, want %q; %s", got, want, list(e))
	}
	if got := message(t, e, Applied); !strings.HasPrefix(got, "all 1 objects") {
		t.Errorf("Applied says %q, want the one that Git has counted", got)
	}
	step.Passing = true
	r.Plan.Steps[1] = step
	if e = Of(r, Environment{}, t0); e.Is(Ready) || e.Is(Pruned) || !e.Is(Reconciling) {
		t.Errorf("kept for now: %s, want it not Ready", list(e))
	}
}
