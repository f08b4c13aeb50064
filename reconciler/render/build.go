package render

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// buildFunc builds the kustomization in a folder.
type buildFunc func(f filesystem, dir string) ([]object.Object, error)

// kustomize builds with kustomize. It must not run twice at once: kustomize keeps its schemas in global variables.
func kustomize(f filesystem, dir string) (objects []object.Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			objects, err = nil, fmt.Errorf("kustomize panicked: %v", p)
		}
	}()
	k := krusty.MakeKustomizer(&krusty.Options{
		Reorder: krusty.ReorderOptionNone, LoadRestrictions: types.LoadRestrictionsRootOnly, PluginConfig: types.DisabledPluginConfig(),
	})
	m, err := k.Run(f, "/"+relative(dir))
	if err != nil {
		return nil, err
	}
	for _, res := range m.Resources() {
		v, err := yaml.Convert(res.YNode(), yaml.Limits{})
		if err != nil {
			return nil, err
		}
		o, _ := v.(map[string]any)
		objects = append(objects, o)
	}
	return objects, nil
}
