package cluster

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"majordomo.dev/reconciler/object"
)

// Change is one record as Follow shows it.
type Change struct {
	Record
	Gone bool // the object was deleted
}

// Follow calls show for every record as it is, and again each time that it changes, until ctx ends or show returns false. With env only that one's
// record is followed.
func (r *Records) Follow(ctx context.Context, env string, show func(Change) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	narrow := func(o *metav1.ListOptions) {
		if env != "" {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", env).String()
		}
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			narrow(&o)
			return r.api.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			narrow(&o)
			return r.api.Watch(ctx, o)
		},
	}
	f := &follower{show: show, end: cancel, known: map[string]string{}}
	cache.NewReflectorWithOptions(lw, &unstructured.Unstructured{}, f,
		cache.ReflectorOptions{Name: "environments", TypeDescription: "environments"}).RunWithContext(ctx)
}

// follower hands the reflector's events on, each version of a record once.
type follower struct {
	end context.CancelFunc

	mu    sync.Mutex
	show  func(Change) bool
	known map[string]string // resource version by name
}

func (f *follower) tell(o object.Object, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := o.ID().Name
	if !gone && f.known[name] == o.ResourceVersion() || f.show == nil {
		return
	}
	f.known[name] = o.ResourceVersion()
	if gone {
		delete(f.known, name)
	}
	if !f.show(Change{Record: record(o), Gone: gone}) {
		f.show = nil
		f.end()
	}
}

// Add takes in a new record.
func (f *follower) Add(o any) error { return f.Update(o) }

// Update takes in a changed record.
func (f *follower) Update(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok {
		f.tell(fromServer(u), false)
	}
	return nil
}

// Delete takes in that a record is gone.
func (f *follower) Delete(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok {
		f.tell(fromServer(u), true)
	}
	return nil
}

// Replace takes in the list with which the watch begins, or begins again.
func (f *follower) Replace(list []any, _ string) error {
	for _, o := range list {
		_ = f.Update(o)
	}
	return nil
}

// Resync has nothing to do.
func (f *follower) Resync() error { return nil }
