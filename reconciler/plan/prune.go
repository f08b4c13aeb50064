package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"majordomo.dev/reconciler/object"
)

// prune adds what happens to objects that the inventory has and Git no longer wants.
func prune(in Input, p *Plan) {
	stated := map[object.ID]bool{}
	for _, s := range p.Steps {
		stated[s.ID] = true // also what is refused: Git has it, so it is not removed
	}
	var candidates []Step
	going := map[object.ID]bool{}
	for _, id := range slices.Backward(sorted(in.Inventory)) {
		if stated[id] {
			continue
		}
		step, gone := leave(in, id)
		if step.Op == Prune {
			step = spare(in, step, going)
		}
		switch {
		case gone:
			p.Forget = append(p.Forget, id)
		case step.Op == Prune:
			going[id] = true
			candidates = append(candidates, step)
		default:
			p.Steps = append(p.Steps, step)
		}
	}
	gate(in, p, candidates)
}

func sorted(inv Inventory) []object.ID {
	ids := make([]object.ID, 0, len(inv))
	for id := range inv {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, object.ID.Compare)
	return ids
}

// leave decides on one object that Git no longer wants: prune it, keep it, or forget it because it is gone or not ours.
func leave(in Input, id object.ID) (s Step, gone bool) {
	entry, seen := in.Inventory[id], in.World.Objects[id]
	live := seen.Live
	s = Step{ID: id, Op: Keep, Left: true, UID: live.UID(), Version: entry.Version}
	switch {
	case seen.Problem != "":
		s.Passing, s.Reason = true, "no longer in Git, kept: "+seen.Problem
		return s, false
	case live == nil:
		return s, true
	case entry.UID != "" && live.UID() != entry.UID: // somebody made a new one of the same name
		return s, true
	case owner(live) != in.Desired.Environment: // handed to another environment, or the mark was taken away
		return s, true
	case alias(in, live.UID()):
		return s, true
	}
	unknown := cmp.Or(in.World.Incomplete, in.ClaimsUnknown)
	switch s.Reason = kept(in, id, live); {
	case s.Reason != "":
	case unknown != "":
		s.Passing, s.Reason = true, "no longer in Git, kept for now: "+unknown
	default:
		s.Op, s.Reason = Prune, "no longer in Git"
	}
	return s, false
}

// alias tells whether a wanted object is this very object under another API group.
func alias(in Input, uid string) bool {
	for id := range in.Desired.Objects {
		if in.World.Objects[id].Live.UID() == uid {
			return true
		}
	}
	return false
}

// kept says why an object that Git no longer wants stays, "" if it goes.
func kept(in Input, id object.ID, live object.Object) string {
	mark := live.Annotation(object.Prune)
	switch {
	case live.Deleting():
		return "no longer in Git; it is being deleted and waits for its finalizers"
	case in.Claims[id] != "":
		return fmt.Sprintf("no longer in Git here; environment %s takes it over", in.Claims[id])
	case mark == "disabled":
		return fmt.Sprintf("no longer in Git, kept by its annotation %s: disabled", object.Prune)
	case id.Own(in.Namespace):
		return "no longer in Git, kept: majordomo itself needs it"
	case id.Protected() && mark != "allowed":
		return fmt.Sprintf("no longer in Git, kept: a %s is only pruned with the annotation %s: allowed", id.Kind, object.Prune)
	}
	return ""
}

// spare keeps what takes builds along, and a namespace or a definition with which something would go that is not to go. Contents come before
// what holds them in the order of prunes, so what goes by now is known.
func spare(in Input, s Step, going map[object.ID]bool) Step {
	if reason := building(in, s.ID); reason != "" {
		s.Op, s.Reason = Keep, "no longer in Git, kept: "+reason
		return s
	}
	within := contents(s.ID, in.World.Objects[s.ID].Live)
	if within == nil {
		return s
	}
	var stays []object.ID
	for other, seen := range in.World.Objects {
		_, wanted := in.Desired.Objects[other]
		if within(other) && !going[other] && (wanted || seen.Live != nil || seen.Problem != "") {
			stays = append(stays, other)
		}
	}
	if len(stays) > 0 {
		s.Op, s.Reason = Keep, fmt.Sprintf("no longer in Git, kept: %s would go with it", slices.MinFunc(stays, object.ID.Compare))
	}
	return s
}

// contents tells which objects go with an object of the environment, nil if it holds none.
func contents(id object.ID, live object.Object) func(object.ID) bool {
	switch {
	case id.Group == "" && id.Kind == "Namespace":
		return func(o object.ID) bool { return o.Namespace == id.Name }
	case id.Group == "apiextensions.k8s.io" && id.Kind == "CustomResourceDefinition":
		group, _ := live.Get(object.Pointer{"spec", "group"})
		kind, _ := live.Get(object.Pointer{"spec", "names", "kind"})
		return func(o object.ID) bool { return o.Group == group && o.Kind == kind }
	}
	return nil
}

// gate lets the candidates through, or holds all of them where they are more than one sync may prune.
func gate(in Input, p *Plan, candidates []Step) {
	allowed := max(in.Gate.MaxObjects, len(in.Inventory)*in.Gate.MaxPercent/100)
	hash := pruneHash(candidates)
	if len(candidates) <= allowed || hash == in.Approved {
		p.Steps = append(p.Steps, candidates...)
		return
	}
	h := Hold{Hash: hash}
	for _, s := range candidates {
		h.IDs = append(h.IDs, s.ID)
	}
	h.Reason = fmt.Sprintf("%d of %d objects are no longer in Git, more than the %d that one sync may prune; nothing is pruned until `majordomo approve %s`",
		len(candidates), len(in.Inventory), allowed, in.Desired.Environment)
	p.Hold = &h
}

// pruneHash names exactly these objects, by UID: an approval is for what the person saw, and for nothing made since.
func pruneHash(steps []Step) string {
	h := fnv.New64a()
	for _, s := range steps {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", s.ID, s.UID)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// Withhold turns the plan's prunes into steps that keep for now, for this reason.
func (p *Plan) Withhold(reason string) {
	for i := range p.Steps {
		if p.Steps[i].Op == Prune {
			p.Steps[i].Op, p.Steps[i].Passing, p.Steps[i].Reason = Keep, true, reason
		}
	}
}
