package status

import (
	"fmt"
	"slices"
	"time"

	"majordomo.dev/reconciler/object"
)

// health sorts the objects of an inventory by their state.
type health struct {
	known           bool
	ready           map[object.ID]bool
	waiting, failed []finding
}

// finding is one object that is not ready, and why.
type finding struct {
	id      object.ID
	message string
}

// String gives the finding as messages have it.
func (f finding) String() string { return fmt.Sprintf("%s: %s", f.id, f.message) }

func healthOf(in Report) health {
	h := health{known: in.Live != nil && in.Inventory != nil, ready: map[object.ID]bool{}}
	if !h.known {
		return h
	}
	for id := range in.Inventory {
		o, there := in.Live[id]
		if !there || o == nil {
			h.waiting = append(h.waiting, finding{id, "is not in the cluster"})
			continue
		}
		switch state, message := Health(o); state {
		case Current:
			h.ready[id] = true
		case Failed:
			h.failed = append(h.failed, finding{id, message})
		case InProgress, Terminating:
			h.waiting = append(h.waiting, finding{id, message})
		}
	}
	byID := func(a, b finding) int { return a.id.Compare(b.id) }
	slices.SortFunc(h.waiting, byID)
	slices.SortFunc(h.failed, byID)
	return h
}

// overdue tells whether objects have been on their way for longer than patience: since they stopped being ready, or since the last
// sync that wrote something, whichever is later. What is overdue stays so until it is ready or written anew.
func (j *judge) overdue(patience time.Duration, last *Sync) bool {
	was, ok := j.prev.Condition(Healthy)
	if !ok || was.Status == True {
		return false
	}
	since := was.LastTransitionTime
	if last != nil && last.Time.After(since) {
		return j.now.Sub(last.Time) >= patience
	}
	return was.Reason == HealthTimeout || j.now.Sub(since) >= patience
}
