package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"

	"majordomo.dev/reconciler/object"
)

// scope is what one watch covers: the objects of a kind in a namespace, or one cluster-scoped object by name, so that no right on
// other people's objects is needed.
type scope struct {
	kind            kind
	group, kindName string
	namespace, name string
}

func (s scope) covers(id object.ID) bool {
	return id.Group == s.group && id.Kind == s.kindName && id.Namespace == s.namespace && (s.name == "" || s.name == id.Name)
}

func scopeOf(id object.ID, k kind) scope {
	s := scope{kind: k, group: id.Group, kindName: id.Kind, namespace: id.Namespace}
	if !k.namespaced {
		s.name = id.Name
	}
	return s
}

func (s scope) String() string {
	where := "in namespace " + s.namespace
	if s.name != "" {
		where = s.name
	}
	return fmt.Sprintf("%s %s", s.kind.resource.Resource, where)
}

// Watches keeps one watch for each scope that Observe asks for.
type Watches struct {
	client *Client
	notify func()
	asked  chan request
	ended  chan struct{} // closed when Run has
}

// ErrEnded means that the environment's watches were closed for good: it left the fleet, or its client was replaced.
var ErrEnded = errors.New("the watches of the environment are closed")

// request asks for watches on exactly these scopes.
type request struct {
	scopes map[scope]bool
	reply  chan answer
}

// answer holds the watches asked for, and which of them stood before.
type answer struct {
	open     map[scope]*watched
	standing map[scope]bool
}

// watched is one scope's watch.
type watched struct {
	cancel context.CancelFunc
	synced chan struct{} // closed once the first list has come in

	once sync.Once
	mu   sync.Mutex
	err  error // of the last attempt to list or watch, nil while it works
}

// Watching makes Observe answer from watches, which Run keeps open. notify is called, from many goroutines, whenever an object of
// interest may have changed by somebody else's hand; it must not block. It is called before the first Observe.
func (c *Client) Watching(notify func()) *Watches {
	c.watches = &Watches{client: c, notify: notify, asked: make(chan request), ended: make(chan struct{})}
	return c.watches
}

// Run opens and closes watches as Observe asks for them, until ctx ends. It returns when all are closed, and is called once.
func (w *Watches) Run(ctx context.Context) error {
	defer close(w.ended)
	var running sync.WaitGroup
	defer running.Wait()
	open := map[scope]*watched{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-w.asked:
			standing := w.adjust(ctx, &running, open, r.scopes)
			r.reply <- answer{open: maps.Clone(open), standing: standing}
		}
	}
}

// adjust opens the watches that are missing, closes those no longer needed and returns those that stay.
func (w *Watches) adjust(ctx context.Context, running *sync.WaitGroup, open map[scope]*watched, scopes map[scope]bool) map[scope]bool {
	standing := map[scope]bool{}
	for s, o := range open {
		if !scopes[s] {
			o.cancel()
			delete(open, s)
		}
	}
	for s := range scopes {
		if open[s] == nil {
			open[s] = w.start(ctx, running, s)
		} else {
			standing[s] = true
		}
	}
	return standing
}

// cover asks for watches on exactly these scopes and waits until all have seen the cluster once. It returns which of them stood before, and for
// each scope that could not be read, why.
func (w *Watches) cover(ctx context.Context, scopes map[scope]bool) (standing map[scope]bool, failed map[scope]error, err error) {
	r := request{scopes: scopes, reply: make(chan answer, 1)}
	select {
	case w.asked <- r:
	case <-w.ended:
		return nil, nil, ErrEnded
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	got := <-r.reply
	failed = map[scope]error{}
	for s, o := range got.open {
		if err := o.await(ctx, w.client.server.timeout); err != nil {
			failed[s] = fmt.Errorf("watch %s: %w", s, err)
		}
	}
	return got.standing, failed, nil
}

// await blocks until the first list is in. A watch that worked once counts as working: while its connection is being renewed, what it has
// seen last is still the best knowledge, and whatever destroys asks the server itself.
func (o *watched) await(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the API server did not answer within %s", limit))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-o.synced:
			if err := o.lastError(); apierrors.IsForbidden(err) {
				return err // the right to look was taken away since
			}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := o.lastError(); err != nil {
				return err
			}
		}
	}
}

func (o *watched) lastError() error { o.mu.Lock(); defer o.mu.Unlock(); return o.err }

// note keeps how the last attempt went. It tells whether the right to look was lost by it, or has come back.
func (o *watched) note(err error) (turned bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	turned = apierrors.IsForbidden(err) != apierrors.IsForbidden(o.err)
	o.err = err
	return turned
}

// start begins one watch. The reflector does what is the same for everybody: pages, bookmarks, expired versions, back-off.
func (w *Watches) start(ctx context.Context, running *sync.WaitGroup, s scope) *watched {
	ctx, cancel := context.WithCancel(ctx)
	open := &watched{cancel: cancel, synced: make(chan struct{})}
	r := cache.NewReflectorWithOptions(w.source(s, open), &unstructured.Unstructured{}, &sink{w: w, scope: s, open: open},
		cache.ReflectorOptions{Name: w.client.env + " " + s.String(), TypeDescription: s.String()})
	running.Go(func() {
		defer cancel()
		for ctx.Err() == nil {
			w.survive(ctx, s, r.RunWithContext)
		}
	})
	return open
}

// survive runs a watch, and lets a panic in it end only this attempt.
func (w *Watches) survive(ctx context.Context, s scope, run func(context.Context)) {
	defer func() {
		if cause := recover(); cause != nil {
			w.client.log.Error("panic", "object", s.String(), "err", fmt.Sprint(cause))
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}()
	run(ctx)
}

// sink takes the reflector's events into the view.
type sink struct {
	w     *Watches
	scope scope
	open  *watched
}

// Add takes in a new object.
func (k *sink) Add(o any) error { return k.Update(o) }

// Update takes in a changed object.
func (k *sink) Update(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok && k.w.client.view.put(fromServer(u)) {
		k.w.notify()
	}
	return nil
}

// Delete takes in that an object is gone.
func (k *sink) Delete(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok && k.w.client.view.remove(fromServer(u).ID(), version(fromServer(u))) {
		k.w.notify()
	}
	return nil
}

// Replace takes in the list with which a watch begins, or begins again.
func (k *sink) Replace(list []any, at string) error {
	objects := make([]object.Object, 0, len(list))
	for _, o := range list {
		if u, ok := o.(*unstructured.Unstructured); ok {
			objects = append(objects, fromServer(u))
		}
	}
	news := k.w.client.view.replace(k.scope, objects, number(at))
	first := false
	k.open.once.Do(func() { close(k.open.synced); first = true })
	if news && !first {
		k.w.notify()
	}
	return nil
}

// Resync has nothing to do: the queue that notify feeds is level-triggered.
func (k *sink) Resync() error { return nil }
