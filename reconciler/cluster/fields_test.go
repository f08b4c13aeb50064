package cluster

import (
	"testing"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

func (e *env) pool(target string, first int64) object.Object {
	return e.object("majordomo.dev/v1alpha1", "AgentPool", target, map[string]any{"spec": map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": target}, "min": first, "max": int64(9),
	}})
}

// targets returns only the ReplicaSet's payload: the pool itself needs no definition for what is tested here.
func (e *env) target(rs, pool object.Object) plan.Desired {
	d := e.desired(rs, pool)
	delete(d.Objects, pool.ID())
	return d
}

func (e *env) apply(d plan.Desired) []plan.Result {
	e.t.Helper()
	p := e.plan(d)
	results := e.client.Apply(e.t.Context(), p.Only(plan.Create, plan.Update))
	for _, r := range results {
		if r.Err != nil {
			e.t.Fatal(r.Err)
		}
		e.inventory[r.Step.ID] = plan.Entry{ID: r.Step.ID, Version: r.Step.Version, UID: r.Live.UID(), Hash: r.Step.Payload.Hash}
	}
	return results
}

func TestReplicasOfPoolTargetAreNeverReset(t *testing.T) {
	e := newEnv(t).watch()
	rs, pool := e.replicaSet("agent", nil, "a:1"), e.pool("agent", 2)
	e.apply(e.target(rs, pool))
	if got := value(e.get(rs), "spec", "replicas"); got != int64(2) {
		t.Fatalf("a new target has %v replicas, want the pool's minimum 2", got)
	}
	e.edit(rs, "autoscaler", map[string]any{"spec": map[string]any{"replicas": 7}})
	e.until("the scale", func() bool { return value(e.client.view.seen(rs.ID()).Live, "spec", "replicas") == int64(7) })
	if p := e.plan(e.target(rs, pool)); p.Changes() {
		t.Errorf("scaling is drift: %v", p.Steps[0].Changes)
	}
	rs = e.replicaSet("agent", nil, "a:2") // Git changes the template
	if got := len(e.apply(e.target(rs, pool))); got != 1 {
		t.Fatalf("%d applied, want 1", got)
	}
	if got := value(e.get(rs), "spec", "replicas"); got != int64(7) {
		t.Errorf("%v replicas after an apply, want 7", got)
	}
}

func TestReplicasAreHandedOverWhenAPoolComes(t *testing.T) {
	e := newEnv(t).watch()
	fixed := e.replicaSet("agent", int64(5), "a:1")
	e.good(fixed) // majordomo owns spec.replicas
	e.apply(e.target(e.replicaSet("agent", nil, "a:1"), e.pool("agent", 1)))
	got := e.get(fixed)
	if value(got, "spec", "replicas") != int64(5) {
		t.Errorf("%v replicas after the pool came, want 5 as before", value(got, "spec", "replicas"))
	}
	if got.Owned(object.Manager).Owns(object.Pointer{"spec", "replicas"}) {
		t.Error("majordomo still owns spec.replicas")
	}
}

func TestIgnoredFieldsAreNeitherSentNorReset(t *testing.T) {
	e := newEnv(t).watch()
	a := e.configMap("a", map[string]any{"k": "v", "theirs": "first"})
	a.SetAnnotation(object.Ignore, "/data/theirs, /data/late")
	e.good(a)
	if got := value(e.get(a), "data", "theirs"); got != "first" {
		t.Errorf("an ignored field starts as %v, want what Git has", got)
	}
	e.edit(a, "operator", map[string]any{"data": map[string]any{"theirs": "second", "late": "x"}})
	e.until("the edit", func() bool { return value(e.client.view.seen(a.ID()).Live, "data", "late") == "x" })
	if p := e.plan(e.desired(a)); p.Changes() {
		t.Errorf("an ignored field is drift: %+v", p.Only(plan.Update))
	}
	b := e.configMap("a", map[string]any{"k": "v2", "theirs": "third"})
	b.SetAnnotation(object.Ignore, "/data/theirs, /data/late")
	e.good(b)
	got := e.get(a)
	if value(got, "data", "k") != "v2" || value(got, "data", "theirs") != "second" || value(got, "data", "late") != "x" {
		t.Errorf("data %v, want k from Git and the others' fields untouched", got["data"])
	}
}

func TestFieldThatBecomesIgnoredKeepsItsValue(t *testing.T) {
	e := newEnv(t).watch()
	e.good(e.configMap("a", map[string]any{"k": "v", "x": "1"}))
	now := e.configMap("a", map[string]any{"k": "v"})
	now.SetAnnotation(object.Ignore, "/data/x")
	e.good(now)
	if got := value(e.get(now), "data", "x"); got != "1" {
		t.Errorf("data.x = %v, want 1: to ignore a field must not reset it", got)
	}
}

func TestBadIgnoreIsRefused(t *testing.T) {
	e := newEnv(t)
	for _, bad := range []string{"spec", "/", "/metadata/name", "/kind"} {
		a := e.configMap("a", map[string]any{"k": "v"})
		a.SetAnnotation(object.Ignore, bad)
		if d := e.desired(a); len(d.Refused) != 1 {
			t.Errorf("ignore %q: %d refused, want 1", bad, len(d.Refused))
		}
	}
}

func TestIgnoredFieldOfAListElementKeepsItsValue(t *testing.T) {
	e := newEnv(t).watch()
	service := func(port any, ignore string) object.Object {
		first := map[string]any{"name": "http", "port": int64(80)}
		second := map[string]any{"name": "agents", "port": int64(50000), "targetPort": port}
		o := e.object("v1", "Service", "a", map[string]any{"spec": map[string]any{"selector": map[string]any{"app": "a"}, "ports": []any{first, second}}})
		if ignore != "" {
			o.SetAnnotation(object.Ignore, ignore)
		}
		return o
	}
	target := func(o object.Object) any { return value(e.get(o), "spec", "ports", "1", "targetPort") }
	const ignore = "/spec/ports/1/targetPort"
	o := service(int64(7), "")
	e.good(o) // majordomo owns the field
	o = service(int64(8), ignore)
	e.good(o)
	if got := target(o); got != int64(7) {
		t.Errorf("target port %v, want 7: to ignore a field must not reset it", got)
	}
	e.edit(o, "operator", map[string]any{"spec": map[string]any{"ports": []any{
		map[string]any{"name": "http", "port": 80, "protocol": "TCP"}, map[string]any{"name": "agents", "port": 50000, "protocol": "TCP", "targetPort": 9},
	}}})
	o = service(int64(10), ignore)
	o.SetAnnotation("example.com/changed", "in-git")
	e.good(o)
	if got := target(o); got != int64(9) {
		t.Errorf("target port %v, want 9 as the other one has it", got)
	}
	anew := service(int64(11), ignore)
	anew.Metadata()["name"] = "b"
	e.good(o, anew)
	if got := target(anew); got != int64(11) {
		t.Errorf("a new object starts with %v, want what Git has, 11", got)
	}
}

// What the server would not change is settled for as long as nobody changes it: it is not asked about again at every look.
func TestAnotherWayToWriteAValueIsAskedAboutOnce(t *testing.T) {
	e := newEnv(t).watch()
	rs := e.replicaSet("a", int64(0), "a:1")
	container := value(rs, "spec", "template", "spec", "containers", "0").(map[string]any)
	container["resources"] = map[string]any{"limits": map[string]any{"memory": "1024Mi"}}
	e.good(rs)
	next := newEnv(t) // another process
	next.client.env, next.name, next.inventory = e.client.env, e.name, e.inventory
	next.watch()
	if p := next.plan(next.desired(rs)); p.Changes() {
		t.Fatalf("another way to write the same is a change: %v", p.Steps[0].Changes)
	}
	if seen := next.client.view.seen(rs.ID()); seen.Baseline == nil || !seen.Settled {
		t.Error("not settled: the next look asks the server again")
	}
	e.edit(rs, "someone", map[string]any{"spec": map[string]any{"minReadySeconds": 3, "replicas": 1}})
	next.until("the edit", func() bool { return value(next.client.view.seen(rs.ID()).Live, "spec", "replicas") == int64(1) })
	if p := next.plan(next.desired(rs)); !p.Changes() {
		t.Error("drift after that is not seen")
	}
}
