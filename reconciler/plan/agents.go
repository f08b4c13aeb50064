package plan

import (
	"fmt"
	"slices"

	"majordomo.dev/reconciler/object"
)

// building says why the controller of a pool's agents is not pruned yet, "" if it may go: with it would go its pods, and with a pod the build
// that runs in it. A pool that goes is drained first, and only then gone.
func building(in Input, id object.ID) string {
	live := in.World.Objects[id].Live
	if _, stamped := live.Get(stampOf); !stamped || live.Annotation(object.Prune) == "allowed" {
		return ""
	}
	for _, other := range sorted(in.Inventory) {
		if pool := in.World.Objects[other].Live; pool != nil && targetOf(other, pool) == id {
			return fmt.Sprintf("its agents may have builds; it goes when %s has drained them", other)
		}
	}
	pods, _ := live.Get(object.Pointer{"status", "replicas"})
	if n, _ := pods.(int64); n > 0 {
		return fmt.Sprintf("its %d agents may have builds, and no pool drains them any more; scale it to 0 once they are idle, or annotate it with %s: allowed", n, object.Prune)
	}
	return ""
}

// targetOf returns what an AgentPool scales, the zero ID for any other object.
func targetOf(id object.ID, o object.Object) object.ID {
	targets := scaleTargets(object.Set{id: o})
	ids := make([]object.ID, 0, 1)
	for t := range targets {
		ids = append(ids, t)
	}
	if len(ids) == 0 {
		return object.ID{}
	}
	return slices.MinFunc(ids, object.ID.Compare)
}
