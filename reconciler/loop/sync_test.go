package loop

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/status"
)

func TestCommitBecomesTheClusterAndStaysSo(t *testing.T) {
	noLeak(t)
	w := newWorld(t, 2)
	first := w.commit("first")
	w.start()
	for _, e := range w.envs {
		if got := w.ready(e, first); got.Objects.Total != 3 || len(got.Inventory) != 3 {
			t.Errorf("%s: %d objects, %d in the inventory; want 3", e, got.Objects.Total, len(got.Inventory))
		}
	}
	t.Run("a commit is applied", func(*testing.T) { w.commitIsApplied() })
	t.Run("a hand edit is healed", func(*testing.T) { w.editIsHealed(w.envs[0]) })
	t.Run("a deleted Service comes back", func(*testing.T) { w.deletedServiceComesBack(w.envs[0]) })
	t.Run("a removed object is pruned", func(*testing.T) { w.removedObjectIsPruned(w.envs[0]) })
	t.Run("a bad commit is refused and the last good one stays in force", func(*testing.T) { w.badCommitIsRefused(w.envs[0]) })
}

func (w *world) commitIsApplied() {
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "4"`, 1)
	second := w.commit("more executors")
	for _, e := range w.envs {
		w.ready(e, second)
		w.executors(e, "4")
	}
}

// executors waits until the ConfigMap has this number.
func (w *world) executors(env, want string) {
	w.t.Helper()
	w.eventually("executors "+want, func() error {
		if got := w.value(configMaps, env, "casc", "data", "executors"); got != want {
			return fmt.Errorf("executors %s", got)
		}
		return nil
	})
}

func (w *world) editIsHealed(env string) {
	w.edit(env, "casc", `{"data":{"executors":"99"}}`)
	w.executors(env, "4")
	w.eventually("the repair in the status", func() error {
		e := w.environment(env)
		if e.Drift.Repairs != 1 || e.LastDrift == nil || e.LastDrift.Manager != "kubectl-edit" {
			return fmt.Errorf("drift %+v, last %+v", e.Drift, e.LastDrift)
		}
		return nil
	})
}

func (w *world) deletedServiceComesBack(env string) {
	was := w.get(services, env, "jenkins").UID()
	w.remove(services, env, "jenkins")
	w.eventually("the Service", func() error {
		if o := w.get(services, env, "jenkins"); o == nil || o.UID() == was {
			return fmt.Errorf("not back")
		}
		return nil
	})
}

func (w *world) removedObjectIsPruned(env string) {
	overlay := "overlays/" + env + "/"
	w.files[overlay+"extra.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, extra.yaml]\n"
	w.ready(env, w.commit("add extra"))
	if w.get(configMaps, env, "extra") == nil {
		w.t.Fatal("extra is not there")
	}
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base]\n"
	w.ready(env, w.commit("remove extra"))
	w.eventually("extra to go", func() error {
		if w.get(configMaps, env, "extra") != nil {
			return fmt.Errorf("still there")
		}
		return nil
	})
	if got := w.environment(env); len(got.Inventory) != 3 {
		w.t.Errorf("inventory %+v, want 3 entries", got.Inventory)
	}
}

func (w *world) badCommitIsRefused(env string) {
	good := w.environment(env).Revision
	w.files["overlays/"+env+"/kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, https://example.com/x.yaml]\n"
	bad := w.commit("remote base")
	c := w.condition(env, status.Rendered, status.False, status.RenderFailed)
	if !strings.Contains(c.Message, "kustomization.yaml") {
		w.t.Errorf("message %q, want it to name the file", c.Message)
	}
	e := w.environment(env)
	if e.Revision != good || e.LastAttemptedRevision != bad {
		w.t.Errorf("revision %s attempted %s, want %s and %s", e.Revision, e.LastAttemptedRevision, good, bad)
	}
	w.looked(env, status.Look{Seen: bad, Followed: bad})
	w.edit(env, "casc", `{"data":{"executors":"77"}}`)
	w.executors(env, "4") // drift is healed under a bad commit too
	w.files["overlays/"+env+"/kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base]\n"
	w.commit("fixed")
	w.condition(env, status.Ready, status.True, "")
}

// looked waits until the last visit of an environment went by these commits.
func (w *world) looked(env string, want status.Look) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("a visit of %s by %+v", env, want), func() error {
		for _, o := range w.board.Snapshot().Environments {
			if o.Name == env && o.Look != want {
				return fmt.Errorf("it was by %+v", o.Look)
			}
		}
		return nil
	})
}

func TestCommitThatIsRefusedAltogetherIsNamed(t *testing.T) {
	w := newWorld(t, 1)
	good := w.commit("good")
	w.start()
	w.ready(w.envs[0], good)
	w.files["fleet.yaml"] = "kind: Fleet\n"
	bad := w.commit("bad fleet.yaml")
	w.eventually("the refused commit", func() error {
		if s := w.board.Snapshot().Source; s.Refused != bad || s.Revision != good {
			return fmt.Errorf("source %+v", s)
		}
		return nil
	})
	delete(w.files, "fleet.yaml")
	fixed := w.commit("fixed")
	w.looked(w.envs[0], status.Look{Seen: fixed, Followed: fixed})
	if s := w.board.Snapshot().Source; s.Refused != "" || s.Revision != fixed {
		t.Errorf("source %+v after the mend, want it at %s", s, fixed)
	}
}

// edit changes a ConfigMap by hand.
func (w *world) edit(env, name, patch string) {
	w.t.Helper()
	_, err := w.kube.Resource(configMaps).Namespace(env).Patch(w.t.Context(), name, "application/merge-patch+json", []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestRestartOnABadCommitKeepsTheLastGoodOneInForce(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	good := w.commit("good")
	stop := w.start()
	w.ready(env, good)
	stop()
	w.files["overlays/"+env+"/kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, missing.yaml]\n"
	w.commit("bad")
	w.edit(env, "casc", `{"data":{"executors":"88"}}`)
	w.start()
	w.condition(env, status.Rendered, status.False, status.RenderFailed)
	w.executors(env, "0")
}

func TestUnchangedHeadCostsNoRequest(t *testing.T) {
	w := newWorld(t, 2)
	first := w.commit("first")
	w.start()
	for _, e := range w.envs {
		w.ready(e, first)
	}
	w.settled()
	w.wire.clear()
	fetched := func() int64 {
		for _, c := range w.board.Snapshot().Fetches {
			if len(c.Labels) == 1 && c.Labels[0] == "unchanged" {
				return c.Value
			}
		}
		return 0
	}
	before := fetched()
	w.eventually("ten polls", func() error {
		if n := fetched() - before; n < 10 {
			return fmt.Errorf("%d polls", n)
		}
		return nil
	})
	if calls := w.wire.clear(); len(calls) != 0 {
		t.Errorf("%d requests over ten polls: %v", len(calls), calls)
	}

	t.Run("and one that changes another environment costs none here", func(t *testing.T) {
		w.files["overlays/"+w.envs[0]+"/kustomization.yaml"] += "configMapGenerator: [{name: own, literals: [a=b]}]\n"
		w.ready(w.envs[0], w.commit("only the first"))
		w.settled()
		for _, c := range w.wire.clear() {
			if strings.Contains(c, w.envs[1]) {
				t.Errorf("request for the other environment: %s", c)
			}
		}
		if got := w.environment(w.envs[1]).Revision; got != first {
			t.Errorf("revision of the untouched environment is %s, want the commit that changed it last, %s", got, first)
		}
	})
}

// settled waits until no request has been made over some polls.
func (w *world) settled() {
	w.t.Helper()
	last, same := -1, 0
	w.eventually("the loop to settle", func() error {
		w.wire.mu.Lock()
		n := len(w.wire.calls)
		w.wire.mu.Unlock()
		if n != last {
			last, same = n, 0
		} else {
			same++
		}
		if same < 60 { // of 5 ms
			return fmt.Errorf("%d requests so far", n)
		}
		return nil
	})
}

func TestOnceSyncsAndASecondOnceWritesNothing(t *testing.T) {
	w := newWorld(t, 1)
	first := w.commit("first")
	if err := w.once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.environment(w.envs[0]).Revision; got != first {
		t.Errorf("revision %q, want %q", got, first)
	}
	w.eventually("a run that finds it ready", func() error {
		if err := w.once(context.Background()); err != nil || w.environment(w.envs[0]).Is(status.Ready) {
			return err
		}
		return fmt.Errorf("not ready")
	})
	w.wire.clear()
	if err := w.once(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.wire.clear() {
		if !strings.HasPrefix(c, "GET ") {
			t.Errorf("a second run wrote: %s", c)
		}
	}
}
