package loop

import (
	"context"
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

// policy has the API server itself change every ConfigMap of a namespace that is written: a field that Git states and one that it does not.
func (w *world) policy(namespace string) {
	w.t.Helper()
	group := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: resource}
	}
	selector := map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}}
	for _, o := range []object.Object{
		{
			"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": map[string]any{"name": namespace},
			"spec": map[string]any{
				"failurePolicy": "Fail", "reinvocationPolicy": "Never",
				"matchConstraints": map[string]any{"namespaceSelector": selector, "resourceRules": []any{map[string]any{
					"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "resources": []any{"configmaps"}, "operations": []any{"CREATE", "UPDATE"},
				}}},
				"matchConditions": []any{map[string]any{"name": "ours", "expression": "object.metadata.name == 'casc'"}},
				"mutations": []any{map[string]any{"patchType": "ApplyConfiguration", "applyConfiguration": map[string]any{
					"expression": `Object{metadata: Object.metadata{labels: {"injected": "yes"}}, data: {"executors": "mutated"}}`,
				}}},
			},
		},
		{
			"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": map[string]any{"name": namespace},
			"spec": map[string]any{"policyName": namespace, "matchResources": map[string]any{"namespaceSelector": selector}},
		},
	} {
		resource := "mutatingadmissionpolicies"
		if strings.HasSuffix(o.Kind(), "Binding") {
			resource = "mutatingadmissionpolicybindings"
		}
		api := w.kube.Resource(group(resource))
		if _, err := api.Create(w.t.Context(), &unstructured.Unstructured{Object: o}, metav1.CreateOptions{}); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = api.Delete(context.Background(), namespace, metav1.DeleteOptions{}) })
	}
	probe := object.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "casc", "namespace": namespace}}
	w.eventually("the policy to take effect", func() error {
		u, err := w.kube.Resource(configMaps).Namespace(namespace).Create(w.t.Context(), &unstructured.Unstructured{Object: probe},
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && u.GetLabels()["injected"] != "yes" {
			err = errors.New("not yet")
		}
		return err
	})
}

func TestF22MutationByAdmissionIsNoEndlessRepair(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	w.policy(env)
	first := w.commit("first")
	stop := w.start()
	w.ready(env, first)
	w.settled()
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "mutated" {
		t.Fatalf("executors %s: the policy does nothing", got)
	}
	writes := func() int { return w.wire.made("PATCH", "configmaps/casc") }
	if n := writes(); n != 1 {
		t.Errorf("%d writes, want one", n)
	}
	stop()
	w.wire.clear()
	w.start() // a new process asks the server what an apply would change: nothing
	w.eventually("the restarted loop to visit", w.loop.Ready)
	w.settled()
	for _, c := range w.wire.clear() {
		if strings.HasPrefix(c, "PATCH") && !strings.Contains(c, "configmaps/casc") {
			t.Errorf("a restart wrote: %s", c)
		}
	}
	if e := w.environment(env); e.Drift.Repairs != 0 || !e.Is(status.Ready) {
		t.Errorf("drift %+v, conditions %+v; want no repairs and Ready", e.Drift, e.Conditions)
	}
}
