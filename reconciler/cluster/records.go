package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

// Annotations of an Environment object by which the command line asks the loop for something.
const (
	ApproveAnnotation = "majordomo.dev/approve" // hash of the held prune that a person approved
	SyncAnnotation    = "majordomo.dev/sync"    // any new value asks for a sync
	SyncedAnnotation  = "majordomo.dev/synced"  // the value that was asked for last and is done; the status says how it went
)

var environments = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "environments"}

// Records are the Environment objects of one cluster. They are majordomo's own books: it reads and writes them under its own identity, never
// under an environment's, so that nobody who may deploy can also rewrite what may be deleted.
type Records struct {
	server *Server
	api    dynamic.NamespaceableResourceInterface
	core   dynamic.Interface

	mu     sync.Mutex
	seen   map[string]object.Object // as the watch and own requests have shown them
	heeded map[string]string        // what people asked, as the loop last went by it
}

// Record is one Environment object.
type Record struct {
	Object object.Object // nil: there is none
	Status status.Environment
	Broken error // why the status cannot be read; the inventory is unknown then, not empty

	Suspended bool
	Reason    string // why it is suspended
	Pin       string // commit to stay at, "" for none
	Rejected  []string
	Approved  string
	Asked     string // value of SyncAnnotation
	Answered  string // value of SyncedAnnotation
}

// Records returns the books of the cluster.
func (s *Server) Records() (*Records, error) {
	api, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return nil, err
	}
	return &Records{server: s, api: api.Resource(environments), core: api, seen: map[string]object.Object{}, heeded: map[string]string{}}, nil
}

func record(o object.Object) Record {
	r := Record{Object: o, Approved: o.Annotation(ApproveAnnotation), Asked: o.Annotation(SyncAnnotation), Answered: o.Annotation(SyncedAnnotation)}
	r.Status, r.Broken = status.Read(o)
	spec, _ := o["spec"].(map[string]any)
	suspend, suspended := spec["suspend"].(map[string]any)
	r.Suspended = suspended
	r.Reason, _ = suspend["reason"].(string)
	pin, _ := spec["pin"].(map[string]any)
	r.Pin, _ = pin["revision"].(string)
	rejected, _ := pin["rejected"].([]any)
	for _, e := range rejected {
		if s, ok := e.(string); ok {
			r.Rejected = append(r.Rejected, s)
		}
	}
	return r
}

// Get reads one record from the server.
func (r *Records) Get(ctx context.Context, env string) (Record, error) {
	var rec Record
	err := r.server.bounded(ctx, func(ctx context.Context) error {
		u, err := r.api.Get(ctx, env, metav1.GetOptions{})
		if err == nil {
			rec = record(r.remember(fromServer(u)))
		}
		return err
	})
	if apierrors.IsNotFound(err) {
		return Record{}, r.installed(ctx, err)
	}
	return rec, wrap(env, err)
}

// List reads all records from the server.
func (r *Records) List(ctx context.Context) ([]Record, error) {
	var out []Record
	err := r.server.bounded(ctx, func(ctx context.Context) error {
		list, err := r.api.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			out = append(out, record(r.remember(fromServer(&list.Items[i]))))
		}
		return nil
	})
	if apierrors.IsNotFound(err) {
		return nil, r.installed(ctx, err)
	}
	return out, err
}

// ErrNotInstalled means that the cluster does not know majordomo's own kinds.
var ErrNotInstalled = errors.New("the cluster does not know the kind Environment; install it with `kubectl apply -k manifests/crds`")

// installed tells a missing object from a missing kind.
func (r *Records) installed(_ context.Context, err error) error {
	if s := statusOf(err); s != nil && s.Details != nil && s.Details.Name != "" {
		return nil
	}
	return ErrNotInstalled
}

// Last returns the record as it was last seen, without a request.
func (r *Records) Last(env string) (Record, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.seen[env]
	if !ok {
		return Record{}, false
	}
	return record(o), true
}

// Ensure makes the record, or brings its spec to what fleet.yaml says. What people set in it stays.
func (r *Records) Ensure(ctx context.Context, env string, spec map[string]any) (Record, error) {
	if last, ok := r.Last(env); ok && stated(last.Object, spec) {
		return last, nil
	}
	body := map[string]any{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "Environment", "metadata": map[string]any{"name": env}, "spec": maps.Clone(spec),
	}
	var rec Record
	err := r.server.bounded(ctx, func(ctx context.Context) error {
		u, err := r.api.Apply(ctx, env, &unstructured.Unstructured{Object: body}, metav1.ApplyOptions{FieldManager: object.Manager, Force: true})
		if err == nil {
			rec = record(r.remember(fromServer(u)))
		}
		return err
	})
	if apierrors.IsNotFound(err) {
		return Record{}, ErrNotInstalled
	}
	return rec, wrap(env, err)
}

// stated tells whether the object has this very spec, as far as the spec goes, and nothing that an earlier one had beside it.
func stated(o object.Object, spec map[string]any) bool {
	owned, _ := o.Owned(object.Manager)["f:spec"].(map[string]any)
	for f := range owned {
		if _, still := spec[strings.TrimPrefix(f, "f:")]; !still && f != "." {
			return false
		}
	}
	return len(object.Subset(object.Object{"spec": spec}, o)) == 0
}

// WriteStatus writes the status on top of exactly the record that was last seen. If somebody else has written meanwhile, the record is read
// again and written once more; its inventory then keeps what either of the two knows: to forget an object is to leak it.
func (r *Records) WriteStatus(ctx context.Context, env string, next status.Environment) error {
	last, ok := r.Last(env)
	for range 5 {
		if !ok {
			var err error
			if last, err = r.Get(ctx, env); err != nil {
				return err
			}
			if last.Object == nil {
				return fmt.Errorf("environment %s: its Environment object was deleted", env)
			}
			next.Inventory = union(next.Inventory, last.Status.Inventory)
		}
		err := r.put(ctx, last.Object, next)
		if !apierrors.IsConflict(err) {
			return wrap(env, err)
		}
		ok = false
	}
	return fmt.Errorf("environment %s: somebody else keeps writing its status; is another majordomo running?", env)
}

// union adds the entries that only the other inventory has.
func union(mine, other []status.InventoryEntry) []status.InventoryEntry {
	a, errA := status.DecodeInventory(mine)
	b, errB := status.DecodeInventory(other)
	if errA != nil || errB != nil {
		return mine
	}
	for id, e := range b {
		if _, ok := a[id]; !ok {
			a[id] = e
		}
	}
	return status.EncodeInventory(a)
}

func (r *Records) put(ctx context.Context, last object.Object, next status.Environment) error {
	body := map[string]any{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "Environment", "spec": last["spec"], "status": next.Fields(),
		"metadata": map[string]any{"name": last.ID().Name, "uid": last.UID(), "resourceVersion": last.ResourceVersion()},
	}
	return r.server.bounded(ctx, func(ctx context.Context) error {
		u, err := r.api.UpdateStatus(ctx, &unstructured.Unstructured{Object: body}, metav1.UpdateOptions{FieldManager: object.Manager})
		if err == nil {
			r.remember(fromServer(u))
		}
		return err
	})
}

// Patch merges fields into the record: what the command line asks of the loop.
func (r *Records) Patch(ctx context.Context, env string, fields map[string]any) (Record, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return Record{}, err
	}
	var rec Record
	err = r.server.bounded(ctx, func(ctx context.Context) error {
		u, err := r.api.Patch(ctx, env, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "majordomo-cli"})
		if err == nil {
			rec = record(r.remember(fromServer(u)))
		}
		return err
	})
	return rec, wrap(env, err)
}

func wrap(env string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("environment %s: its Environment object: %w", env, err)
}

// remember keeps the newest version of a record and returns it.
func (r *Records) remember(o object.Object) object.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := o.ID().Name
	if old := r.seen[name]; old != nil && old.UID() == o.UID() && version(old) > version(o) {
		return old
	}
	r.seen[name] = o
	return o
}

// Heed returns the record, or the newer one that was seen since, and notes that the loop goes by what people ask in it. The watch then tells when
// they ask for anything else, also where the answer to a request of majordomo's own has brought that first.
func (r *Records) Heed(rec Record) Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := rec.Object.ID().Name
	if newest, ok := r.seen[name]; ok {
		rec = record(newest)
	}
	r.heeded[name] = asks(rec)
	return rec
}

// forget lets go of a record that is gone. The caller holds the lock.
func (r *Records) forget(name string) {
	delete(r.seen, name)
	delete(r.heeded, name)
}

// Watch calls notify with the name of every Environment object in which somebody asks for anything that is not heeded, or that was deleted, until
// ctx ends.
func (r *Records) Watch(ctx context.Context, notify func(env string)) error {
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return r.api.List(ctx, o) },
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return r.api.Watch(ctx, o)
		},
	}
	cache.NewReflectorWithOptions(lw, &unstructured.Unstructured{}, &book{records: r, notify: notify},
		cache.ReflectorOptions{Name: "environments", TypeDescription: "environments"}).RunWithContext(ctx)
	return nil
}

// book takes the reflector's events into the records.
type book struct {
	records *Records
	notify  func(string)
}

// Add takes in a new record.
func (b *book) Add(o any) error { return b.Update(o) }

// Update takes in a changed record.
func (b *book) Update(o any) error {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	asked := asks(record(b.records.remember(fromServer(u))))
	b.records.mu.Lock()
	heeded, known := b.records.heeded[u.GetName()]
	b.records.mu.Unlock()
	if !known || heeded != asked {
		b.notify(u.GetName())
	}
	return nil
}

// asks returns what people ask of the loop by a record.
func asks(r Record) string {
	return fmt.Sprint(r.Suspended, r.Pin, r.Rejected, r.Approved, r.Asked, r.Object.UID())
}

// Delete takes in that a record is gone.
func (b *book) Delete(o any) error {
	if u, ok := o.(*unstructured.Unstructured); ok {
		b.records.mu.Lock()
		old := b.records.seen[u.GetName()]
		mine := old != nil && old.UID() == string(u.GetUID())
		if mine {
			b.records.forget(u.GetName())
		}
		b.records.mu.Unlock()
		if mine {
			b.notify(u.GetName())
		}
	}
	return nil
}

// Replace takes in the list with which the watch begins, or begins again.
func (b *book) Replace(list []any, _ string) error {
	listed := map[string]bool{}
	for _, o := range list {
		if u, ok := o.(*unstructured.Unstructured); ok {
			listed[u.GetName()] = true
			_ = b.Update(u)
		}
	}
	b.records.mu.Lock()
	var gone []string
	for name := range b.records.seen {
		if !listed[name] {
			gone = append(gone, name)
			b.records.forget(name)
		}
	}
	b.records.mu.Unlock()
	for _, name := range gone {
		b.notify(name)
	}
	return nil
}

// Resync has nothing to do.
func (b *book) Resync() error { return nil }
