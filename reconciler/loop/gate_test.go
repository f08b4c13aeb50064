package loop

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

func extras(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra-%d}\n", i)
	}
	return b.String()
}

func TestPruneOfTooManyIsHeldUntilApproved(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	w.files[overlay+"extra.yaml"] = extras(7)
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, extra.yaml]\n"
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base]\n"
	w.commit("remove seven")
	w.condition(env, status.PruneHeld, status.True, "")
	held := w.environment(env).Held
	if held == nil || len(held.Objects) != 7 || !strings.Contains(held.Reason, "majordomo approve "+env) {
		t.Fatalf("held %+v, want seven objects and what to do", held)
	}
	if w.get(configMaps, env, "extra-0") == nil {
		t.Fatal("it was pruned in spite of the hold")
	}
	w.patch(environments, "", env, map[string]any{"metadata": map[string]any{"annotations": map[string]any{cluster.ApproveAnnotation: "wrong"}}})
	w.settled()
	if w.get(configMaps, env, "extra-0") == nil {
		t.Fatal("it was pruned by an approval of something else")
	}
	w.patch(environments, "", env, map[string]any{"metadata": map[string]any{"annotations": map[string]any{cluster.ApproveAnnotation: held.Hash}}})
	w.eventually("the approved prune", func() error {
		if w.get(configMaps, env, "extra-6") != nil || w.environment(env).Held != nil {
			return errors.New("not yet")
		}
		return nil
	})
	if got := w.environment(env); len(got.Inventory) != 3 {
		t.Errorf("%d in the inventory, want 3", len(got.Inventory))
	}
}

func TestEmptyOverlayDeletesNothing(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.files["overlays/"+env+"/kustomization.yaml"] = "namespace: " + env + "\nresources: []\n"
	w.commit("empty")
	w.condition(env, status.Rendered, status.False, "")
	if got := w.state(env); len(got) != 6 {
		t.Errorf("state %v, want the three objects untouched", got)
	}
}

func TestSuspendedEnvironmentIsLeftAlone(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"suspend": map[string]any{"reason": "maintenance"}}})
	c := w.condition(env, status.Suspended, status.True, "")
	if !strings.Contains(c.Message, "maintenance") {
		t.Errorf("message %q, want the reason", c.Message)
	}
	w.edit(env, "casc", `{"data":{"executors":"5"}}`)
	w.settled()
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "5" {
		t.Errorf("a suspended environment was healed to %s", got)
	}
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"suspend": nil}})
	w.executors(env, "0")
}

func TestPinnedEnvironmentSkipsTheRejectedCommitUntilTheBranchMovesOn(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	executors := func(n string) string {
		o := w.files["base/objects.yaml"]
		i := strings.Index(o, `executors: "`) + len(`executors: "`)
		w.files["base/objects.yaml"] = o[:i] + n + o[i+1:]
		return w.commit("executors " + n)
	}
	good := executors("1")
	stop := w.start()
	w.ready(env, good)
	bad := executors("2")
	w.ready(env, bad)
	pin := map[string]any{"revision": good, "rejected": []any{bad}}
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"pin": pin}})
	w.ready(env, good)
	w.looked(env, status.Look{Seen: bad, Followed: good})
	w.settled()
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "1" {
		t.Errorf("executors %s after the rollback, want 1", got)
	}
	stop()
	w.start() // the next process remembers
	w.eventually("the restarted loop to visit", w.loop.Ready)
	w.settled()
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "1" {
		t.Errorf("executors %s after a restart, want 1 still", got)
	}
	w.ready(env, executors("3"))
}

func TestObjectMovesBetweenEnvironmentsAsItIs(t *testing.T) {
	w := newWorld(t, 1)
	from := w.envs[0]
	to := from + "-b" // a second environment over the same namespace
	w.envs = append(w.envs, to)
	shared := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: b}\n"
	own := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own-b}\n"
	w.files["overlays/"+from+"/shared.yaml"], w.files["overlays/"+to+"/shared.yaml"] = shared, shared
	w.files["overlays/"+to+"/own.yaml"] = own
	w.files["overlays/"+from+"/kustomization.yaml"] = "namespace: " + from + "\nresources: [../../base, shared.yaml]\n"
	w.files["overlays/"+to+"/kustomization.yaml"] = "namespace: " + from + "\nresources: [own.yaml]\n"
	w.files["fleet.yaml"] = fmt.Sprintf("apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n- {name: %[1]s, path: overlays/%[1]s, namespaces: [%[1]s]}\n- {name: %[2]s, path: overlays/%[2]s, namespaces: [%[1]s]}\n", from, to)
	first := w.commit("first")
	w.start()
	w.ready(from, first)
	w.ready(to, first)
	uid := w.get(configMaps, from, "shared").UID()

	t.Run("F26 what both want stays with the one that has it", func(t *testing.T) {
		w.files["overlays/"+to+"/kustomization.yaml"] = "namespace: " + from + "\nresources: [own.yaml, shared.yaml]\n"
		w.commit("both")
		c := w.condition(to, status.Applied, status.False, "")
		if !strings.Contains(c.Message, "owned by environment "+from) {
			t.Errorf("message %q, want it to name the owner", c.Message)
		}
	})
	t.Run("what moves keeps its UID", func(t *testing.T) {
		w.files["overlays/"+from+"/kustomization.yaml"] = "namespace: " + from + "\nresources: [../../base]\n"
		w.commit("moved")
		w.eventually("the new owner's mark", func() error {
			if got := w.get(configMaps, from, "shared").Annotation(object.Environment); got != to {
				return fmt.Errorf("owner %q", got)
			}
			return nil
		})
		w.condition(from, status.Ready, status.True, "")
		w.eventually("the old owner to forget it", func() error {
			if n := len(w.environment(from).Inventory); n != 3 {
				return fmt.Errorf("%d in its inventory", n)
			}
			return nil
		})
		if got := w.get(configMaps, from, "shared").UID(); got != uid {
			t.Errorf("UID %s, was %s: it was made anew", got, uid)
		}
	})
}

func TestEnvironmentThatLeavesTheFleetKeepsItsObjects(t *testing.T) {
	w := newWorld(t, 2)
	first := w.commit("first")
	w.start()
	gone := w.envs[1]
	w.ready(gone, first)
	w.envs = w.envs[:1]
	w.files["base/objects.yaml"] += extras(1)
	w.ready(w.envs[0], w.commit("one less"))
	w.settled()
	if w.get(services, gone, "jenkins") == nil {
		t.Error("the objects of an environment that left were deleted")
	}
	for _, e := range w.board.Snapshot().Environments {
		if e.Name == gone {
			t.Error("it is still on the board")
		}
	}
	w.envs = append(w.envs, gone)
}

func TestF31RepositoryThatIsAwayKeepsTheLastCommitInForce(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	if err := os.Rename(w.repo.Dir, w.repo.Dir+".away"); err != nil {
		t.Fatal(err)
	}
	w.condition(env, status.SourceReady, status.False, "")
	w.edit(env, "casc", `{"data":{"executors":"44"}}`)
	w.executors(env, "0")
	if err := os.Rename(w.repo.Dir+".away", w.repo.Dir); err != nil {
		t.Fatal(err)
	}
	w.condition(env, status.SourceReady, status.True, "")
	w.ready(env, first)
}

func TestApprovalIsSpentWithThePruneThatItWasFor(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	with, without := "namespace: "+env+"\nresources: [../../base, extra.yaml]\n", "namespace: "+env+"\nresources: [../../base]\n"
	w.files[overlay+"extra.yaml"], w.files[overlay+"kustomization.yaml"] = extras(7), with
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.files[overlay+"kustomization.yaml"] = without
	w.commit("remove seven")
	w.condition(env, status.PruneHeld, status.True, "")
	held := w.environment(env).Held
	w.files[overlay+"kustomization.yaml"] = with
	w.commit("and back")
	w.condition(env, status.Ready, status.True, "")
	w.patch(environments, "", env, map[string]any{"metadata": map[string]any{"annotations": map[string]any{cluster.ApproveAnnotation: held.Hash}}})
	w.eventually("the approval to be spent", func() error {
		if w.get(environments, "", env).Annotation(cluster.ApproveAnnotation) != "" {
			return errors.New("it is still there")
		}
		return nil
	})
	w.files[overlay+"kustomization.yaml"] = without
	w.commit("remove the same seven again")
	w.condition(env, status.PruneHeld, status.True, "")
	if w.get(configMaps, env, "extra-0") == nil {
		t.Error("an approval of before released it")
	}
}
