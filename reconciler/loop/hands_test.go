package loop

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/reconciler/object"
)

// What people and other programs do to a cluster.

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

func (w *world) in(gvr schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return w.kube.Resource(gvr)
	}
	return w.kube.Resource(gvr).Namespace(namespace)
}

// remove deletes an object by hand.
func (w *world) remove(gvr schema.GroupVersionResource, namespace, name string) {
	w.t.Helper()
	if err := w.in(gvr, namespace).Delete(w.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// create makes an object by hand.
func (w *world) create(gvr schema.GroupVersionResource, o object.Object) {
	w.t.Helper()
	_, err := w.in(gvr, o.ID().Namespace).Create(w.t.Context(), &unstructured.Unstructured{Object: o}, metav1.CreateOptions{FieldManager: "someone"})
	if err != nil {
		w.t.Fatal(err)
	}
}

// patch changes an object by hand.
func (w *world) patch(gvr schema.GroupVersionResource, namespace, name string, fields map[string]any, subresources ...string) {
	w.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.in(gvr, namespace).Patch(w.t.Context(), name, "application/merge-patch+json", body, metav1.PatchOptions{FieldManager: "someone"}, subresources...)
	if err != nil {
		w.t.Fatal(err)
	}
}

// hold keeps the environment's namespace from going, release lets it go.
func (w *world) hold(env string) {
	w.create(configMaps, object.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{
		"name": "held", "namespace": env, "finalizers": []any{"example.com/hold"},
	}})
}

func (w *world) release(env string) {
	w.patch(configMaps, env, "held", map[string]any{"metadata": map[string]any{"finalizers": nil}})
}

// damage makes the inventory of an environment unreadable.
func (w *world) damage(env string) {
	w.patch(environments, "", env, map[string]any{"status": map[string]any{"inventory": []any{map[string]any{"id": "///"}}}}, "status")
}
