package object

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func obj(version, kind, namespace, name string) Object {
	m := map[string]any{"name": name}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return Object{"apiVersion": version, "kind": kind, "metadata": m}
}

func TestIDsAreInOrderOfApplication(t *testing.T) {
	set := NewSet(
		obj("majordomo.dev/v1alpha1", "AgentPool", "j", "linux"), obj("apps/v1", "StatefulSet", "j", "jenkins"),
		obj("v1", "Service", "j", "jenkins"), obj("v1", "PersistentVolumeClaim", "j", "home"), obj("v1", "ConfigMap", "j", "casc"),
		obj("v1", "Namespace", "", "j"), obj("example.com/v1", "Namespace", "j", "foreign"),
		obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "w"), obj("v1", "ReplicationController", "j", "agent"),
		obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "pools"), obj("rbac.authorization.k8s.io/v1", "Role", "j", "r"),
	)
	var got []string
	for _, id := range set.IDs() {
		got = append(got, id.String())
	}
	want := []string{
		"Namespace j", "apiextensions.k8s.io/CustomResourceDefinition pools", "ConfigMap j/casc", "rbac.authorization.k8s.io/Role j/r",
		"PersistentVolumeClaim j/home", "Service j/jenkins", "ReplicationController j/agent", "apps/StatefulSet j/jenkins",
		"example.com/Namespace j/foreign", "majordomo.dev/AgentPool j/linux",
		"admissionregistration.k8s.io/ValidatingWebhookConfiguration w",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestHashSeesEveryField(t *testing.T) {
	a := obj("v1", "ConfigMap", "j", "a")
	b := a.Clone()
	if a.Hash() != b.Hash() {
		t.Error("a copy has another hash")
	}
	b.SetAnnotation("k", "v")
	if a.Hash() == b.Hash() || a.Annotation("k") != "" {
		t.Error("a change of the copy is not seen, or changed the original")
	}
}

func TestPointer(t *testing.T) {
	o := Object{"spec": map[string]any{"a/b": map[string]any{"~": int64(1)}, "list": []any{map[string]any{"x": "y"}}}}
	for text, want := range map[string]any{"/spec/a~1b/~0": int64(1), "/spec/list/0/x": "y"} {
		p, err := ParsePointer(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := o.Get(p); !ok || got != want || p.String() != text {
			t.Errorf("Get(%s) = %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, bad := range []string{"", "/", "spec/x"} {
		if _, err := ParsePointer(bad); err == nil {
			t.Errorf("ParsePointer(%q) gave no error", bad)
		}
	}
	o.Remove(Pointer{"spec", "a/b", "~"})
	if _, ok := o.Get(Pointer{"spec", "a/b", "~"}); ok {
		t.Error("the field is still there")
	}
	o.Remove(Pointer{"nothing", "here"})
	if !o.Set(Pointer{"new", "deep"}, "v") || o.Set(Pointer{"new", "deep", "er"}, "v") {
		t.Error("Set makes maps on the way, and does not replace a scalar by one")
	}
	for _, absent := range []string{"/spec/list/1/x", "/spec/list/x", "/new/deep/er"} {
		p, _ := ParsePointer(absent)
		if v, ok := o.Get(p); ok {
			t.Errorf("Get(%s) = %v, want nothing", absent, v)
		}
	}
}

func TestSubsetIgnoresWhatGitDoesNotState(t *testing.T) {
	want := obj("v1", "Service", "j", "s")
	want["spec"] = map[string]any{"ports": []any{map[string]any{"name": "http", "port": int64(80)}, map[string]any{"name": "agents", "port": int64(50000)}}}
	live := obj("v1", "Service", "j", "s")
	live["spec"] = map[string]any{"clusterIP": "10.0.0.1", "ports": []any{
		map[string]any{"name": "agents", "port": int64(50001), "protocol": "TCP"}, map[string]any{"name": "http", "port": int64(80), "protocol": "TCP"},
	}}
	live["status"] = map[string]any{"x": "y"}
	got := Subset(want, live)
	if diff := cmp.Diff([]Change{{Path: ".spec.ports[name=agents].port", From: int64(50001), To: int64(50000)}}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestDiffListsAdditionsAndRemovals(t *testing.T) {
	from, to := obj("v1", "ConfigMap", "j", "a"), obj("v1", "ConfigMap", "j", "a")
	from["data"], to["data"] = map[string]any{"gone": "1", "same": "x"}, map[string]any{"new": "2", "same": "x"}
	from["list"], to["list"] = []any{"a"}, []any{"a", "b"}
	want := []Change{{Path: ".data.gone", From: "1"}, {Path: ".data.new", To: "2"}, {Path: ".list", From: []any{"a"}, To: []any{"a", "b"}}}
	if diff := cmp.Diff(want, Diff(from, to)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestFieldsFingerprint(t *testing.T) {
	o := Object{"spec": map[string]any{"x": int64(1), "other": "free", "ports": []any{map[string]any{"port": int64(80), "name": "http"}}, "set": []any{"a", "b"}}}
	fields := Fields{"f:spec": map[string]any{
		"f:x": map[string]any{}, "f:set": map[string]any{`v:"a"`: map[string]any{}},
		"f:ports": map[string]any{`k:{"port":80}`: map[string]any{".": map[string]any{}, "f:name": map[string]any{}}},
	}}
	was := fields.Fingerprint(o)
	change := func(name string, want bool, f func(Object)) {
		c := o.Clone()
		f(c)
		if changed := fields.Fingerprint(c) != was; changed != want {
			t.Errorf("%s: fingerprint changed %v, want %v", name, changed, want)
		}
	}
	spec := func(o Object) map[string]any { m, _ := o["spec"].(map[string]any); return m }
	change("owned scalar", true, func(o Object) { spec(o)["x"] = int64(2) })
	change("foreign field", false, func(o Object) { spec(o)["other"] = "changed" })
	change("owned field of a list element", true, func(o Object) {
		spec(o)["ports"] = []any{map[string]any{"port": int64(80), "name": "web"}}
	})
	change("element gone", true, func(o Object) { spec(o)["ports"] = []any{} })
	change("foreign element", false, func(o Object) {
		spec(o)["ports"] = append([]any{map[string]any{"port": int64(81)}}, spec(o)["ports"].([]any)...)
	})
	change("member gone", true, func(o Object) { spec(o)["set"] = []any{"b"} })
	change("foreign member gone", false, func(o Object) { spec(o)["set"] = []any{"a"} })
	less := fields.Without(Pointer{"spec", "x"})
	if less.Owns(Pointer{"spec", "x"}) || !fields.Owns(Pointer{"spec", "x"}) || !less.Owns(Pointer{"spec", "ports"}) {
		t.Error("Without takes exactly the named field, from a copy")
	}
	if less.Fingerprint(o) == was {
		t.Error("an object of which less is owned has the same fingerprint")
	}
}

func TestProtectedKinds(t *testing.T) {
	for _, id := range []ID{
		{Kind: "Namespace", Name: "j"},
		{Kind: "PersistentVolume", Name: "v"},
		{Kind: "PersistentVolumeClaim", Namespace: "j", Name: "c"},
		{Group: "storage.k8s.io", Kind: "StorageClass", Name: "s"},
		{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "d"},
	} {
		if !id.Protected() {
			t.Errorf("%s is not protected", id)
		}
	}
	if (ID{Group: "example.com", Kind: "Namespace", Name: "x"}).Protected() {
		t.Error("a foreign kind called Namespace is protected")
	}
	own := []ID{{Kind: "Namespace", Name: "majordomo"}, {Kind: "Namespace", Name: "kube-system"}, {Kind: "ServiceAccount", Namespace: "majordomo", Name: "majordomo"}, {Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "environments.majordomo.dev"}}
	if i := slices.IndexFunc(own, func(id ID) bool { return !id.Own("majordomo") }); i >= 0 {
		t.Errorf("%s is not seen as majordomo's own", own[i])
	}
}
