package cluster

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/object"
)

func definition(group, kind string) object.Object {
	plural := strings.ToLower(kind) + "s"
	return object.Object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced",
			"names": map[string]any{"kind": kind, "plural": plural, "singular": strings.ToLower(kind), "listKind": kind + "List"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}
}

func TestDefinitionAndItsObjectsInOneSync(t *testing.T) {
	for _, watched := range []bool{true, false} {
		t.Run(map[bool]string{true: "with watches", false: "without watches"}[watched], func(t *testing.T) {
			e := newEnv(t)
			if watched {
				e.watch()
			}
			group := e.name + ".example.com"
			crd := definition(group, "Widget")
			cr := e.object(group+"/v1", "Widget", "w", map[string]any{"spec": map[string]any{"x": "y"}})
			e.good(crd, cr)
			if e.get(cr) == nil {
				t.Error("the custom object is not there after the first sync")
			}
			if again := e.good(crd, cr); len(again) != 0 {
				t.Errorf("second sync did %d steps, want none", len(again))
			}
		})
	}
}
