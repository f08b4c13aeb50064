package loop

import (
	"context"
	"maps"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// ahead writes into the inventory what is about to be created or taken over: a crash right after leaves nothing that is not on record.
func (l *Loop) ahead(ctx context.Context, e *environment, writes []plan.Step) error {
	inv := maps.Clone(e.inventory)
	for _, s := range writes {
		if _, known := inv[s.ID]; !known {
			inv[s.ID] = plan.Entry{ID: s.ID, Version: s.Payload.Object.Version()}
		}
	}
	if len(inv) == len(e.inventory) {
		return nil
	}
	next := e.status
	next.Inventory = status.EncodeInventory(inv)
	if err := e.server.records.WriteStatus(ctx, e.name, next); err != nil {
		return err
	}
	e.inventory, e.status = inv, next
	return nil
}

// settle takes the outcome into the inventory.
func (e *environment) settle(p plan.Plan, results []plan.Result, world plan.World, want *wish) {
	for _, id := range p.Forget {
		delete(e.inventory, id)
	}
	for _, s := range p.Only(plan.Keep) {
		payload, wanted := want.desired.Objects[s.ID]
		if _, known := e.inventory[s.ID]; !known && wanted && world.Objects[s.ID].Live != nil {
			e.inventory[s.ID] = plan.Entry{ID: s.ID, Version: s.Version, UID: s.UID, Hash: payload.Hash}
		}
	}
	for _, r := range results {
		switch {
		case r.Err == nil && r.Live != nil:
			e.inventory[r.Step.ID] = plan.Entry{ID: r.Step.ID, Version: r.Step.Version, UID: r.Live.UID(), Hash: r.Step.Payload.Hash}
		case r.Err == nil && r.Took == cluster.Deleted:
			delete(e.inventory, r.Step.ID)
		}
	}
}

// live returns what the cluster has of the inventory, with what was just written.
func (e *environment) live(world plan.World, results []plan.Result) map[object.ID]object.Object {
	live := make(map[object.ID]object.Object, len(e.inventory))
	for id := range e.inventory {
		if o := world.Objects[id].Live; o != nil {
			live[id] = o
		}
	}
	for _, r := range results {
		if _, known := e.inventory[r.Step.ID]; known && r.Live != nil {
			live[r.Step.ID] = r.Live
		}
	}
	return live
}
