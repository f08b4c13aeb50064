package cluster

import (
	"errors"
	"testing"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

func TestRemovedObjectIsPruned(t *testing.T) {
	e := newEnv(t).watch()
	a, b := e.configMap("a", nil), e.configMap("b", nil)
	e.good(a, b)
	if r := e.good(a)[b.ID()]; r.Took != Deleted {
		t.Errorf("took %q, want deleted", r.Took)
	}
	if e.get(b) != nil || e.get(a) == nil {
		t.Error("want b gone and a there")
	}
	if again := e.good(a); len(again) != 0 {
		t.Errorf("pruning goes on: %+v", again)
	}
}

func TestPruneRereadsBeforeItDeletes(t *testing.T) {
	cases := map[string]func(e *env, o object.Object){
		"replaced by somebody else stays": func(e *env, o object.Object) {
			k, _ := e.client.kinds.find(e.t.Context(), gvkOf(o.ID(), "v1"))
			if err := e.client.erase(e.t.Context(), k, e.get(o)); err != nil {
				e.t.Fatal(err)
			}
			e.applyAs("someone", o)
		},
		"handed to another environment stays": func(e *env, o object.Object) {
			e.edit(o, "kubectl", map[string]any{"metadata": map[string]any{"annotations": map[string]any{object.Environment: "other"}}})
		},
		"marked to stay since stays": func(e *env, o object.Object) {
			e.edit(o, "kubectl", map[string]any{"metadata": map[string]any{"annotations": map[string]any{object.Prune: "disabled"}}})
		},
	}
	for name, meanwhile := range cases {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			a, b := e.configMap("a", nil), e.configMap("b", nil)
			e.good(a, b)
			p := e.plan(e.desired(a))
			meanwhile(e, b)
			r := e.client.Prune(t.Context(), p.Only(plan.Prune))
			if len(r) != 1 || !errors.Is(r[0].Err, ErrChanged) {
				t.Errorf("results %+v, want one that says that the object changed", r)
			}
			if e.get(b) == nil {
				t.Error("it was deleted")
			}
		})
	}
}

func TestFinalizerKeepsThePrunedObjectOnRecord(t *testing.T) {
	e := newEnv(t).watch()
	a, b := e.configMap("a", nil), e.configMap("b", nil)
	e.good(a, b)
	e.edit(b, "someone", map[string]any{"metadata": map[string]any{"finalizers": []any{"example.com/hold"}}})
	if r := e.good(a)[b.ID()]; r.Took != Deleting {
		t.Fatalf("took %q, want deleting", r.Took)
	}
	if _, ok := e.inventory[b.ID()]; !ok {
		t.Error("it left the inventory before it was gone")
	}
	e.until("the deletion mark", func() bool { return e.client.view.seen(b.ID()).Live.Deleting() })
	if p := e.plan(e.desired(a)); p.Count(plan.Prune) != 0 {
		t.Error("it is deleted again while it waits for its finalizer")
	}
	e.edit(b, "someone", map[string]any{"metadata": map[string]any{"finalizers": nil}})
	e.until("the object to go", func() bool { return e.client.view.seen(b.ID()).Live == nil })
	if p := e.plan(e.desired(a)); len(p.Forget) != 1 {
		t.Errorf("forget %v, want b", p.Forget)
	}
}

func TestPruneOfAKindThatIsGone(t *testing.T) {
	e := newEnv(t)
	id := object.ID{Group: "gone.example.com", Kind: "Thing", Namespace: e.name, Name: "x"}
	r := e.client.Prune(t.Context(), []plan.Step{{ID: id, Op: plan.Prune, Version: "v1", UID: "u"}})
	if r[0].Err != nil || r[0].Took != Deleted {
		t.Errorf("result %+v, want it counted as deleted", r[0])
	}
}

// What stayed, against the plan, would go with its namespace.
func TestNamespaceIsNotPrunedWhereSomethingStayed(t *testing.T) {
	e := newEnv(t)
	b := e.configMap("b", nil)
	e.good(b)
	space := object.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": e.name}}
	e.edit(space, "kubectl", map[string]any{"metadata": map[string]any{"annotations": map[string]any{object.Environment: e.name}}})
	step := func(o object.Object) plan.Step {
		return plan.Step{ID: o.ID(), Op: plan.Prune, Version: "v1", UID: e.get(o).UID()}
	}
	steps := []plan.Step{step(b), step(space)}
	e.edit(b, "kubectl", map[string]any{"metadata": map[string]any{"annotations": map[string]any{object.Prune: "disabled"}}})
	for _, r := range e.client.Prune(t.Context(), steps) {
		if r.Err == nil {
			t.Errorf("%s: took %q, want an error", r.Step.ID, r.Took)
		}
	}
	if e.get(b) == nil || e.get(space).Deleting() {
		t.Error("the namespace was deleted, and what was marked to stay with it")
	}
}
