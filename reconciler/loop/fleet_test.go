package loop

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"majordomo.dev/reconciler/status"
)

// gate lets requests wait until it is opened.
func gate(reached chan<- struct{}, open <-chan struct{}) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		close(reached)
		<-open
		return next.RoundTrip(r)
	}
}

// known tells which environments the loop has.
func (w *world) known(env string) bool {
	w.loop.mu.Lock()
	defer w.loop.mu.Unlock()
	return w.loop.envs[env] != nil
}

func TestEnvironmentThatLeavesTheFleetDuringAVisitMayComeBack(t *testing.T) {
	noLeak(t)
	w := newWorld(t, 2)
	all, leaves := w.envs, w.envs[1]
	reached, open := make(chan struct{}), make(chan struct{})
	w.wire.add(with(&fault{do: gate(reached, open)}, "GET", "/environments/"+leaves, 1, 1))
	w.commit("first")
	w.start()
	<-reached
	w.envs = all[:1]
	w.commit("one less")
	w.eventually("the environment to leave", func() error {
		if w.known(leaves) {
			return errors.New("still there")
		}
		return nil
	})
	close(open)
	w.settled()
	for _, e := range w.board.Snapshot().Environments {
		if e.Name == leaves {
			t.Errorf("an environment that left is on the board again: %+v", e.Status)
		}
	}
	w.envs = all
	w.ready(leaves, w.commit("and back"))
}

func TestEnvironmentThatLeftBeforeItsVisitIsNotVisited(t *testing.T) {
	w := newWorld(t, 1)
	w.make(Options{})
	e := &environment{name: "left", gone: true}
	w.loop.visit(t.Context(), e)
	if len(w.board.Snapshot().Environments) != 0 || len(w.wire.clear()) != 0 {
		t.Error("it was visited")
	}
	e.fail(w.loop, errors.New("a panic in its last visit"))
	if got := w.board.Snapshot().Environments; len(got) != 0 {
		t.Errorf("it is on the board: %+v", got)
	}
}

func TestEnvironmentThatMovesToAnotherClusterStartsFromTheBooksThere(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.settled()
	w.wire.clear()
	w.fleet = func(string) string { return "  context: other\n" }
	w.commit("another cluster")
	w.eventually("the books to be read", func() error {
		if w.wire.made("GET", "/environments/"+env) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	w.settled()
	if e := w.environment(env); e.Drift.Repairs != 0 || !e.Is(status.Ready) {
		t.Errorf("drift %+v, conditions %+v; want what the other cluster lacks not to count as deleted", e.Drift, e.Conditions)
	}
}

func TestFirstSyncIsCounted(t *testing.T) {
	w := newWorld(t, 1)
	first := w.commit("first")
	w.start()
	w.ready(w.envs[0], first)
	o := w.board.Snapshot().Environments[0]
	if len(o.Syncs) == 0 || o.Took[status.PhaseRender].Count == 0 || o.Took[status.PhaseApply].Count == 0 {
		t.Errorf("syncs %+v, durations %+v; want the first sync in them", o.Syncs, o.Took)
	}
}

func TestWhatFleetNoLongerSaysLeavesTheBooks(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	w.fleet = func(string) string { return "  clusterKinds: [PriorityClass]\n" }
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	if got := w.value(environments, "", env, "spec", "clusterKinds"); got != "[PriorityClass]" {
		t.Fatalf("clusterKinds %s", got)
	}
	w.fleet = func(string) string { return "" }
	w.commit("without")
	w.eventually("the field to go", func() error {
		if v, there := w.get(environments, "", env).Get([]string{"spec", "clusterKinds"}); there {
			return fmt.Errorf("clusterKinds %v", v)
		}
		return nil
	})
	w.settled()
}
