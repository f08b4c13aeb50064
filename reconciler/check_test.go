package main

import (
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/object"
)

// grant gives a service account of the site's namespace rights there.
func (s *site) grant(account string, rules ...any) {
	s.t.Helper()
	make := func(resource string, o map[string]any) {
		s.t.Helper()
		o["apiVersion"] = "rbac.authorization.k8s.io/v1"
		o["metadata"] = map[string]any{"name": account}
		api := s.kube.Resource(schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: resource}).Namespace(s.env)
		if _, err := api.Apply(s.t.Context(), account, &unstructured.Unstructured{Object: o}, metav1.ApplyOptions{FieldManager: "test", Force: true}); err != nil {
			s.t.Fatal(err)
		}
	}
	make("roles", map[string]any{"kind": "Role", "rules": rules})
	make("rolebindings", map[string]any{
		"kind": "RoleBinding", "roleRef": map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": account, "namespace": s.env}},
	})
}

func TestCheckNamesEachRightThatIsMissing(t *testing.T) {
	s := newSite(t)
	s.files["fleet.yaml"] = "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n" +
		"- {name: " + s.env + ", path: overlay, namespaces: [" + s.env + "], serviceAccount: " + s.env + "/deployer}\n"
	s.commit("impersonate")
	all := []any{"get", "list", "watch", "create", "patch", "delete"}
	s.grant("deployer", map[string]any{"apiGroups": []any{""}, "resources": []any{"configmaps", "services"}, "verbs": all},
		map[string]any{"apiGroups": []any{""}, "resources": []any{"secrets"}, "verbs": []any{"get", "list", "watch", "create"}})
	o := s.want(exitFailure, "check", "--repo", s.repo.Dir)
	has(t, o.stdout, "✔ repository", "✔ fleet.yaml: 1 environments", "✔ cluster current: Kubernetes v1.", "✔ clock", "✔ kinds", "✔ render "+s.env+": 3 objects",
		"✗ rights "+s.env+": system:serviceaccount:"+s.env+":deployer may not patch, delete secrets in namespace "+s.env)
	lacks(t, o.stdout, "configmaps")
	// The rights that a check finds missing are those that a sync lacks.
	has(t, s.want(exitFailure, "sync", s.env, "--local", "--repo", s.repo.Dir).stderr, "secrets", "forbidden")

	s.grant("deployer", map[string]any{"apiGroups": []any{""}, "resources": []any{"configmaps", "services", "secrets"}, "verbs": all})
	var doc checkup
	if err := json.Unmarshal([]byte(s.want(0, "check", "--repo", s.repo.Dir, "-o", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if !doc.Passed || doc.Kind != "Checkup" || len(doc.Checks) != 7 {
		t.Errorf("check -o json: %+v", doc)
	}
	s.want(0, "sync", s.env, "--local", "--repo", s.repo.Dir)
}

func TestCheckTellsWhatCannotBeReached(t *testing.T) {
	s := newSite(t)
	has(t, s.want(exitFailure, "check", "--repo", s.t.TempDir()+"/nothing").stdout, "✗ repository")
	has(t, s.want(exitFailure, "check", "--repo", s.repo.Dir, "--context", "elsewhere").stdout, "✔ repository", `✗ cluster elsewhere`, `has no context "elsewhere"`)
	s.files["overlay/casc.yaml"] = "{"
	has(t, s.want(exitFailure, "check", "--path", s.directory()).stdout, "✗ render "+s.env)
}

func TestCheckNamesEachRightThatThePoolsLack(t *testing.T) {
	s := newSite(t)
	s.files["fleet.yaml"] = "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n" +
		"- {name: " + s.env + ", path: overlay, namespaces: [" + s.env + "], serviceAccount: " + s.env + "/deployer}\n"
	s.files["overlay/kustomization.yaml"] = "namespace: " + s.env + "\nresources: [pool.yaml, rs.yaml]\n"
	s.files["overlay/pool.yaml"] = "apiVersion: majordomo.dev/v1alpha1\nkind: AgentPool\nmetadata: {name: linux}\nspec:\n" +
		"  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}\n" +
		"  jenkins: {url: \"http://jenkins\", credentials: {name: jenkins-api}}\n  labels: [linux]\n  max: 2\n"
	s.files["overlay/rs.yaml"] = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: agent-linux}\nspec:\n  selector: {matchLabels: {a: b}}\n" +
		"  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: agent, image: \"agent:1\"}]}}\n"
	s.commit("pool")
	rule := func(group, resource string, verbs ...any) map[string]any {
		return map[string]any{"apiGroups": []any{group}, "resources": []any{resource}, "verbs": verbs}
	}
	sync := []any{"get", "list", "watch", "create", "patch", "delete"}
	rules := []any{
		rule("majordomo.dev", "agentpools", sync...), rule("apps", "replicasets", sync...), rule("", "pods", "get", "list", "watch"),
		rule("", "configmaps", "get", "create", "patch"), rule("apps", "controllerrevisions", "get", "list", "create", "delete"),
	}
	s.grant("deployer", rules...)
	o := s.want(exitFailure, "check", "--repo", s.repo.Dir)
	in := " in namespace " + s.env
	has(t, o.stdout, "✔ rights "+s.env, "✗ agents "+s.env+": system:serviceaccount:"+s.env+":deployer may not patch replicasets/scale.apps"+in,
		"nor patch agentpools/status.majordomo.dev"+in, "nor patch, delete pods"+in, "nor create events"+in, "nor get secrets jenkins-api"+in)

	secret := rule("", "secrets", "get")
	secret["resourceNames"] = []any{"jenkins-api"}
	s.grant("deployer", append(rules, rule("apps", "replicasets/scale", "patch"), rule("majordomo.dev", "agentpools/status", "patch"),
		rule("", "pods", "patch", "delete"), rule("", "events", "create"), secret)...)
	has(t, s.want(0, "check", "--repo", s.repo.Dir).stdout, "✔ agents "+s.env+": 1 pool, whose agents may be started, marked and removed; not needed, but useful: list, watch resourcequotas"+in)
}

func TestCheckAsksForNoRightThatIsNeverUsed(t *testing.T) {
	kept := func(kind, annotations string) object.Object {
		o := object.Object{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": "x"}}
		if key, value, ok := strings.Cut(annotations, "="); ok {
			o.SetAnnotation("majordomo.dev/"+key, value)
		}
		return o
	}
	for _, tt := range []struct {
		o    object.Object
		want bool
	}{
		{kept("ConfigMap", ""), true},
		{kept("Namespace", ""), false},
		{kept("Namespace", "prune=allowed"), true},
		{kept("Namespace", "recreate=true"), true},
		{kept("PersistentVolumeClaim", ""), false},
		{kept("PersistentVolumeClaim", "recreate=true"), false},
		{kept("PersistentVolumeClaim", "prune=allowed"), true},
	} {
		if got := deletes(tt.o); got != tt.want {
			t.Errorf("deletes(%v) = %t, want %t", tt.o, got, tt.want)
		}
	}
}
