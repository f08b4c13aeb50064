package notice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

var (
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	good = strings.Repeat("a", 40)
	bad  = strings.Repeat("b", 40)
	next = strings.Repeat("c", 40)
)

// history is a fleet over time, and what a sink was told of it.
type history struct {
	t      *testing.T
	teller *notice.Teller
	state  window.State
	now    time.Time
	next   time.Time
}

func chat(on ...string) config.Notification {
	if len(on) == 0 {
		on = []string{config.Failed, config.Recovered, config.Held}
	}
	return config.Notification{Name: "chat", Kind: config.Slack, On: on}
}

func begin(t *testing.T, sink config.Notification) *history {
	t.Helper()
	h := &history{t: t, teller: notice.New(sink, nil), now: noon}
	h.state.Source.Revision = good
	return h
}

// env returns an environment, which is ready at the good commit at first.
func (h *history) env(name string) *window.Environment {
	for i := range h.state.Environments {
		if h.state.Environments[i].Name == name {
			return &h.state.Environments[i]
		}
	}
	h.state.Environments = append(h.state.Environments, window.Environment{Name: name, Revision: good, Tried: good, Seen: good, Followed: good})
	e := &h.state.Environments[len(h.state.Environments)-1]
	ready(e)
	return e
}

func ready(e *window.Environment) {
	e.Held, e.Fights = nil, nil
	e.Checks = []status.Condition{{Type: status.Ready, Status: status.True, Reason: status.Synced, Message: "commit " + e.Revision[:7] + " is applied"}}
}

func stalled(e *window.Environment, reason, message string) {
	e.Checks = []status.Condition{
		{Type: status.Ready, Status: status.False, Reason: reason, Message: message},
		{Type: status.Stalled, Status: status.True, Reason: reason, Message: message},
	}
}

func retrying(e *window.Environment, reason, message string) {
	e.Checks = []status.Condition{
		{Type: status.Ready, Status: status.False, Reason: reason, Message: message},
		{Type: status.Reconciling, Status: status.True, Reason: reason, Message: message},
	}
}

// tells checks what the sink is told now, as titles and texts.
func (h *history) tells(want ...string) []notice.Item {
	h.t.Helper()
	told := h.teller.Tell(h.state, h.now)
	h.next = told.Next
	var got []string
	for _, i := range told.Items {
		if i.Mark != nil {
			got = append(got, fmt.Sprintf("%s %s %s: %s", i.Mark.Environment, i.Mark.Revision[:1], i.Mark.State, i.Mark.Text))
			continue
		}
		got = append(got, i.Message.Title+" | "+i.Message.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("at %s it tells (-want +got):\n%s", h.now.Sub(noon), diff)
	}
	return told.Items
}

func (h *history) later(d time.Duration) { h.now = h.now.Add(d) }

func TestOnlyTransitionsAreTold(t *testing.T) {
	h := begin(t, chat())
	e := h.env("gke")
	h.tells()
	retrying(e, status.ApplyFailed, "1 of 3 objects could not be applied: x; tried again within 5s")
	h.tells()
	stalled(e, status.ApplyFailed, "1 of 3 objects could not be applied: x; tried again within 5m")
	h.tells("gke: failed | 1 of 3 objects could not be applied: x; tried again within 5m")
	h.tells()
	stalled(e, status.ApplyFailed, "1 of 3 objects could not be applied: x; tried again within 10m")
	h.tells()
	retrying(e, status.ApplyFailed, "is on its way")
	h.tells()
	ready(e)
	h.tells("gke: recovered | commit aaaaaaa is applied")
	h.tells()
}

func TestAnotherFailureIsTold(t *testing.T) {
	h := begin(t, chat())
	e := h.env("gke")
	e.Tried = bad
	stalled(e, status.RenderFailed, "commit bbbbbbb is refused: x")
	h.tells("gke: failed | commit bbbbbbb is refused: x")
	e.Tried = next
	stalled(e, status.RenderFailed, "commit ccccccc is refused: y")
	h.tells("gke: failed | commit ccccccc is refused: y")
	stalled(e, status.ApplyForbidden, "no right")
	h.tells("gke: failed | no right")
}

func TestAHeldPruneIsToldOnceAndItsEndToo(t *testing.T) {
	h := begin(t, chat())
	e := h.env("gke")
	h.tells()
	e.Held = &status.Held{Hash: "h1", Reason: "9 of 10 objects would be deleted"}
	stalled(e, status.PruneGuard, e.Held.Reason)
	h.tells("gke: a prune waits for approval | 9 of 10 objects would be deleted")
	h.tells()
	e.Held = &status.Held{Hash: "h2", Reason: "10 of 10 objects would be deleted"}
	h.tells("gke: a prune waits for approval | 10 of 10 objects would be deleted")
	ready(e)
	h.tells("gke: no prune waits any more | the prune that was held back is approved or no longer needed")

	h = begin(t, chat(config.Failed))
	e = h.env("gke")
	e.Held = &status.Held{Hash: "h1", Reason: "9 of 10 objects would be deleted"}
	stalled(e, status.PruneGuard, e.Held.Reason)
	h.tells("gke: failed | 9 of 10 objects would be deleted")
}

func TestACommitIsToldOnlyWhereItChangedSomething(t *testing.T) {
	h := begin(t, chat(config.Applied))
	e := h.env("gke")
	e.Sync = &status.Sync{Created: 3}
	h.tells()
	e.Revision, e.Sync = bad, &status.Sync{Updated: 1, Pruned: 2}
	h.tells("gke: commit bbbbbbb is applied | commit bbbbbbb is applied: 0 created, 1 changed, 2 pruned")
	h.tells()
	e.Revision, e.Sync = next, &status.Sync{}
	h.tells()
}

func TestAFightIsToldOncePerObjectAndWriter(t *testing.T) {
	h := begin(t, chat(config.Failed, config.Fight))
	e := h.env("gke")
	e.Fights = []status.Fight{{Object: "apps/Deployment a/b", Manager: "hpa", Fields: []string{".spec.replicas"}}}
	stalled(e, status.DriftLoop, "hpa keeps changing it back")
	h.tells("gke: two writers fight over an object | hpa keeps changing apps/Deployment a/b (.spec.replicas) back")
	h.tells()
	ready(e)
	h.tells()
	e.Fights = []status.Fight{{Object: "apps/Deployment a/b", Manager: "hpa"}}
	h.tells("gke: two writers fight over an object | hpa keeps changing apps/Deployment a/b back")
}

func TestPoolsAndMastersAreToldAfterAWhile(t *testing.T) {
	h := begin(t, chat(config.Pools, config.Jenkins))
	h.state.Pools = []window.Pool{{Environment: "gke", Namespace: "ci", Name: "linux", State: window.Limited, Reason: "30 agents would be wanted"}}
	h.state.Masters = []window.Master{{Environment: "gke", Namespace: "ci", URL: "http://jenkins", Reason: "connection refused"}}
	h.tells()
	if want := noon.Add(2 * time.Minute); !h.next.Equal(want) {
		t.Errorf("it asks again at %s, want %s", h.next, want)
	}
	h.later(2 * time.Minute)
	h.tells("gke: Jenkins does not answer | connection refused")
	h.later(7 * time.Minute)
	h.state.Pools[0].Reason = "31 agents would be wanted"
	h.tells()
	h.later(time.Minute)
	h.tells("pool gke/ci/linux: wants more agents than its limits allow | 31 agents would be wanted")
	h.state.Pools[0].State, h.state.Pools[0].Reason = window.Ready, "keeps 2 agents"
	h.state.Masters[0].Up = true
	h.tells()
	h.later(time.Minute)
	h.state.Masters[0].Up = false
	h.tells()
	h.later(time.Minute)
	h.state.Masters[0].Up = true
	h.tells("pool gke/ci/linux: well again | keeps 2 agents")
	h.later(2 * time.Minute)
	h.tells("gke: Jenkins answers again | Jenkins at http://jenkins answers again")
}

func TestTheRepositoryIsToldOnceAndNotForEachEnvironment(t *testing.T) {
	h := begin(t, chat())
	for i := range 3 {
		h.env(fmt.Sprintf("e%d", i))
	}
	h.state.Source.Error = "connection refused"
	h.tells()
	h.later(5 * time.Minute)
	for i := range 3 {
		stalled(h.env(fmt.Sprintf("e%d", i)), status.FetchFailed, "connection refused")
	}
	h.tells("config repository: cannot be read | connection refused")
	h.state.Source.Error, h.state.Source.Refused = "fleet.yaml:2: .kind: is wrong", bad
	h.tells("config repository: a commit is refused | fleet.yaml:2: .kind: is wrong")
	h.state.Source.Error, h.state.Source.Refused = "", ""
	for i := range 3 {
		ready(h.env(fmt.Sprintf("e%d", i)))
	}
	h.tells("config repository: read again | the config repository answers")
}

func TestASinkIsToldOnlyOfItsEnvironments(t *testing.T) {
	sink := chat()
	sink.Environments = []string{"gke"}
	h := begin(t, sink)
	for _, name := range []string{"vagrant", "gke"} {
		stalled(h.env(name), status.ApplyFailed, "x")
	}
	h.tells("gke: failed | x")
}

func TestNothingIsToldAtQuietTimesAndThenWhatIsStillSo(t *testing.T) {
	sink := chat()
	sink.Quiet = []config.Quiet{{Cron: "0 20 * * *", Timezone: "Europe/Berlin", Duration: 11 * time.Hour}}
	h := begin(t, sink)
	h.now = time.Date(2026, 3, 2, 18, 59, 0, 0, time.UTC) // 19:59 in Berlin
	passing, stays := "a", "b"
	h.env(passing)
	h.env(stays)
	h.tells()
	h.later(time.Minute)
	stalled(h.env(passing), status.ApplyFailed, "x")
	stalled(h.env(stays), status.ApplyFailed, "x")
	h.tells()
	morning := time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC)
	if !h.next.Equal(morning) {
		t.Errorf("it tells again at %s, want %s", h.next, morning)
	}
	h.later(10*time.Hour + 59*time.Minute)
	ready(h.env(passing))
	h.tells()
	h.later(time.Minute)
	h.tells("b: failed | x")
}

func TestWhatIsTooMuchIsSummarised(t *testing.T) {
	h := begin(t, chat())
	for i := range 30 {
		stalled(h.env(fmt.Sprintf("e%02d", i)), status.ApplyFailed, "x")
	}
	items := h.teller.Tell(h.state, h.now).Items
	last := items[len(items)-1]
	want := "e09: failed; e10: failed; e11: failed; e12: failed; e13: failed; e14: failed; e15: failed; e16: failed; e17: failed; e18: failed; and 11 others"
	if len(items) != 10 || last.Message.Title != "and 21 more" || last.Message.Text != want || last.Message.Severity != notice.Error || len(last.Said) != 21 {
		t.Errorf("%d items, the last is %+v", len(items), last)
	}
	h.tells()
	ready(h.env("e00"))
	h.tells()
	if want := noon.Add(time.Minute); !h.next.Equal(want) {
		t.Errorf("it asks again at %s, want %s", h.next, want)
	}
	h.later(time.Minute)
	h.tells("and 1 more | e00: recovered")
	h.later(time.Hour)
	ready(h.env("e01"))
	h.tells("e01: recovered | commit aaaaaaa is applied")
}

func TestWhatWasSaidIsNotRepeatedByTheNextProcess(t *testing.T) {
	h := begin(t, chat(config.Failed, config.Recovered, config.Applied))
	e := h.env("gke")
	first := h.teller.Tell(h.state, h.now)
	stalled(e, status.ApplyFailed, "x")
	said := first.Silent
	for _, i := range h.tells("gke: failed | x") {
		for k, s := range i.Said {
			said[k] = s
		}
	}
	h.teller = notice.New(h.teller.Sink(), said)
	checks := e.Checks
	e.Checks = nil // not looked at yet
	h.tells()
	e.Checks = checks
	h.tells()
	e.Revision = bad
	e.Sync = &status.Sync{Updated: 1}
	ready(e)
	h.tells("gke: recovered | commit bbbbbbb is applied", "gke: commit bbbbbbb is applied | commit bbbbbbb is applied: 0 created, 1 changed, 0 pruned")
}

func TestTextsAreOneCleanLine(t *testing.T) {
	h := begin(t, chat())
	stalled(h.env("gke"), status.ApplyFailed, "line\none\x1b[31m red\x1b[0m \u202egnp https://user:pw@host/")
	h.tells("gke: failed | line one red gnp https://REDACTED@host/")
}
