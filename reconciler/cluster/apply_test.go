package cluster

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// edit changes an object by another hand, with a JSON merge patch under a field manager's name.
func (e *env) edit(o object.Object, manager string, patch map[string]any) object.Object {
	e.t.Helper()
	body, err := json.Marshal(patch)
	if err != nil {
		e.t.Fatal(err)
	}
	k, err := e.client.kinds.find(e.t.Context(), gvkOf(o.ID(), o.Version()))
	if err != nil {
		e.t.Fatal(err)
	}
	u, err := e.client.resource(k, o.ID().Namespace).Patch(e.t.Context(), o.ID().Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		e.t.Fatal(err)
	}
	return fromServer(u)
}

// applyAs applies an object as another controller does.
func (e *env) applyAs(manager string, o object.Object) object.Object {
	e.t.Helper()
	k, err := e.client.kinds.find(e.t.Context(), gvkOf(o.ID(), o.Version()))
	if err != nil {
		e.t.Fatal(err)
	}
	u, err := e.client.resource(k, o.ID().Namespace).Apply(e.t.Context(), o.ID().Name, &unstructured.Unstructured{Object: o},
		metav1.ApplyOptions{FieldManager: manager, Force: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return fromServer(u)
}

func value(o object.Object, path ...string) any { v, _ := o.Get(path); return v }

func TestSecondSyncWritesNothing(t *testing.T) {
	for _, watched := range []bool{true, false} {
		t.Run(map[bool]string{true: "with watches", false: "without watches"}[watched], func(t *testing.T) {
			e := newEnv(t)
			if watched {
				e.watch()
			}
			objects := []object.Object{
				e.configMap("a", map[string]any{"k": "v"}),
				e.object("v1", "Secret", "s", map[string]any{"stringData": map[string]any{"token": "t0ken"}}),
				e.object("v1", "Service", "svc", map[string]any{"spec": map[string]any{
					"selector": map[string]any{"a": "b"}, "ports": []any{map[string]any{"port": int64(80)}},
				}}),
				e.replicaSet("rs", int64(0), "jenkins/inbound-agent:1"),
				e.object("v1", "ResourceQuota", "q", map[string]any{"spec": map[string]any{"hard": map[string]any{"cpu": "4000m", "memory": "8192Mi"}}}),
			}
			e.good(objects...)
			before := map[object.ID]string{}
			for _, o := range objects {
				before[o.ID()] = e.get(o).ResourceVersion()
			}
			if again := e.good(objects...); len(again) != 0 {
				t.Errorf("second sync did %d steps, want none: %+v", len(again), again)
			}
			restarted := newEnv(t) // a new process knows nothing but the inventory
			restarted.name, restarted.inventory = e.name, e.inventory
			c, err := e.client.server.Client(e.name, nil)
			if err != nil {
				t.Fatal(err)
			}
			restarted.client = c
			if again := restarted.good(objects...); len(again) != 0 {
				t.Errorf("sync after a restart did %d steps, want none: %+v", len(again), again)
			}
			for _, o := range objects {
				if got := e.get(o).ResourceVersion(); o.Kind() != "ResourceQuota" && got != before[o.ID()] {
					t.Errorf("%s was written again: version %s, was %s", o.ID(), got, before[o.ID()])
				}
			}
		})
	}
}

func TestOnlyChangedObjectsAreWritten(t *testing.T) {
	e := newEnv(t).watch()
	a, b := e.configMap("a", map[string]any{"k": "1"}), e.configMap("b", map[string]any{"k": "1"})
	e.good(a, b)
	b["data"] = map[string]any{"other": "2"}
	out := e.good(a, b)
	if len(out) != 1 || out[b.ID()].Took != "applied" {
		t.Fatalf("results %+v, want only b applied", out)
	}
	if got := e.get(b)["data"]; value(e.get(b), "data", "k") != nil {
		t.Errorf("data %v: the key that Git dropped is still there", got)
	}
}

func TestEditIsHealedAndForeignFieldsStay(t *testing.T) {
	e := newEnv(t).watch()
	a := e.configMap("a", map[string]any{"k": "v"})
	e.good(a)
	e.edit(a, "kubectl-edit", map[string]any{"data": map[string]any{"k": "changed", "theirs": "kept"}})
	var p plan.Plan
	e.until("drift", func() bool { p = e.plan(e.desired(a)); return p.Count(plan.Update) == 1 })
	s := p.Only(plan.Update)[0]
	if !s.Drift || s.Reason != "field .data.k edited in the cluster by kubectl-edit" {
		t.Errorf("step %+v, want drift by kubectl-edit", s)
	}
	e.good(a)
	if got := e.get(a); value(got, "data", "k") != "v" || value(got, "data", "theirs") != "kept" {
		t.Errorf("data %v, want k back and theirs kept", got["data"])
	}
	if again := e.good(a); len(again) != 0 {
		t.Errorf("healing goes on: %+v", again)
	}
}

func TestFieldOfAnotherManagerIsNoDrift(t *testing.T) {
	e := newEnv(t).watch()
	a := e.configMap("a", map[string]any{"k": "v"})
	e.good(a)
	e.edit(a, "operator", map[string]any{"metadata": map[string]any{"labels": map[string]any{"theirs": "1"}}, "data": map[string]any{"also": "1"}})
	e.until("the edit in the view", func() bool { return value(e.client.view.seen(a.ID()).Live, "data", "also") == "1" })
	if p := e.plan(e.desired(a)); p.Changes() {
		t.Errorf("the plan changes %v, want nothing to do", p.Steps[0].Changes)
	}
}

func TestDeletedObjectComesBack(t *testing.T) {
	e := newEnv(t).watch()
	a := e.configMap("a", map[string]any{"k": "v"})
	e.good(a)
	k, _ := e.client.kinds.find(t.Context(), gvkOf(a.ID(), "v1"))
	if err := e.client.resource(k, e.name).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	var p plan.Plan
	e.until("the deletion", func() bool { p = e.plan(e.desired(a)); return p.Count(plan.Create) == 1 })
	if s := p.Only(plan.Create)[0]; !s.Drift || s.Reason != "deleted from the cluster" {
		t.Errorf("step %+v, want drift", s)
	}
	e.good(a)
	if e.get(a) == nil {
		t.Error("the object is not back")
	}
}

func TestBadObjectFailsAlone(t *testing.T) {
	e := newEnv(t)
	good := e.configMap("good", map[string]any{"k": "v"})
	bad := e.object("v1", "Service", "bad", map[string]any{"spec": map[string]any{"type": "Nonsense", "ports": []any{map[string]any{"port": int64(80)}}}})
	unknown := e.object("example.com/v1", "Thing", "x", nil)
	out := e.sync(good, bad, unknown)
	if out[good.ID()].Err != nil || e.get(good) == nil {
		t.Errorf("the good object was not applied: %v", out[good.ID()].Err)
	}
	var oe *ObjectError
	if !errors.As(out[bad.ID()].Err, &oe) || !strings.Contains(oe.Error(), "Nonsense") {
		t.Errorf("bad Service: error %v, want the server's reason", out[bad.ID()].Err)
	}
	if r := out[unknown.ID()].Step; r.Op != plan.Refuse || !strings.Contains(r.Reason, "install its CRD") {
		t.Errorf("unknown kind: %s %q, want it refused with what to do", r.Op, r.Reason)
	}
}

func TestConflictNamesTheOtherManager(t *testing.T) {
	e := newEnv(t)
	a := e.configMap("a", map[string]any{"k": "theirs"})
	e.applyAs("other-operator", a)
	mine := e.configMap("a", map[string]any{"k": "mine"})
	out := e.sync(mine)
	err := out[a.ID()].Err
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "other-operator owns .data.k") {
		t.Errorf("error %v, want a conflict that names other-operator and .data.k", err)
	}
	if got := value(e.get(a), "data", "k"); got != "theirs" {
		t.Errorf("data.k %v, want it untouched", got)
	}
}

func TestObjectsOfKubectlAreTakenOver(t *testing.T) {
	e := newEnv(t)
	a := e.configMap("a", map[string]any{"k": "v", "old": "x"})
	k, _ := e.client.kind(t.Context(), plan.Step{ID: a.ID(), Payload: plan.Payload{Object: a}})
	if _, err := e.client.resource(k, e.name).Create(t.Context(), &unstructured.Unstructured{Object: a}, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"}); err != nil {
		t.Fatal(err)
	}
	mine := e.configMap("a", map[string]any{"k": "new"})
	if r := e.good(mine)[a.ID()]; !r.Step.Adopt {
		t.Errorf("step %+v, want an adoption", r.Step)
	}
	if got := value(e.get(a), "data", "k"); got != "new" {
		t.Errorf("data.k = %v, want what Git says", got)
	}
}

func TestImmutableFieldIsExplainedAndRecreatedOnlyIfAllowed(t *testing.T) {
	e := newEnv(t)
	rs := e.replicaSet("rs", int64(0), "a:1")
	e.good(rs)
	uid := e.get(rs).UID()
	changed := e.replicaSet("rs", int64(0), "a:1")
	labels := map[string]any{"app": "other"}
	changed.Set(object.Pointer{"spec", "selector", "matchLabels"}, labels)
	changed.Set(object.Pointer{"spec", "template", "metadata", "labels"}, labels)
	err := e.sync(changed)[rs.ID()].Err
	if !errors.Is(err, ErrImmutable) || !strings.Contains(err.Error(), "spec.selector") || !strings.Contains(err.Error(), object.Recreate) {
		t.Fatalf("error %v, want the immutable field and the annotation named", err)
	}
	changed.SetAnnotation(object.Recreate, "true")
	if r := e.good(changed)[rs.ID()]; r.Took != "recreated" {
		t.Errorf("took %q, want recreated", r.Took)
	}
	if got := e.get(rs).UID(); got == uid {
		t.Error("the UID is the old one: it was not recreated")
	}
}

func TestInvalidObjectIsNeverRecreated(t *testing.T) {
	e := newEnv(t)
	svc := func(kind string) object.Object {
		o := e.object("v1", "Service", "svc", map[string]any{"spec": map[string]any{"type": kind, "ports": []any{map[string]any{"port": int64(80)}}}})
		o.SetAnnotation(object.Recreate, "true")
		return o
	}
	e.good(svc("ClusterIP"))
	uid := e.get(svc("")).UID()
	if err := e.sync(svc("Typo"))[svc("").ID()].Err; err == nil || errors.Is(err, ErrImmutable) {
		t.Errorf("error %v, want the server's refusal", err)
	}
	if got := e.get(svc("")).UID(); got != uid {
		t.Errorf("UID %s, was %s: a typo deleted the Service", got, uid)
	}
}

func TestClaimIsNeverRecreated(t *testing.T) {
	e := newEnv(t)
	pvc := func(size, class string) object.Object {
		o := e.object("v1", "PersistentVolumeClaim", "home", map[string]any{"spec": map[string]any{
			"accessModes": []any{"ReadWriteOnce"}, "storageClassName": class, "resources": map[string]any{"requests": map[string]any{"storage": size}},
		}})
		o.SetAnnotation(object.Recreate, "true")
		return o
	}
	e.good(pvc("1Gi", "none"))
	uid := e.get(pvc("", "")).UID()
	if err := e.sync(pvc("1Gi", "other"))[pvc("", "").ID()].Err; !errors.Is(err, ErrImmutable) || !strings.Contains(err.Error(), "never recreated") {
		t.Errorf("error %v, want a refusal to recreate a claim", err)
	}
	if got := e.get(pvc("", "")).UID(); got != uid {
		t.Error("the claim was recreated")
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	e := newEnv(t)
	s := e.object("v1", "Secret", "s", map[string]any{"data": map[string]any{"password": "not-base64-canary-7f3a!"}})
	err := e.sync(s)[s.ID()].Err
	if err == nil || strings.Contains(err.Error(), "canary-7f3a") {
		t.Errorf("error %v, want one without the value", err)
	}
	n := e.object("v1", "Secret", "n", map[string]any{"data": map[string]any{"password": int64(7766554433)}})
	if err = e.sync(n)[n.ID()].Err; err == nil || strings.Contains(err.Error(), "7766554433") {
		t.Errorf("error %v, want one without the value", err)
	}
}
