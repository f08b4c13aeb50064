package cluster

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"testing"
	"time"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

var real *testcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { real = c }))
}

// env is one environment on the real API server, and what a loop remembers of it.
type env struct {
	t         *testing.T
	name      string // also its namespace
	client    *Client
	inventory plan.Inventory
	changed   chan struct{}
}

func newEnv(t *testing.T) *env {
	t.Helper()
	name := real.Namespace(t, nil)
	e := &env{t: t, name: name, inventory: plan.Inventory{}, changed: make(chan struct{}, 1)}
	c, err := NewServer(real.Config(), slog.New(slog.DiscardHandler)).Client(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	e.client = c
	return e
}

// watch has the client answer from watches until the test ends.
func (e *env) watch() *env {
	w := e.client.Watching(func() {
		select {
		case e.changed <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithCancel(e.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	e.t.Cleanup(func() { cancel(); <-done })
	return e
}

func (e *env) desired(objects ...object.Object) plan.Desired {
	return plan.Desire(plan.Environment{Name: e.name, Namespaces: []string{e.name}, ClusterKinds: []string{"CustomResourceDefinition"}}, object.NewSet(objects...))
}

func (e *env) plan(d plan.Desired) plan.Plan {
	e.t.Helper()
	world, err := e.client.Observe(e.t.Context(), d, e.inventory, Cheap)
	if err != nil {
		e.t.Fatal(err)
	}
	return plan.Compute(plan.Input{Desired: d, World: world, Inventory: maps.Clone(e.inventory), Gate: plan.Gate{MaxObjects: 100}})
}

// sync does what the loop does, and returns the results by object.
func (e *env) sync(objects ...object.Object) map[object.ID]plan.Result {
	e.t.Helper()
	d := e.desired(objects...)
	p := e.plan(d)
	out := map[object.ID]plan.Result{}
	for _, r := range append(e.client.Apply(e.t.Context(), p.Only(plan.Create, plan.Update)), e.client.Prune(e.t.Context(), p.Only(plan.Prune))...) {
		out[r.Step.ID] = r
		switch {
		case r.Err == nil && r.Live != nil:
			e.inventory[r.Step.ID] = plan.Entry{ID: r.Step.ID, Version: r.Step.Version, UID: r.Live.UID(), Hash: r.Step.Payload.Hash}
		case r.Took == Deleted:
			delete(e.inventory, r.Step.ID)
		}
	}
	for _, s := range p.Only(plan.Refuse) {
		out[s.ID] = plan.Result{Step: s}
	}
	return out
}

// good syncs and wants no errors.
func (e *env) good(objects ...object.Object) map[object.ID]plan.Result {
	e.t.Helper()
	out := e.sync(objects...)
	for id, r := range out {
		if r.Err != nil || r.Step.Op == plan.Refuse {
			e.t.Fatalf("%s: %s %s: %v", id, r.Step.Op, r.Step.Reason, r.Err)
		}
	}
	return out
}

// get returns the object as the server has it, nil if it is not there.
func (e *env) get(o object.Object) object.Object {
	e.t.Helper()
	k, err := e.client.kinds.find(e.t.Context(), gvkOf(o.ID(), o.Version()))
	if err != nil {
		e.t.Fatal(err)
	}
	live, err := e.client.get(e.t.Context(), k, o.ID())
	if err != nil {
		e.t.Fatal(err)
	}
	return live
}

// until waits for the next change that the watches tell of until the condition holds.
func (e *env) until(what string, holds func() bool) {
	e.t.Helper()
	timeout := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-e.changed:
		case <-timeout:
			e.t.Fatalf("waited 30 s for %s", what)
		}
	}
}

func (e *env) object(version, kind, name string, fields map[string]any) object.Object {
	o := object.Object{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name, "namespace": e.name}}
	maps.Copy(o, fields)
	return o
}

func (e *env) configMap(name string, data map[string]any) object.Object {
	return e.object("v1", "ConfigMap", name, map[string]any{"data": data})
}

func (e *env) replicaSet(name string, replicas any, image string) object.Object {
	labels := map[string]any{"app": name}
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "agent", "image": image}}},
		},
	}
	if replicas != nil {
		spec["replicas"] = replicas
	}
	return e.object("apps/v1", "ReplicaSet", name, map[string]any{"spec": spec})
}
