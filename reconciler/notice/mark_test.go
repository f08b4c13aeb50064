package notice_test

import (
	"fmt"
	"testing"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

func commits(t *testing.T) (*history, *window.Environment) {
	t.Helper()
	h := begin(t, config.Notification{Name: "commits", Kind: config.GitHub})
	e := h.env("gke")
	h.tells("gke a success: commit aaaaaaa is applied")
	return h, e
}

func TestABadCommitAndItsMend(t *testing.T) {
	h, e := commits(t)
	h.state.Source.Revision = bad
	h.tells("gke b pending: commit bbbbbbb is not applied yet")
	e.Tried, e.Seen, e.Followed = bad, bad, bad
	stalled(e, status.RenderFailed, "commit bbbbbbb is refused: x; tried again within 5m")
	h.tells("gke b failure: commit bbbbbbb is refused: x; tried again within 5m")
	stalled(e, status.RenderFailed, "commit bbbbbbb is refused: x; tried again within 10m")
	h.tells()
	h.state.Source.Revision = next
	h.tells("gke c pending: commit ccccccc is not applied yet")
	e.Tried, e.Seen, e.Followed = good, next, next // it is what was before
	ready(e)
	h.tells("gke c success: nothing changes here; commit aaaaaaa stays in force")
}

func TestACommitThatArrivesSlowly(t *testing.T) {
	h, e := commits(t)
	h.state.Source.Revision = bad
	e.Tried, e.Seen, e.Followed, e.Revision = bad, bad, bad, bad
	e.Checks = []status.Condition{{Type: status.Ready, Status: status.Unknown, Reason: status.Progressing, Message: "1 of 3 objects are ready"}}
	h.tells("gke b pending: 1 of 3 objects are ready")
	retrying(e, status.ApplyFailed, "x; tried again within 5s")
	h.tells("gke b pending: x; tried again within 5s")
	retrying(e, status.ApplyFailed, "x; tried again within 15s")
	h.tells()
	stalled(e, status.ApplyFailed, "x; tried again within 5m")
	h.tells("gke b failure: x; tried again within 5m")
	ready(e)
	h.tells("gke b success: commit bbbbbbb is applied")
	stalled(e, status.HealthFailed, "a pod crashes")
	h.tells()
}

func TestACommitThatWaitsForAPerson(t *testing.T) {
	h, e := commits(t)
	h.state.Source.Revision = bad
	e.Checks = append(e.Checks, status.Condition{Type: status.Suspended, Status: status.True, Message: "left alone: lunch"})
	h.tells("gke b pending: left alone: lunch")
	e.Tried, e.Seen, e.Followed, e.Revision = bad, bad, bad, bad
	e.Held = &status.Held{Hash: "h", Reason: "9 of 10 objects would be deleted"}
	stalled(e, status.PruneGuard, "9 of 10 objects would be deleted")
	h.tells("gke b pending: 9 of 10 objects would be deleted")
	e.Followed, e.Revision = good, good
	ready(e)
	h.tells("gke b failure: rolled back by hand to commit aaaaaaa")
}

func TestACommitThatIsOvertakenIsNotLeftPending(t *testing.T) {
	h, _ := commits(t)
	h.state.Source.Revision = bad
	h.tells("gke b pending: commit bbbbbbb is not applied yet")
	h.state.Source.Revision = next
	h.tells("gke b overtaken: commit ccccccc came before this one was applied", "gke c pending: commit ccccccc is not applied yet")
}

func TestACommitWhoseFleetIsWrongFailsInEveryEnvironment(t *testing.T) {
	h, _ := commits(t)
	h.env("vagrant")
	h.tells("vagrant a success: commit aaaaaaa is applied")
	h.state.Source.Refused, h.state.Source.Error = bad, "fleet.yaml:2: .kind: is wrong"
	h.tells("gke b failure: fleet.yaml:2: .kind: is wrong", "vagrant b failure: fleet.yaml:2: .kind: is wrong")
	h.tells()
}

func TestManyEnvironmentsAreMarkedAtABearablePace(t *testing.T) {
	h := begin(t, config.Notification{Name: "commits", Kind: config.GitHub})
	for i := range 100 {
		h.env(fmt.Sprintf("e%02d", i))
	}
	total := len(h.teller.Tell(h.state, h.now).Items)
	for range 100 {
		told := h.teller.Tell(h.state, h.now)
		if n := len(told.Items); n > 2 {
			t.Fatalf("%d marks at once after the first", n)
		}
		total += len(told.Items)
		if told.Next.IsZero() {
			break
		}
		h.now = told.Next
	}
	if total != 100 || h.now.Sub(noon) > 2*time.Minute {
		t.Errorf("%d marks in %s, want 100 within 2m", total, h.now.Sub(noon))
	}
}

func TestAMarkNamesItsCommitAndEnvironment(t *testing.T) {
	h := begin(t, config.Notification{Name: "commits", Kind: config.GitHub})
	h.env("gke")
	items := h.tells("gke a success: commit aaaaaaa is applied")
	if i := items[0]; i.Key != "gke/"+good || i.Mark.Revision != good || i.Said["gke"] == (notice.Said{}) {
		t.Errorf("item %+v", i)
	}
}
