package status

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

func TestTotals(t *testing.T) {
	r := report()
	refused := plan.Step{ID: object.ID{Kind: "Secret", Namespace: "other", Name: "x"}, Op: plan.Refuse, Reason: "outside"}
	r.Plan.Steps = append(r.Plan.Steps, refused)
	r.Results[0].Err = errors.New("no")
	e := Of(r, Environment{}, t0)
	if want := (Objects{Total: 3, Ready: 1, Failed: 1, Refused: 1}); e.Objects != want {
		t.Errorf("objects %+v, want %+v", e.Objects, want)
	}
	want := &Sync{Time: t0.Add(-2 * time.Second), Trigger: Poll, Duration: Duration(2 * time.Second), Created: 1, Failed: 1}
	if diff := cmp.Diff(want, e.LastSync); diff != "" {
		t.Errorf("last sync (-want +got):\n%s", diff)
	}
	if e.History[0].Result != ResultFailed {
		t.Errorf("history %+v, want the sync failed", e.History)
	}
}

func TestDriftRepairsAddUp(t *testing.T) {
	drift := func() Report {
		r := report()
		r.Plan.Steps[0] = plan.Step{
			ID: svc, Op: plan.Update, Drift: true, By: []string{"kubectl-edit"},
			Changes: []object.Change{{Path: ".spec.ports[name=http].port", From: 81, To: 80}},
		}
		r.Plan.Steps[1].Op = plan.Keep
		r.Results, r.Trigger = []plan.Result{{Step: r.Plan.Steps[0], Took: "applied"}}, Drifted
		return r
	}
	e := Of(report(), Environment{}, t0)
	e = Of(drift(), e, t0)
	e = Of(drift(), e, t0)
	want := Drift{Time: t0, Object: "Service jenkins/jenkins", Fields: []string{".spec.ports[name=http].port"}, Manager: "kubectl-edit"}
	if diff := cmp.Diff(&want, e.LastDrift); diff != "" || e.Drift.Repairs != 2 {
		t.Errorf("%d repairs, want 2; last (-want +got):\n%s", e.Drift.Repairs, diff)
	}
	failed, idle, seen := drift(), drift(), drift()
	failed.Results[0].Err = errors.New("no")
	idle.Results[0].Took = "unchanged"
	seen.Synced = false
	for name, r := range map[string]Report{"failed": failed, "idle": idle, "seen": seen} {
		if got := Of(r, e, t0).Drift.Repairs; got != 2 {
			t.Errorf("%s: %d repairs, want still 2", name, got)
		}
	}
}

func TestHistoryIsBoundedNewestFirst(t *testing.T) {
	e := Environment{}
	for i := range 50 {
		r := report()
		r.Revision = fmt.Sprintf("%040d", i)
		r.Plan.Commit = r.Revision
		e = Of(r, e, t0)
	}
	if len(e.History) != MaxHistory || e.History[0].Revision != fmt.Sprintf("%040d", 49) || e.History[0].Changes != 2 {
		t.Errorf("%d entries, newest %+v", len(e.History), e.History[0])
	}
}

func TestHistoryHasRefusedCommitsOnce(t *testing.T) {
	e := Of(report(), Environment{}, t0)
	bad := again()
	bad.Attempted, bad.Render = commitB, errors.New("no")
	e = Of(bad, e, t0)
	e = Of(bad, e, t0.Add(time.Minute))
	if len(e.History) != 2 || e.History[0].Revision != commitB || e.History[0].Result != ResultRefused {
		t.Errorf("history %+v, want commit B refused once, then commit A", e.History)
	}
	if e.Revision != commitA || e.LastAttemptedRevision != commitB {
		t.Errorf("revision %s, attempted %s", e.Revision, e.LastAttemptedRevision)
	}
}

func TestHeldPruneIsListedBounded(t *testing.T) {
	r := report()
	r.Plan.Hold = &plan.Hold{Hash: "h", Reason: "many"}
	for i := range 500 {
		r.Plan.Hold.IDs = append(r.Plan.Hold.IDs, object.ID{Kind: "Secret", Name: fmt.Sprint(i)})
	}
	e := Of(r, Environment{}, t0)
	if len(e.Held.Objects) != MaxListed || e.Held.Hash != "h" || e.History[0].Result != ResultHeld {
		t.Errorf("%d objects listed, hash %s, result %s", len(e.Held.Objects), e.Held.Hash, e.History[0].Result)
	}
	if e = Of(again(), e, t0); e.Held != nil || e.Is(PruneHeld) {
		t.Errorf("still held: %+v", e.Held)
	}
}

func TestFightsAreBoundedAndOrdered(t *testing.T) {
	r := report()
	for i := range 200 {
		r.Fights = append(r.Fights, Fight{Object: fmt.Sprintf("Secret %03d", 199-i), Fields: make([]string, 50)})
	}
	e := Of(r, Environment{}, t0)
	if f := e.Drift.Fights; len(f) != MaxFights || f[0].Object != "Secret 000" || len(f[0].Fields) != MaxFields {
		t.Errorf("%d fights, first %+v", len(f), f[0])
	}
}

func TestNoSecretInAStatus(t *testing.T) {
	const canary = "canary-7f3a-secret"
	secret := object.Object{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s", "namespace": "jenkins"},
		"data": map[string]any{"password": canary},
	}
	r := report()
	r.Results[0].Step.Payload.Object = secret
	r.Results[0].Err = fmt.Errorf("invalid value %q", canary)
	r.Source = errors.New("clone https://bob:" + canary + "@git.example.com/x: refused")
	r.Render = errors.New("https://" + canary + "@example.com is a remote base\x1b[31m")
	prev := Of(report(), Environment{}, t0)
	e := Of(r, prev, t0)
	text := string(marshal(e)) + fmt.Sprint(Transitions(prev, e))
	if strings.Contains(text, canary) || strings.Contains(text, "\x1b") {
		t.Errorf("the status shows a secret: %s", text)
	}
	if !strings.Contains(text, object.Masked) || !strings.Contains(text, "REDACTED@git.example.com") {
		t.Errorf("the causes are gone with the secrets: %s", text)
	}
}
