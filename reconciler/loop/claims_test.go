package loop

import (
	"errors"
	"fmt"
	"testing"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

// neighbours makes a second environment over the namespace of the first, and returns both and what writes their overlays.
func (w *world) neighbours() (a, b string, write func(inA, inB string)) {
	a = w.envs[0]
	b = a + "-b"
	w.envs = append(w.envs, b)
	w.files["fleet.yaml"] = fmt.Sprintf("apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n- {name: %[1]s, path: overlays/%[1]s, namespaces: [%[1]s]}\n- {name: %[2]s, path: overlays/%[2]s, namespaces: [%[1]s]}\n", a, b)
	for own, env := range map[string]string{"own-a": a, "own-b": b} {
		w.files["overlays/"+env+"/shared.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: b}\n"
		w.files["overlays/"+env+"/own.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + own + "}\ndata: {n: \"1\"}\n"
	}
	return a, b, func(inA, inB string) {
		w.files["overlays/"+a+"/kustomization.yaml"] = "namespace: " + a + "\nresources: [" + inA + "]\n"
		w.files["overlays/"+b+"/kustomization.yaml"] = "namespace: " + a + "\nresources: [" + inB + "]\n"
	}
}

func (w *world) pin(env, to, rejected string) {
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"pin": map[string]any{"revision": to, "rejected": []any{rejected}}}})
}

func TestRollbackOfOneEnvironmentLeavesWhatMovedToAnother(t *testing.T) {
	w := newWorld(t, 1)
	a, b, write := w.neighbours()
	write("own.yaml, shared.yaml", "own.yaml")
	first := w.commit("a has it")
	w.start()
	w.ready(a, first)
	w.ready(b, first)
	write("own.yaml", "own.yaml, shared.yaml")
	second := w.commit("b has it")
	w.ready(a, second)
	w.ready(b, second)
	w.pin(a, first, second)
	w.condition(a, status.Applied, status.False, status.Refused)
	w.settled()
	w.wire.clearCalls()
	w.settled()
	if n := w.wire.made("PATCH", "configmaps/shared"); n != 0 {
		t.Errorf("it went %d times from hand to hand", n)
	}
	if got := w.get(configMaps, a, "shared").Annotation(object.Environment); got != b {
		t.Errorf("owner %q, want %q, which the newest commit gives it to", got, b)
	}
}

func TestRollbackOfOneEnvironmentDoesNotTakeAnotherBack(t *testing.T) {
	w := newWorld(t, 1)
	a, b, write := w.neighbours()
	write("own.yaml", "own.yaml")
	first := w.commit("first")
	w.start()
	w.ready(a, first)
	w.ready(b, first)
	w.files["overlays/"+a+"/own.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own-x}\ndata: {n: \"2\"}\n"
	w.files["overlays/"+b+"/own.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own-b}\ndata: {n: \"2\"}\n"
	second := w.commit("second")
	w.ready(a, second)
	w.ready(b, second)
	write("own.yaml", "own.yaml, missing.yaml")
	third := w.commit("bad for b")
	w.condition(b, status.Rendered, status.False, "")
	w.pin(a, first, third)
	w.eventually("the rollback of a", func() error {
		if w.environment(a).Revision != first {
			return errors.New("not yet")
		}
		return nil
	})
	w.settled()
	w.edit(a, "own-b", `{"data":{"n":"3"}}`) // has b visited
	w.eventually("the repair", func() error {
		if got := w.value(configMaps, a, "own-b", "data", "n"); got != "2" {
			return fmt.Errorf("n is %s, want 2 of the last commit that was good for it", got)
		}
		return nil
	})
}
