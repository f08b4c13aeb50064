package kube

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// watches keeps one watch open for each scope that there is something to see in.
type watches struct {
	c *Client

	mu         sync.Mutex
	namespaces []string
	wake       chan struct{} // the scopes may have changed
}

func newWatches(c *Client) *watches { return &watches{c: c, wake: make(chan struct{}, 1)} }

// Follow sets the namespaces whose pools are of interest.
func (c *Client) Follow(namespaces []string) {
	c.watches.mu.Lock()
	c.watches.namespaces = slices.Clone(namespaces)
	c.watches.mu.Unlock()
	c.watches.again()
}

// Run keeps the watches open until ctx ends. It returns when all are closed.
func (c *Client) Run(ctx context.Context) error { return c.watches.run(ctx) }

func (w *watches) again() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watches) run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	open := map[scope]context.CancelFunc{}
	defer func() {
		for _, stop := range open {
			stop()
		}
	}()
	for {
		wanted := w.wanted()
		for s, stop := range open {
			if !wanted[s] {
				stop()
				delete(open, s)
				w.c.view.close(s)
			}
		}
		for s := range wanted {
			if open[s] == nil {
				open[s] = w.start(ctx, &running, s)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
	}
}

// wanted returns what is to be watched: the pools of each namespace, and where there are any, what belongs to them.
func (w *watches) wanted() map[scope]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[scope]bool{}
	for _, ns := range w.namespaces {
		out[scope{agentPools, ns}] = true
		list, err := w.c.view.list(scope{agentPools, ns})
		if err != nil || len(list) == 0 {
			continue
		}
		out[scope{podResource, ns}], out[scope{quotas, ns}], out[scope{autoscalers, ns}] = true, true, true
		for _, v := range list {
			r, ok := kinds[v.(seenPool).pool.Spec.Target.Kind]
			if ok {
				out[scope{r, ns}] = true
			}
			if r == deployments {
				out[scope{replicaSets, ns}] = true
			}
		}
	}
	return out
}

// start begins one watch. The reflector does what is the same for everybody: pages, bookmarks, expired versions, back-off.
func (w *watches) start(ctx context.Context, running *sync.WaitGroup, s scope) context.CancelFunc {
	ctx, cancel := context.WithCancel(ctx)
	w.c.view.open(s)
	var expected any = &unstructured.Unstructured{}
	if s.resource == podResource {
		expected = podType
	}
	r := cache.NewReflectorWithOptions(w.source(s), expected, &sink{w: w, scope: s},
		cache.ReflectorOptions{Name: "fleet " + s.String(), TypeDescription: s.String()})
	running.Go(func() {
		defer cancel()
		for ctx.Err() == nil {
			w.survive(ctx, s, r.RunWithContext)
		}
	})
	return cancel
}

// survive runs a watch, and lets a panic in it end only this attempt.
func (w *watches) survive(ctx context.Context, s scope, run func(context.Context)) {
	defer func() {
		if cause := recover(); cause != nil {
			w.c.log.Error("panic", "object", s.String(), "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}()
	run(ctx)
}

// source is where a reflector gets one scope from: bounded requests, whose outcome is noted.
func (w *watches) source(s scope) cache.ListerWatcher {
	list, open := w.requests(s)
	note := func(err error) {
		if w.c.view.note(s, w.c.explain("watch "+s.String(), err)) {
			w.c.notify(s.namespace)
		}
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			ctx, cancel := context.WithTimeout(ctx, w.c.timeout)
			defer cancel()
			l, err := list(ctx, o)
			note(err)
			return l, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			i, err := w.establish(ctx, open, o)
			if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err) {
				return i, err // the reflector lists again
			}
			note(err)
			return i, err
		},
	}
}

type (
	lister  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watcher func(context.Context, metav1.ListOptions) (watch.Interface, error)
)

func (w *watches) requests(s scope) (lister, watcher) {
	if s.resource == podResource {
		api := w.c.pods.Pods(s.namespace)
		return func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, o) }, api.Watch
	}
	api := w.c.objects.Resource(s.resource).Namespace(s.namespace)
	return func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, o) }, api.Watch
}

// establish opens a watch, whose answer has to begin within the time limit and may then go on for as long as it likes.
func (w *watches) establish(ctx context.Context, open watcher, o metav1.ListOptions) (watch.Interface, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(w.c.timeout, func() { cancel(fmt.Errorf("the API server did not answer within %s", w.c.timeout)) })
	i, err := open(ctx, o)
	late.Stop()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		cancel(nil)
		return nil, err
	}
	return &stream{i, cancel}, nil
}

// stream is a watch that gives up its request when it is stopped.
type stream struct {
	watch.Interface
	cancel context.CancelCauseFunc
}

// Stop ends the watch.
func (s *stream) Stop() {
	s.Interface.Stop()
	s.cancel(nil)
}

// sink takes the reflector's events into the view.
type sink struct {
	w     *watches
	scope scope
}

// tell lets everybody know of news.
func (k *sink) tell(news bool) {
	if !news {
		return
	}
	if k.scope.resource == agentPools {
		k.w.again()
	}
	k.w.c.notify(k.scope.namespace)
}

// Add takes in a new object.
func (k *sink) Add(o any) error { return k.Update(o) }

// Update takes in a changed object.
func (k *sink) Update(o any) error {
	if it, ok := keep(k.scope, o); ok {
		k.tell(k.w.c.view.put(k.scope, it))
	}
	return nil
}

// Delete takes in that an object is gone.
func (k *sink) Delete(o any) error {
	if m, ok := o.(metav1.Object); ok {
		k.tell(k.w.c.view.remove(k.scope, m.GetName(), number(m.GetResourceVersion())))
	}
	return nil
}

// Replace takes in the list with which a watch begins, or begins again.
func (k *sink) Replace(list []any, at string) error {
	items := make([]item, 0, len(list))
	for _, o := range list {
		if it, ok := keep(k.scope, o); ok {
			items = append(items, it)
		}
	}
	k.tell(k.w.c.view.replace(k.scope, items, number(at)))
	return nil
}

// Resync has nothing to do: who is notified looks at what there is.
func (k *sink) Resync() error { return nil }
