package status

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

func brieflyAll(events []Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type+" "+e.Reason+": "+e.Message)
	}
	return out
}

// deleted is a report of a Service that was deleted by hand and is made again.
func deleted() Report {
	r := report()
	r.Plan.Steps[0] = plan.Step{ID: svc, Op: plan.Create, Drift: true, Reason: "deleted from the cluster"}
	r.Results, r.Trigger = []plan.Result{{Step: r.Plan.Steps[0], Took: "applied"}}, Drifted
	r.Plan.Steps = r.Plan.Steps[:1]
	return r
}

func TestTransitionsTellTheStory(t *testing.T) {
	refused := again()
	refused.Attempted, refused.Render = commitB, errors.New("no such base")
	stuck := report()
	stuck.Results[0].Err = Because(ApplyForbidden, errors.New("forbidden"))
	held := again()
	held.Plan.Hold = &plan.Hold{Hash: "h", Reason: "9 of 10 objects"}
	fighting, crashing, paused := again(), again(), again()
	fighting.Fights = []Fight{{Object: svc.String(), Manager: "hpa"}}
	paused.Suspended, paused.SuspendReason = true, "maintenance"
	crashing.Live[svc] = parse(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, status: {phase: Lost}}`)
	e := Environment{}
	for _, step := range []struct {
		name string
		in   Report
		want []string
	}{
		{"first sync", report(), []string{"Normal Synced: commit aaaaaaa is applied: 2 created, 0 changed, 0 pruned"}},
		{"nothing happens", again(), nil},
		{"a Service is deleted", deleted(), []string{"Normal DriftRepaired: Service jenkins/jenkins was deleted, and is put right"}},
		{"a bad commit", refused, []string{"Warning RenderFailed: commit bbbbbbb is refused: no such base; commit aaaaaaa stays in force until a commit mends it"}},
		{"the bad commit is still there", refused, nil},
		{"it is mended", again(), []string{"Normal Recovered: commit aaaaaaa is applied, and all of its 2 objects are ready; before: commit bbbbbbb is refused: no such base; commit aaaaaaa stays in force until a commit mends it"}},
		{"a right is missing", stuck, []string{"Warning SyncFailed: 1 of 2 objects could not be applied: Service jenkins/jenkins: forbidden"}},
		{"it is still missing", stuck, nil},
		{"it is granted", again(), []string{"Normal Recovered: commit aaaaaaa is applied, and all of its 2 objects are ready; before: 1 of 2 objects could not be applied: Service jenkins/jenkins: forbidden"}},
		{"a prune is held", held, []string{"Warning PruneHeld: 9 of 10 objects"}},
		{"it is approved", again(), []string{
			"Normal PruneReleased: the prune that was held back is approved or no longer needed",
			"Normal Recovered: commit aaaaaaa is applied, and all of its 2 objects are ready; before: 9 of 10 objects",
		}},
		{"a fight", fighting, []string{"Warning Fight: hpa keeps changing Service jenkins/jenkins back"}},
		{"the fight goes on", fighting, nil},
		{"suspended", paused, []string{
			"Normal Suspended: left alone: maintenance; `majordomo resume gke` goes on",
			"Normal Recovered: commit aaaaaaa is applied, and all of its 2 objects are ready; before: hpa keeps changing Service jenkins/jenkins back; healing waits longer each time until one of the two gives in",
		}},
		{"resumed", again(), []string{"Normal Resumed: the environment is kept as Git says again"}},
		{"an object fails", crashing, []string{"Warning HealthFailed: 1 of 2 objects are ready; Service jenkins/jenkins: has lost its volume"}},
	} {
		next := Of(step.in, e, t0)
		if diff := cmp.Diff(step.want, brieflyAll(Transitions(e, next))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if again := Transitions(next, next); again != nil {
			t.Errorf("%s: the same status twice gives %v", step.name, again)
		}
		e = next
	}
}

func TestEachRefusedCommitIsTold(t *testing.T) {
	bad := again()
	bad.Attempted, bad.Render = commitB, errors.New("no")
	worse := bad
	worse.Attempted = "cccccccc"
	before := Of(bad, Of(report(), Environment{}, t0), t0)
	events := Transitions(before, Of(worse, before, t0))
	if len(events) != 1 || events[0].Reason != RenderFailed || !strings.Contains(events[0].Message, "ccccccc") {
		t.Errorf("events %v, want one for the second commit", events)
	}
}

func TestManyRepairsAreOneEvent(t *testing.T) {
	before := Of(report(), Environment{}, t0)
	after := before
	after.Drift.Repairs += 14
	after.LastDrift = &Drift{Object: svc.String(), Fields: []string{".spec.ports"}, Manager: "kubectl-edit"}
	want := []string{"Normal DriftRepaired: Service jenkins/jenkins was changed (.spec.ports) by kubectl-edit, and is put right; 13 more with it"}
	if diff := cmp.Diff(want, brieflyAll(Transitions(before, after))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEventsAreBoundedAndClean(t *testing.T) {
	bad := again()
	bad.Attempted = "b\x1b[31m\nb"
	bad.Render = errors.New(strings.Repeat("very long \x1b[2J\n", 10000))
	for _, e := range Transitions(Environment{}, Of(bad, Environment{}, t0)) {
		if len(e.Message) > 1024 || strings.ContainsAny(e.Message, "\x1b\n") {
			t.Errorf("%d bytes: %.80q", len(e.Message), e.Message)
		}
	}
}

func TestClusterThatDoesNotAnswerIsToldOnce(t *testing.T) {
	down := Report{Name: "gke", Revision: commitA, Attempted: commitA, Cluster: errors.New("timeout"), Inventory: map[object.ID]plan.Entry{}}
	before := Of(report(), Environment{}, t0)
	first := Of(down, before, t0)
	second := Of(down, first, t0.Add(time.Hour))
	if got := brieflyAll(Transitions(before, first)); len(got) != 1 || got[0] != "Warning SyncFailed: timeout" {
		t.Errorf("events %v", got)
	}
	if got := Transitions(first, second); got != nil {
		t.Errorf("an hour later: %v", got)
	}
}
