package kube

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// scope is what one watch covers: the objects of a resource in a namespace.
type scope struct {
	resource  schema.GroupVersionResource
	namespace string
}

// String says what is watched.
func (s scope) String() string { return s.resource.Resource + " in namespace " + s.namespace }

// item is one object as far as it is kept.
type item struct {
	name, uid string
	version   uint64
	value     any
}

// shelf holds what one watch has shown. A late or doubled event never takes it back in time: what carries an older resource version than is
// known is dropped.
type shelf struct {
	items  map[string]item   // by name
	gone   map[string]uint64 // deletions, with the version up to which events are stale
	synced bool              // the first list has come in
	err    error             // of the last attempt to list or watch, nil while it works
}

// maxGone is how many deletions a shelf remembers.
const maxGone = 4096

// view is all that the watches and own writes have shown.
type view struct {
	mu      sync.Mutex
	shelves map[scope]*shelf
}

func newView() *view { return &view{shelves: map[scope]*shelf{}} }

// open makes room for a watch.
func (v *view) open(s scope) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shelves[s] = &shelf{items: map[string]item{}, gone: map[string]uint64{}}
}

// close forgets what a watch has shown.
func (v *view) close(s scope) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.shelves, s)
}

// put takes in an object as the server has it. It tells whether that was news.
func (v *view) put(s scope, it item) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	if h == nil {
		return false
	}
	return h.put(it)
}

func (h *shelf) put(it item) bool {
	old, known := h.items[it.name]
	switch {
	case it.version != 0 && it.version <= h.gone[it.name]:
		return false
	case known && it.version != 0 && it.version <= old.version:
		return false
	}
	delete(h.gone, it.name)
	h.items[it.name] = it
	return !known || old.uid != it.uid || !same(old.value, it.value)
}

// remove takes in that an object is gone as of a version, 0 if that is not known.
func (v *view) remove(s scope, name string, at uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	if h == nil {
		return false
	}
	return h.remove(name, at)
}

func (h *shelf) remove(name string, at uint64) bool {
	old, known := h.items[name]
	if known && at != 0 && at < old.version {
		return false
	}
	if len(h.gone) >= maxGone {
		clear(h.gone)
	}
	h.gone[name] = max(at, old.version)
	delete(h.items, name)
	return known
}

// replace takes in a whole list, made at a version. It tells whether that was news.
func (v *view) replace(s scope, list []item, at uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	if h == nil {
		return false
	}
	news := !h.synced
	listed := make(map[string]bool, len(list))
	for _, it := range list {
		listed[it.name] = true
		news = h.put(it) || news
	}
	for name := range h.items {
		if !listed[name] {
			news = h.remove(name, at) || news
		}
	}
	h.synced = true
	return news
}

// note keeps how the last attempt of a watch went, and tells whether that is news.
func (v *view) note(s scope, err error) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	if h == nil || (h.err == nil) == (err == nil) {
		return false
	}
	h.err = err
	return true
}

// list returns the kept values of a scope by name. The error says why they are not known: a watch that has shown its first list counts as
// working while its connection is being renewed, since whatever destroys asks the server itself.
func (v *view) list(s scope) ([]any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	switch {
	case h == nil:
		return nil, ErrUnread
	case !h.synced && h.err != nil:
		return nil, h.err
	case !h.synced:
		return nil, ErrUnread
	}
	items := make([]item, 0, len(h.items))
	for _, it := range h.items {
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.name, b.name) })
	values := make([]any, len(items))
	for i, it := range items {
		values[i] = it.value
	}
	return values, nil
}

// one returns the kept value of one object, nil if there is none.
func (v *view) one(s scope, name string) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.shelves[s]
	switch {
	case h == nil:
		return nil, ErrUnread
	case !h.synced && h.err != nil:
		return nil, h.err
	case !h.synced:
		return nil, ErrUnread
	}
	return h.items[name].value, nil
}

// trouble returns why a watch is not up to date, nil if it is.
func (v *view) trouble(s scope) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h := v.shelves[s]; h != nil {
		return h.err
	}
	return nil
}

// number returns the resource version as a number, by which the objects of one resource are ordered; 0 if it is none.
func number(resourceVersion string) uint64 {
	n, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
