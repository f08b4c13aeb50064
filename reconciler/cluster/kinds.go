package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/object"
)

// kind is how the server serves a kind of object.
type kind struct {
	resource   schema.GroupVersionResource
	namespaced bool
}

// errNoKind means that the server answered, and does not serve the kind.
var errNoKind = errors.New("the cluster does not serve this kind")

// kinds asks the server how it serves each kind that the environment uses, one API group and version at a time: a group whose server is
// down takes only its own objects with it.
type kinds struct {
	client  rest.Interface
	timeout time.Duration

	mu    sync.Mutex
	known map[schema.GroupVersionKind]kind
}

func newKinds(client rest.Interface, timeout time.Duration) *kinds {
	return &kinds{client: client, timeout: timeout, known: map[schema.GroupVersionKind]kind{}}
}

func gvkOf(id object.ID, version string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: id.Group, Version: version, Kind: id.Kind}
}

// find returns how the server serves a kind. errNoKind is an answer; any other error is none.
func (k *kinds) find(ctx context.Context, gvk schema.GroupVersionKind) (kind, error) {
	if found, ok := k.remembered(gvk); ok {
		return found, nil
	}
	if err := k.ask(ctx, gvk.GroupVersion()); err != nil {
		return kind{}, err
	}
	if found, ok := k.remembered(gvk); ok {
		return found, nil
	}
	return kind{}, fmt.Errorf("%w: %s %s", errNoKind, gvk.GroupVersion(), gvk.Kind)
}

func (k *kinds) remembered(gvk schema.GroupVersionKind) (kind, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.known[gvk]
	return found, ok
}

func (k *kinds) ask(ctx context.Context, gv schema.GroupVersion) error {
	path := "/apis/" + gv.String()
	if gv.Group == "" {
		path = "/api/" + gv.Version
	}
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	var list metav1.APIResourceList
	err := k.client.Get().AbsPath(path).Do(ctx).Into(&list)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: %s", errNoKind, gv)
	}
	if err != nil {
		return fmt.Errorf("ask the cluster for its kinds in %s: %w", gv, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range list.APIResources {
		if !strings.Contains(r.Name, "/") {
			k.known[gv.WithKind(r.Kind)] = kind{resource: gv.WithResource(r.Name), namespaced: r.Namespaced}
		}
	}
	return nil
}

// preferred returns a version in which the server serves the kind today; the inventory may name one that it no longer does.
func (k *kinds) preferred(ctx context.Context, id object.ID, version string) (kind, error) {
	found, err := k.find(ctx, gvkOf(id, version))
	if !errors.Is(err, errNoKind) || id.Group == "" {
		return found, err
	}
	var group metav1.APIGroup
	if err := k.client.Get().AbsPath("/apis/" + id.Group).Do(ctx).Into(&group); err != nil {
		if apierrors.IsNotFound(err) {
			return kind{}, fmt.Errorf("%w: %s", errNoKind, id.Group)
		}
		return kind{}, fmt.Errorf("ask the cluster for the versions of %s: %w", id.Group, err)
	}
	for _, v := range group.Versions {
		if found, err = k.find(ctx, gvkOf(id, v.Version)); !errors.Is(err, errNoKind) {
			return found, err
		}
	}
	return kind{}, fmt.Errorf("%w: %s %s", errNoKind, id.Group, id.Kind)
}
