package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	sigsyaml "sigs.k8s.io/yaml"

	"majordomo.dev/manifests/crds"
	"majordomo.dev/reconciler/object"
)

// installTimeout is how long a cluster may take to take the definitions in.
const installTimeout = 30 * time.Second

// install brings majordomo's own kinds into a cluster, and waits until it serves them.
func install(ctx context.Context, cfg *rest.Config) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	definitions, own, err := ownKinds(cfg)
	if err != nil {
		return err
	}
	for _, crd := range own {
		_, err := definitions.Apply(ctx, crd.GetName(), crd, metav1.ApplyOptions{FieldManager: object.Manager, Force: true})
		switch {
		case apierrors.IsForbidden(err):
			return fmt.Errorf("the cluster does not know majordomo's kinds, and majordomo may not install them: %w; let an administrator run `kubectl apply -k manifests/crds`", err)
		case err != nil:
			return fmt.Errorf("install the definition %s: %w", crd.GetName(), err)
		}
	}
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		for _, crd := range own {
			live, err := definitions.Get(ctx, crd.GetName(), metav1.GetOptions{})
			if err != nil || !serves(live) {
				return false, nil //nolint:nilerr // asked again until the time is up
			}
		}
		return true, nil
	})
	if err != nil {
		return errors.New("the cluster took majordomo's definitions in and does not serve them; see their conditions with `kubectl describe crd environments.majordomo.dev`")
	}
	return nil
}

// ownKinds returns a client for the definitions in a cluster, and those of majordomo's own kinds.
func ownKinds(cfg *rest.Config) (dynamic.ResourceInterface, []*unstructured.Unstructured, error) {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, nil, err
	}
	own, err := embedded()
	return client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}), own, err
}

// serves tells whether the API server has established a definition.
func serves(crd *unstructured.Unstructured) bool {
	list, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["type"] == "Established" {
			return c["status"] == "True"
		}
	}
	return false
}

// embedded returns the definitions that the program brings along.
func embedded() ([]*unstructured.Unstructured, error) {
	files, err := fs.Glob(crds.Files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, name := range files {
		data, err := crds.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		crd := &unstructured.Unstructured{}
		if err := sigsyaml.Unmarshal(data, &crd.Object); err != nil {
			return nil, fmt.Errorf("embedded %s: %w", name, err)
		}
		out = append(out, crd)
	}
	return out, nil
}
