package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
)

func TestASinkThatIsDownIsTriedThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", func(string, notice.Item) error { return &failure{text: "down"} }, "chat")
		defer h.run()()
		h.set(map[string]bool{"gke": true})
		pass(time.Hour)
		h.sent("chat: gke: failed at 0s", "chat: gke: failed at 2s", "chat: gke: failed at 12s")
		h.counted("chat", map[string]float64{failed: 1})
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		h := newHouse(t, "", func(string, notice.Item) error {
			if calls++; calls == 1 {
				return &failure{text: "429", after: 90 * time.Second}
			}
			return nil
		}, "chat")
		defer h.run()()
		h.set(map[string]bool{"gke": true})
		pass(time.Hour)
		h.sent("chat: gke: failed at 0s", "chat: gke: failed at 1m30s")
		h.counted("chat", map[string]float64{sent: 1})
	})
}

func TestWhatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", func(string, notice.Item) error { return finally("404") }, "chat")
		defer h.run()()
		h.set(map[string]bool{"gke": true})
		pass(time.Hour)
		h.sent("chat: gke: failed at 0s")
		h.counted("chat", map[string]float64{failed: 1})
	})
}

func TestATroubleIsSaidOncePerCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", nil, "chat")
		answers := func(err error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.answer = func(string, notice.Item) error { return err }
		}
		answers(finally("404 no_service"))
		stop := h.run()
		for _, bad := range []bool{true, false, true} {
			h.set(map[string]bool{"gke": bad})
			pass(time.Minute)
		}
		answers(finally("410 gone"))
		h.set(map[string]bool{"gke": false})
		pass(time.Minute)
		answers(nil)
		h.set(map[string]bool{"gke": true})
		pass(time.Minute)
		stop()
		want := []string{
			"fault true notifications to chat are not sent: 404 no_service", "fault true notifications to chat are not sent: 410 gone",
			"fault false notifications to chat are sent again",
		}
		if diff := cmp.Diff(want, h.entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if n := strings.Count(h.log.String(), "level=WARN"); n != 2 {
			t.Errorf("%d warnings, want 2:\n%s", n, h.log.String())
		}
	})
}

func TestASinkThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		h := newHouse(t, "", func(sink string, _ notice.Item) error {
			if sink == "hangs" {
				<-hold
			}
			return nil
		}, "hangs", "works")
		stop := h.run()
		for i := range 6 {
			h.set(map[string]bool{"gke": i%2 == 0})
			pass(time.Second)
		}
		h.mu.Lock()
		works := len(h.got)
		h.mu.Unlock()
		if works != 6 {
			t.Errorf("the sink that works got %d messages, want 6", works)
		}
		close(hold)
		stop()
	})
}

func TestAFullQueueDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		q := newQueue(func() { n++ })
		for i := range most + 7 {
			q.put(item(fmt.Sprint(i)))
		}
		first, _ := q.take(t.Context())
		if n != 7 || first.Key != "7" || len(q.items) != most-1 {
			t.Errorf("%d dropped, the first is %s, %d wait", n, first.Key, len(q.items))
		}
	})
}

func TestANewerStatusOfACommitTakesThePlaceOfTheOlder(t *testing.T) {
	q := newQueue(func() { t.Error("dropped") })
	for _, state := range []notice.MarkState{notice.Pending, notice.Success} {
		for _, env := range []string{"a", "b"} {
			q.put(notice.Item{Key: env, Mark: &notice.Mark{Environment: env, State: state}})
		}
	}
	for _, want := range []string{"a", "b"} {
		got, _ := q.take(t.Context())
		if got.Key != want || got.Mark.State != notice.Success {
			t.Errorf("got %s %s, want the success of %s", got.Key, got.Mark.State, want)
		}
	}
	if len(q.items) > 0 {
		t.Errorf("%d more", len(q.items))
	}
}

func TestTheNextProcessDoesNotRepeatWhatWasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := newHouse(t, dir, fine, "chat")
		stop := h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.sent("chat: gke: failed at 0s")
		stop()

		h = newHouse(t, dir, fine, "chat")
		stop = h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Minute)
		h.sent()
		h.set(map[string]bool{"gke": false})
		pass(time.Minute)
		h.sent("chat: gke: recovered at 1m0s")
		stop()

		if err := os.WriteFile(filepath.Join(dir, StateFile), []byte(`{"version":1,"sinks":{"chat":`), 0o600); err != nil {
			t.Fatal(err)
		}
		h = newHouse(t, dir, fine, "chat")
		stop = h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Minute)
		h.sent("chat: gke: failed at 0s")
		stop()
		if !strings.Contains(h.log.String(), "what was notified is not known") {
			t.Errorf("the damaged file is not told:\n%s", h.log.String())
		}
	})
}

func TestWhatCouldNotBeSentIsToldByTheNextProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := newHouse(t, dir, func(string, notice.Item) error { return &failure{text: "down", after: time.Hour} }, "chat")
		stop := h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		stop()
		h = newHouse(t, dir, fine, "chat")
		stop = h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.sent("chat: gke: failed at 0s")
		stop()
	})
}

func TestADiskThatFailsStopsNoNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		h := newHouse(t, filepath.Join(file, "below"), fine, "chat")
		stop := h.run()
		for _, bad := range []bool{true, false} {
			h.set(map[string]bool{"gke": bad})
			pass(time.Second)
		}
		h.sent("chat: gke: failed at 0s", "chat: gke: recovered at 1s")
		stop()
		if n := strings.Count(h.log.String(), "a restart may repeat it"); n != 1 {
			t.Errorf("the fault of the disk is told %d times, want once:\n%s", n, h.log.String())
		}
	})
}

func TestWhatIsUnderWayHasALittleTimeAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", fine, "chat")
		h.n.deliver = func(ctx context.Context, _ config.Notification, _ notice.Item) error {
			<-ctx.Done()
			return errors.New("hung up")
		}
		stop := h.run()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took != grace {
			t.Errorf("the end took %s, want %s", took, grace)
		}
	})
}

func TestSinksComeAndGoWithTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, t.TempDir(), fine, "a")
		defer h.run()()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.sent("a: gke: failed at 0s")
		h.mu.Lock()
		h.sinks = []config.Notification{chatSink("b")}
		h.mu.Unlock()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.sent("b: gke: failed at 1s")
		h.counted("b", map[string]float64{sent: 1})
		h.mu.Lock()
		h.sinks[0].On = []string{config.Failed, config.Recovered}
		h.mu.Unlock()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.sent()
	})
}

func TestASinkThatCannotWorkIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", fine)
		h.sinks = []config.Notification{{Name: "chat", Kind: config.Slack, Hook: config.Hook{URL: "missing"}}}
		defer h.run()()
		pass(time.Second)
		synctest.Wait()
		if len(h.entries) != 1 || !strings.Contains(h.entries[0], "file missing: is not in") {
			t.Errorf("entries %q", h.entries)
		}
	})
}

func TestAPanicCostsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "", func(_ string, i notice.Item) error {
			if strings.Contains(i.Message.Title, "failed") {
				panic("broken")
			}
			return nil
		}, "chat")
		panics := 0
		h.n.opts.Panicked = func() { panics++ }
		defer h.run()()
		h.set(map[string]bool{"gke": true})
		pass(time.Second)
		h.set(map[string]bool{"gke": false})
		pass(time.Second)
		h.sent("chat: gke: recovered at 1s")
		if panics != 1 {
			t.Errorf("%d panics counted, want 1", panics)
		}
	})
}
