package render

import "sync"

// recent keeps values that were used of late: up to twice as many as it is told, in two generations.
type recent[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.young[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	if ok {
		r.young[k] = v
	}
	return v, ok
}

// put keeps a value. When the young generation is full it becomes the old one, and the old one goes.
func (r *recent[K, V]) put(k K, v V, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= most {
		r.old, r.young = r.young, map[K]V{}
	}
	r.young[k] = v
}
