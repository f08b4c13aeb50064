package cluster

import (
	"testing"

	"majordomo.dev/reconciler/object"
)

// goBack does what the fleet does when the first agents of a template never come up: it writes the template before, and says of which one.
func (e *env) goBack(rs object.Object, env any, from string) object.Object {
	e.t.Helper()
	labels := map[string]any{"app": rs.ID().Name}
	back := e.object("apps/v1", "ReplicaSet", rs.ID().Name, map[string]any{"spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": labels, "annotations": map[string]any{object.Template: "before"}},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "agent", "image": "a:1", "env": env}}},
	}}})
	back.SetAnnotation(object.RolledBack, from)
	return e.applyAs(object.FleetManager, back)
}

func TestARolledBackTemplateStaysUntilGitHasAnotherOne(t *testing.T) {
	e := newEnv(t).watch()
	pool := e.pool("agent", 0)
	image := func(o object.Object) any {
		return value(o, "spec", "template", "spec", "containers", "0", "image")
	}
	stamp := func(o object.Object) string {
		s, _ := value(o, "spec", "template", "metadata", "annotations", object.Template).(string)
		return s
	}
	seen := func(what string, holds func(object.Object) bool) {
		e.until(what, func() bool { return holds(e.client.view.seen(e.replicaSet("agent", nil, "").ID()).Live) })
	}
	bad := e.replicaSet("agent", nil, "a:2")
	e.apply(e.target(bad, pool))
	failed := stamp(e.get(bad))
	e.goBack(bad, []any{map[string]any{"name": "OLD", "value": "1"}}, failed)
	seen("the template before", func(o object.Object) bool { return image(o) == "a:1" })
	e.apply(e.target(bad, pool)) // hands the template over
	got := e.get(bad)
	if image(got) != "a:1" || got.Owned(object.Manager).Owns(object.Pointer{"spec", "template"}) {
		t.Fatalf("image %v after a sync, want a:1, which is the fleet's", image(got))
	}
	if p := e.plan(e.target(bad, pool)); p.Changes() {
		t.Errorf("a rolled back template is written again: %+v", p.Steps)
	}
	next := e.replicaSet("agent", nil, "a:3")
	if results := e.apply(e.target(next, pool)); len(results) != 1 || results[0].Step.Drift {
		t.Errorf("the next template: %+v, want one update from Git", results)
	}
	got = e.get(next)
	if image(got) != "a:3" || stamp(got) == failed || stamp(got) == "before" || got.Annotation(object.RolledBack) != "" {
		t.Errorf("image %v, stamp %s, rolled back from %q; want Git's template and no trace of the roll-back", image(got), stamp(got), got.Annotation(object.RolledBack))
	}
	if env := value(got, "spec", "template", "spec", "containers", "0", "env"); env != nil {
		t.Errorf("env %v is left of the template before", env)
	}
	if p := e.plan(e.target(next, pool)); p.Changes() {
		t.Errorf("not settled: %+v", p.Steps)
	}
}
