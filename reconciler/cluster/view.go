package cluster

import (
	"strconv"
	"sync"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// view is the environment's objects as watches and own writes have shown them. A late or doubled event never takes it back in time:
// what carries an older resource version than is known is dropped.
type view struct {
	mu        sync.Mutex
	wanted    map[object.ID]bool // objects of interest; others are not kept
	objects   map[object.ID]object.Object
	gone      map[object.ID]uint64 // deletions seen or made, with the version up to which events are stale
	baselines map[object.ID]*plan.Baseline
	applied   map[object.ID]string // resource version for which the baseline is known to hold
	writing   map[object.ID]bool   // objects that are being written, true if an event came in meanwhile
}

func newView() *view {
	return &view{
		wanted: map[object.ID]bool{}, objects: map[object.ID]object.Object{}, gone: map[object.ID]uint64{},
		baselines: map[object.ID]*plan.Baseline{}, applied: map[object.ID]string{}, writing: map[object.ID]bool{},
	}
}

// want sets the objects of interest, and returns those that are new.
func (v *view) want(ids map[object.ID]bool) []object.ID {
	v.mu.Lock()
	defer v.mu.Unlock()
	var fresh []object.ID
	for id := range ids {
		if !v.wanted[id] {
			fresh = append(fresh, id)
		}
	}
	for id := range v.wanted {
		if !ids[id] {
			delete(v.objects, id)
			delete(v.gone, id)
			delete(v.baselines, id)
			delete(v.applied, id)
		}
	}
	v.wanted = ids
	return fresh
}

// put takes in an object as the server has it. It tells whether that was news of an object of interest: not the echo of an own write.
func (v *view) put(o object.Object) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := o.ID()
	if !v.wanted[id] || version(o) <= v.gone[id] && version(o) != 0 {
		return false
	}
	if old := v.objects[id]; old != nil && version(o) != 0 && version(o) <= version(old) {
		return false
	}
	delete(v.gone, id)
	v.objects[id] = o
	return v.news(id)
}

// news tells whether a change of an object is news: while it is being written, that is told when the write is done.
func (v *view) news(id object.ID) bool {
	if _, busy := v.writing[id]; busy {
		v.writing[id] = true
		return false
	}
	return true
}

// begin has events of an object wait until done: its echo often overtakes the answer to the write.
func (v *view) begin(id object.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writing[id] = false
}

// done tells whether an event came in, since begin, of another version than the one written, nil for none.
func (v *view) done(id object.ID, live object.Object) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	event := v.writing[id]
	delete(v.writing, id)
	return event && v.objects[id].ResourceVersion() != live.ResourceVersion()
}

// remove takes in that an object is gone as of a version, 0 if that is not known.
func (v *view) remove(id object.ID, at uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.objects[id]
	if !v.wanted[id] || at != 0 && at < version(old) {
		return false
	}
	v.gone[id] = max(at, version(old))
	delete(v.objects, id)
	delete(v.baselines, id)
	delete(v.applied, id)
	return old != nil && v.news(id)
}

// replace takes in a whole list of one scope, made at a version.
func (v *view) replace(s scope, list []object.Object, at uint64) bool {
	news := false
	listed := map[object.ID]bool{}
	for _, o := range list {
		listed[o.ID()] = true
		news = v.put(o) || news
	}
	for _, id := range v.in(s) {
		if !listed[id] {
			news = v.remove(id, at) || news
		}
	}
	return news
}

// in returns the known objects of a scope.
func (v *view) in(s scope) []object.ID {
	v.mu.Lock()
	defer v.mu.Unlock()
	var ids []object.ID
	for id := range v.objects {
		if s.covers(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// seen returns what is known of an object.
func (v *view) seen(id object.ID) plan.Seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	return plan.Seen{Live: v.objects[id], Baseline: v.baselines[id], Settled: v.settled(id)}
}

// settled tells whether the baseline holds for the object as it is. It is worked out once for each version of the object.
func (v *view) settled(id object.ID) bool {
	live, b := v.objects[id], v.baselines[id]
	if live == nil || b == nil {
		return false
	}
	if v.applied[id] == live.ResourceVersion() {
		return true
	}
	if live.Owned(object.Manager).Fingerprint(live) != b.Fingerprint {
		return false
	}
	v.applied[id] = live.ResourceVersion()
	return true
}

// wrote remembers what an apply left.
func (v *view) wrote(live object.Object, hash string) {
	v.put(live)
	v.mu.Lock()
	defer v.mu.Unlock()
	id := live.ID()
	if !v.wanted[id] {
		return
	}
	v.baselines[id] = &plan.Baseline{Hash: hash, Fingerprint: live.Owned(object.Manager).Fingerprint(live)}
	v.applied[id] = live.ResourceVersion()
}

// version returns the resource version as a number, by which one kind's objects are ordered; 0 if it is none.
func version(o object.Object) uint64 { return number(o.ResourceVersion()) }

func number(resourceVersion string) uint64 {
	n, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// defines tells whether one of the environment's objects is the definition of a custom kind.
func (v *view) defines(group, kind string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, o := range v.objects {
		if id.Kind != "CustomResourceDefinition" {
			continue
		}
		g, _ := o.Get(object.Pointer{"spec", "group"})
		k, _ := o.Get(object.Pointer{"spec", "names", "kind"})
		if g == group && k == kind {
			return true
		}
	}
	return false
}
