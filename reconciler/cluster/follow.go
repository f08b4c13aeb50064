package cluster

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
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
	Follow(ctx, r.api, Named(env), func(o object.Object, gone bool) bool { return show(Change{Record: record(o), Gone: gone}) })
}

// Named narrows a list or watch to the object of a name, where there is one.
func Named(name string) metav1.ListOptions {
	if name == "" {
		return metav1.ListOptions{}
	}
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// Follow calls show for every object that api and the selectors of only name, and again each time that one changes or is gone, until ctx ends
// or show returns false. What goes wrong on the way is tried again; whoever wants to know whether there is anything to see lists it before.
func Follow(ctx context.Context, api dynamic.ResourceInterface, only metav1.ListOptions, show func(o object.Object, gone bool) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	narrow := func(o metav1.ListOptions) metav1.ListOptions {
		o.FieldSelector, o.LabelSelector = only.FieldSelector, only.LabelSelector
		return o
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return api.List(ctx, narrow(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return api.Watch(ctx, narrow(o))
		},
	}
	f := &follower{show: show, end: cancel, known: map[object.ID]object.Object{}}
	cache.NewReflectorWithOptions(lw, &unstructured.Unstructured{}, f,
		cache.ReflectorOptions{Name: "follow", TypeDescription: "objects"}).RunWithContext(ctx)
}

// follower hands the reflector's events on, each version of an object once.
type follower struct {
	end context.CancelFunc

	mu    sync.Mutex
	show  func(o object.Object, gone bool) bool
	known map[object.ID]object.Object // as they were shown last
}

func (f *follower) tell(o object.Object, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := o.ID()
	if last := f.known[id]; f.show == nil || !gone && last != nil && last.ResourceVersion() == o.ResourceVersion() {
		return
	}
	f.known[id] = o
	if gone {
		delete(f.known, id)
	}
	if !f.show(o, gone) {
		f.show = nil
		f.end()
	}
}

// missing are the objects that were shown and are not in a list.
func (f *follower) missing(list []any) []object.Object {
	listed := map[object.ID]bool{}
	for _, o := range list {
		if u, ok := o.(*unstructured.Unstructured); ok {
			listed[fromServer(u).ID()] = true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []object.Object
	for id, o := range f.known {
		if !listed[id] {
			out = append(out, o)
		}
	}
	return out
}

// Add takes in a new object.
func (f *follower) Add(o any) error { return f.Update(o) }

// Update takes in a changed object.
func (f *follower) Update(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok {
		f.tell(fromServer(u), false)
	}
	return nil
}

// Delete takes in that an object is gone.
func (f *follower) Delete(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok {
		f.tell(fromServer(u), true)
	}
	return nil
}

// Replace takes in the list with which the watch begins, or begins again: then objects may have gone unseen.
func (f *follower) Replace(list []any, _ string) error {
	for _, o := range f.missing(list) {
		f.tell(o, true)
	}
	for _, o := range list {
		_ = f.Update(o)
	}
	return nil
}

// Resync has nothing to do.
func (f *follower) Resync() error { return nil }
