package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
)

func configMap(name string, data map[string]any) object.Object {
	return object.Object{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": name, "namespace": "jenkins"}, "data": data,
	}
}

// live returns the object as the cluster has it: with UID, version and the marks of an environment.
func live(o object.Object, env string) object.Object {
	c := o.Clone()
	c.Metadata()["uid"], c.Metadata()["resourceVersion"] = "uid-"+o.ID().Name, "7"
	if env != "" {
		c.SetAnnotation(object.Environment, env)
	}
	return c
}

func desire(objects ...object.Object) Desired {
	return Desire(Environment{Name: "gke", Namespaces: []string{"jenkins"}}, object.NewSet(objects...))
}

// settled is an object that this process applied and nobody touched since.
func settled(d Desired, o object.Object) Seen {
	return Seen{Live: live(o, "gke"), Baseline: &Baseline{Hash: d.Objects[o.ID()].Hash}, Settled: true}
}

func entry(o object.Object, hash string) Entry {
	return Entry{ID: o.ID(), Version: "v1", UID: "uid-" + o.ID().Name, Hash: hash}
}

func annotated(o object.Object, key, value string) object.Object {
	o.SetAnnotation(key, value)
	return o
}

func TestComputeOneObject(t *testing.T) {
	want := configMap("a", map[string]any{"k": "new"})
	old := configMap("a", map[string]any{"k": "old"})
	d := desire(want)
	hash := d.Objects[want.ID()].Hash
	inv := Inventory{want.ID(): entry(want, hash)}
	edited := live(old, "gke")
	edited.Metadata()["managedFields"] = []any{map[string]any{"manager": "kubectl-edit", "operation": "Update"}}
	deleting := live(want, "gke")
	deleting.Metadata()["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	flux := live(old, "")
	flux.Metadata()["labels"] = map[string]any{"kustomize.toolkit.fluxcd.io/name": "apps"}
	cases := map[string]struct {
		seen   Seen
		inv    Inventory
		claims map[object.ID]string
		op     Op
		drift  bool
		reason string
	}{
		"absent is created":                           {op: Create, reason: "not in the cluster yet"},
		"absent after it was applied is drift":        {inv: inv, op: Create, drift: true, reason: "deleted from the cluster"},
		"settled is kept":                             {seen: settled(d, want), inv: inv, op: Keep, reason: "unchanged"},
		"same after a restart is kept":                {seen: Seen{Live: live(want, "gke")}, inv: inv, op: Keep, reason: "unchanged"},
		"unsettled is drift and names who":            {seen: Seen{Live: edited, Baseline: &Baseline{Hash: hash}}, inv: inv, op: Update, drift: true, reason: "field .data.k edited in the cluster by kubectl-edit"},
		"drift after a restart is foreseen":           {seen: Seen{Live: live(old, "gke"), DryRun: live(want, "gke")}, inv: inv, op: Update, drift: true, reason: "field .data.k edited in the cluster"},
		"another way to write the same is kept":       {seen: Seen{Live: live(old, "gke"), DryRun: live(old, "gke")}, inv: inv, op: Keep, reason: "unchanged"},
		"changed in Git is updated":                   {seen: Seen{Live: live(old, "gke")}, inv: Inventory{want.ID(): entry(old, "other")}, op: Update, reason: "field .data.k changed in Git"},
		"unmanaged is adopted":                        {seen: Seen{Live: live(old, "")}, op: Update, reason: "exists already, and comes under this environment"},
		"owned by an environment that wants it stays": {seen: Seen{Live: live(old, "vagrant")}, claims: map[object.ID]string{want.ID(): "vagrant"}, op: Refuse, reason: "owned by environment vagrant, which has it too; only one may"},
		"owned by one that lets it go is taken over":  {seen: Seen{Live: live(old, "vagrant")}, op: Update, reason: "taken over from environment vagrant, which no longer has it"},
		"owned by another fleet is refused":           {seen: Seen{Live: live(old, "prod")}, op: Refuse, reason: "owned by environment prod, which this fleet does not have; remove its annotation majordomo.dev/environment to hand it over"},
		"managed by another tool is refused":          {seen: Seen{Live: flux}, op: Refuse, reason: "managed by Flux Kustomization apps; remove it there and take away its label kustomize.toolkit.fluxcd.io/name"},
		"being deleted is waited for":                 {seen: Seen{Live: deleting}, inv: inv, op: Keep, reason: "is being deleted; it is created again once its finalizers have let it go"},
		"unreadable is refused":                       {seen: Seen{Problem: "forbidden"}, op: Refuse, reason: "forbidden"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := Compute(Input{
				Desired: d, World: World{Objects: map[object.ID]Seen{want.ID(): c.seen}}, Inventory: c.inv,
				Claims: c.claims, Siblings: []string{"vagrant"}, Gate: Gate{MaxObjects: 5},
			})
			if len(p.Steps) != 1 {
				t.Fatalf("Compute gave %d steps, want 1: %+v", len(p.Steps), p.Steps)
			}
			s := p.Steps[0]
			got := []any{s.Op, s.Drift, s.Reason}
			if diff := cmp.Diff([]any{c.op, c.drift, c.reason}, got); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
		})
	}
}

func TestComputePrune(t *testing.T) {
	kept := configMap("kept", nil)
	gone := configMap("gone", nil)
	claim := object.Object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"name": "home", "namespace": "jenkins"}}
	d := desire(kept)
	replaced := live(gone, "gke")
	replaced.Metadata()["uid"] = "another"
	cases := map[string]struct {
		object object.Object
		seen   Seen
		world  string
		claims map[object.ID]string
		op     Op // "" means forgotten
		reason string
	}{
		"no longer in Git is pruned":            {object: gone, seen: Seen{Live: live(gone, "gke")}, op: Prune, reason: "no longer in Git"},
		"gone already is forgotten":             {object: gone},
		"another UID is forgotten":              {object: gone, seen: Seen{Live: replaced}},
		"another environment's is forgotten":    {object: gone, seen: Seen{Live: live(gone, "vagrant")}},
		"a removed mark lets it go":             {object: gone, seen: Seen{Live: live(gone, "")}},
		"claimed elsewhere waits":               {object: gone, seen: Seen{Live: live(gone, "gke")}, claims: map[object.ID]string{gone.ID(): "vagrant"}, op: Keep, reason: "no longer in Git here; environment vagrant takes it over"},
		"annotation disabled keeps":             {object: gone, seen: Seen{Live: annotated(live(gone, "gke"), object.Prune, "disabled")}, op: Keep, reason: "no longer in Git, kept by its annotation majordomo.dev/prune: disabled"},
		"a claim is protected":                  {object: claim, seen: Seen{Live: live(claim, "gke")}, op: Keep, reason: "no longer in Git, kept: a PersistentVolumeClaim is only pruned with the annotation majordomo.dev/prune: allowed"},
		"a claim that allows it is pruned":      {object: claim, seen: Seen{Live: annotated(live(claim, "gke"), object.Prune, "allowed")}, op: Prune, reason: "no longer in Git"},
		"an incomplete world prunes nothing":    {object: gone, seen: Seen{Live: live(gone, "gke")}, world: "discovery failed", op: Keep, reason: "no longer in Git, kept for now: discovery failed"},
		"unreadable is kept":                    {object: gone, seen: Seen{Problem: "forbidden"}, op: Keep, reason: "no longer in Git, kept: forbidden"},
		"the same object by another group goes": {object: gone, seen: Seen{Live: func() object.Object { o := live(gone, "gke"); o.Metadata()["uid"] = "uid-kept"; return o }()}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := entry(c.object, "h")
			if strings.HasPrefix(name, "the same object") {
				e.UID = "uid-kept"
			}
			p := Compute(Input{
				Desired: d, Inventory: Inventory{kept.ID(): entry(kept, d.Objects[kept.ID()].Hash), c.object.ID(): e}, Gate: Gate{MaxObjects: 5},
				World:  World{Objects: map[object.ID]Seen{kept.ID(): settled(d, kept), c.object.ID(): c.seen}, Incomplete: c.world},
				Claims: c.claims,
			})
			var op Op
			var reason string
			for _, s := range p.Steps {
				if s.ID == c.object.ID() {
					op, reason = s.Op, s.Reason
				}
			}
			forgotten := len(p.Forget) == 1
			if op != c.op || reason != c.reason || forgotten != (c.op == "") {
				t.Errorf("got %q (%s), forgotten %v; want %q (%s)", op, reason, forgotten, c.op, c.reason)
			}
		})
	}
}

func TestF30WhatMajordomoNeedsIsNeverPruned(t *testing.T) {
	own := []object.Object{
		{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "majordomo"}},
		{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "kube-system"}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "majordomo", "namespace": "majordomo"}},
		{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": "majordomo", "namespace": "majordomo"}},
		{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "environments.majordomo.dev"}},
	}
	kept := configMap("kept", nil)
	d := desire(kept)
	in := Input{Desired: d, Namespace: "majordomo", Gate: Gate{MaxObjects: 50}, Inventory: Inventory{}, World: World{Objects: map[object.ID]Seen{kept.ID(): settled(d, kept)}}}
	for _, o := range own {
		in.Inventory[o.ID()] = entry(o, "h")
		in.World.Objects[o.ID()] = Seen{Live: annotated(live(o, "gke"), object.Prune, "allowed")}
	}
	if p := Compute(in); p.Count(Prune) != 0 || len(p.Forget) != 0 || p.Hold != nil {
		t.Errorf("%d pruned, forgotten %v, held %v; want nothing of majordomo's own touched, whatever it carries", p.Count(Prune), p.Forget, p.Hold)
	}
}

func TestGateHoldsUntilApproved(t *testing.T) {
	kept := configMap("kept", nil)
	d := desire(kept)
	in := Input{Desired: d, Inventory: Inventory{}, Gate: Gate{MaxObjects: 1, MaxPercent: 20}, World: World{Objects: map[object.ID]Seen{kept.ID(): settled(d, kept)}}}
	for _, name := range []string{"x", "y"} {
		o := configMap(name, nil)
		in.Inventory[o.ID()] = entry(o, "h")
		in.World.Objects[o.ID()] = Seen{Live: live(o, "gke")}
	}
	p := Compute(in)
	if p.Hold == nil || p.Count(Prune) != 0 || len(p.Hold.IDs) != 2 {
		t.Fatalf("two prunes with a gate of one: %+v, want a hold of both", p)
	}
	in.Approved = p.Hold.Hash
	if p = Compute(in); p.Hold != nil || p.Count(Prune) != 2 {
		t.Errorf("approved: %d prunes, hold %v; want 2 and none", p.Count(Prune), p.Hold)
	}
	o := configMap("z", nil) // a third object after the approval: not what the person saw
	in.Inventory[o.ID()] = entry(o, "h")
	in.World.Objects[o.ID()] = Seen{Live: live(o, "gke")}
	if p = Compute(in); p.Hold == nil || p.Count(Prune) != 0 {
		t.Errorf("approval of two released three")
	}
}

func TestRefusedObjectsAreNotPruned(t *testing.T) {
	outside := configMap("a", nil)
	outside.Metadata()["namespace"] = "elsewhere"
	kept := configMap("kept", nil)
	d := desire(kept, outside)
	p := Compute(Input{
		Desired: d, Inventory: Inventory{outside.ID(): entry(outside, "h")}, Gate: Gate{MaxObjects: 5},
		World: World{Objects: map[object.ID]Seen{kept.ID(): settled(d, kept), outside.ID(): {Live: live(outside, "gke")}}},
	})
	if p.Count(Refuse) != 1 || p.Count(Prune) != 0 {
		t.Errorf("%d refused and %d pruned, want one refused and nothing pruned", p.Count(Refuse), p.Count(Prune))
	}
	want := "namespace elsewhere is outside the environment; environment gke may use: jenkins (fleet.yaml, namespaces)"
	if got := p.Only(Refuse)[0].Reason; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestPoolTargetsHaveNoReplicas(t *testing.T) {
	rs := object.Object{
		"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": map[string]any{"name": "agent", "namespace": "jenkins"},
		"spec": map[string]any{"replicas": int64(9), "selector": map[string]any{}},
	}
	pool := object.Object{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "AgentPool", "metadata": map[string]any{"name": "linux", "namespace": "jenkins"},
		"spec": map[string]any{"min": int64(2), "scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "agent"}},
	}
	p := desire(rs, pool).Objects[rs.ID()]
	if _, ok := p.Object.Get(replicas); ok {
		t.Errorf("payload has spec.replicas: %v", p.Object)
	}
	if diff := cmp.Diff([]Seed{{Field: replicas, Value: int64(2)}}, p.Seed); diff != "" {
		t.Errorf("seed (-want +got):\n%s", diff)
	}
	owns := live(p.Object, "gke")
	owns.Metadata()["managedFields"] = []any{map[string]any{
		"manager": object.Manager, "operation": "Apply", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:replicas": map[string]any{}}},
	}}
	s := Step{Payload: p}
	s.compare(Seen{Live: owns}, Entry{Hash: p.Hash})
	if s.Op != Update || s.Reason != "field /spec/replicas is handed over with its value" {
		t.Errorf("owned replicas: %s (%s), want an update that hands them over", s.Op, s.Reason)
	}
}

func TestSecretsAreMaskedInSteps(t *testing.T) {
	const canary = "c2VjcmV0LWNhbmFyeQ=="
	want := object.Object{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s", "namespace": "jenkins"},
		"data": map[string]any{"password": canary}, "stringData": map[string]any{"token": "plain-canary"},
	}
	d := desire(want)
	old := live(want, "gke")
	old["data"] = map[string]any{"password": "b2xkLWNhbmFyeQ=="}
	old.SetAnnotation(object.LastApplied, `{"data":{"password":"c2VjcmV0LWNhbmFyeQ=="}}`)
	p := Compute(Input{Desired: d, World: World{Objects: map[object.ID]Seen{want.ID(): {Live: old}}}, Inventory: Inventory{want.ID(): entry(want, "x")}})
	var text strings.Builder
	for _, s := range p.Steps {
		text.WriteString(s.Reason)
		for _, c := range s.Changes {
			text.WriteString(c.String())
		}
	}
	for _, secret := range []string{canary, "b2xkLWNhbmFyeQ==", "plain-canary", "cGxhaW4tY2FuYXJ5"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("a secret is in the plan: %s", text.String())
		}
	}
	if len(p.Steps[0].Changes) != 2 {
		t.Errorf("changes %v, want the two keys named", p.Steps[0].Changes)
	}
}
