package overlays_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"majordomo.dev/reconciler/object"
)

// account is Majordomo's own.
const account = "system:serviceaccount:majordomo:majordomo"

// person is somebody who works on the cluster by hand.
type person struct {
	api    dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newPerson(t *testing.T, config *rest.Config) person {
	t.Helper()
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return person{api, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kinds))}
}

// resource returns where objects of this kind are.
func (p person) resource(o object.Object) (dynamic.ResourceInterface, error) {
	id := o.ID()
	m, err := p.mapper.RESTMapping(schema.GroupKind{Group: id.Group, Kind: id.Kind}, o.Version())
	if meta.IsNoMatchError(err) {
		p.mapper.Reset()
	}
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		return p.api.Resource(m.Resource).Namespace(id.Namespace), nil
	}
	return p.api.Resource(m.Resource), nil
}

func (p person) apply(ctx context.Context, o object.Object, options metav1.ApplyOptions) error {
	where, err := p.resource(o)
	if err != nil {
		return err
	}
	_, err = where.Apply(ctx, o.ID().Name, &unstructured.Unstructured{Object: o.Clone()}, options)
	return err
}

func (p person) get(ctx context.Context, o object.Object) (object.Object, error) {
	where, err := p.resource(o)
	if err != nil {
		return nil, err
	}
	live, err := where.Get(ctx, o.ID().Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return live.Object, nil
}

var installed sync.Once

// install applies manifests/majordomo as `kubectl apply -k` does, once for all tests, and returns the administrator who did.
func install(t *testing.T) person {
	t.Helper()
	admin := newPerson(t, started(t).Config())
	installed.Do(func() {
		objects := render(t, "manifests/majordomo")
		slices.SortStableFunc(objects, func(a, b object.Object) int { return a.ID().Compare(b.ID()) })
		for _, o := range objects {
			if err := admin.apply(t.Context(), o, metav1.ApplyOptions{FieldManager: "kubectl"}); err != nil {
				t.Fatalf("%s: %v", o.ID(), err)
			}
		}
		for _, o := range find(objects, "CustomResourceDefinition") {
			admin.await(t, o, "Established", func(live object.Object) bool { return condition(live, "Established") == "True" })
		}
		admin.mapper.Reset()
	})
	return admin
}

// await waits until the object is as it should be.
func (p person) await(t *testing.T, o object.Object, what string, holds func(live object.Object) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), waitLimit, errors.New("it took too long"))
	defer cancel()
	var live object.Object
	err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var err error
		live, err = p.get(ctx, o)
		return err == nil && holds(live), err
	})
	if err != nil {
		t.Fatalf("wait until %s is %s: %v (%v)\n%v", o.ID(), what, err, context.Cause(ctx), live["status"])
	}
}

func condition(o object.Object, kind string) string {
	v, _ := o.Get(object.Pointer{"status", "conditions"})
	list, _ := v.([]any)
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["type"] == kind {
			return fmt.Sprint(c["status"])
		}
	}
	return ""
}

func TestMajordomoInstallsOnAnEmptyClusterAndRuns(t *testing.T) {
	admin := install(t)
	deployment := find(render(t, "manifests/majordomo"), "Deployment")[0]
	admin.await(t, deployment, "Available", func(live object.Object) bool { return condition(live, "Available") == "True" })
}

// jvmPool returns a pool that is good, in a namespace that exists.
func jvmPool(t *testing.T) object.Object {
	t.Helper()
	pools := render(t, "manifests/agents")
	i := slices.IndexFunc(pools, func(o object.Object) bool { return o.Kind() == "AgentPool" && o.ID().Name == "jvm" })
	pools[i].Metadata()["namespace"] = "majordomo"
	return pools[i]
}
