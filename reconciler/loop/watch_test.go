package loop

import (
	"errors"
	"strings"
	"testing"
	"time"

	"majordomo.dev/reconciler/status"
)

func TestF16RightToWatchThatIsTakenAwayIsSaid(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.wire.add(with(failure(403, "Forbidden", `configmaps is forbidden: User "u" cannot watch resource "configmaps"`), "GET", "/configmaps?", 1, -1))
	w.wire.drop()
	c := w.condition(env, status.Ready, status.False, "")
	if !strings.Contains(c.Message, "cannot watch resource") {
		t.Errorf("message %q, want the right that is missing", c.Message)
	}
	w.wire.endFaults()
	w.condition(env, status.Ready, status.True, "")
}

func TestF12WatchThatIsNeverAnsweredIsGivenUp(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	w.commit("first")
	w.timeout = 200 * time.Millisecond
	hung := with(&fault{do: hang}, "GET", "/configmaps?", 1, 2)
	w.wire.add(hung)
	w.start()
	w.condition(env, status.Ready, status.True, "")
	if w.wire.met(hung) != 2 {
		t.Errorf("%d requests hung, want 2", w.wire.met(hung))
	}
}

func TestWebhookIsCountedAsTheTrigger(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.poll = time.Hour
	w.start()
	w.ready(env, first)
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "6"`, 1)
	second := w.commit("second")
	w.loop.Wake()
	w.ready(env, second)
	w.eventually("the sync to be counted", func() error {
		for _, c := range w.board.Snapshot().Environments[0].Syncs {
			if strings.Join(c.Labels, " ") == "synced webhook" {
				return nil
			}
		}
		return errors.New("not counted")
	})
}
