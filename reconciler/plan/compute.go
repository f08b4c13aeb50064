package plan

import (
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/reconciler/object"
)

// Compute decides what to do. It never fails: what cannot be done is a step with Op Refuse, and what must wait is in Plan.Hold.
func Compute(in Input) Plan {
	p := Plan{Environment: in.Desired.Environment, Commit: in.Commit}
	p.Steps = append(p.Steps, in.Desired.Refused...)
	for _, id := range in.Desired.IDs() {
		p.Steps = append(p.Steps, decide(in, id))
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return a.ID.Compare(b.ID) })
	prune(in, &p)
	return p
}

// decide compares one wanted object with the cluster.
func decide(in Input, id object.ID) Step {
	seen := in.World.Objects[id]
	payload, kept := in.Desired.Objects[id].rolledBack(seen.Live)
	entry, known := in.Inventory[id]
	s := Step{kept: kept, ID: id, Payload: payload, UID: seen.Live.UID(), Version: payload.Object.Version()}
	switch {
	case seen.Problem != "":
		s.Op, s.Passing, s.Reason = Refuse, true, seen.Problem
	case seen.Live == nil && known && entry.UID != "":
		s.Op, s.Drift, s.Reason = Create, true, "deleted from the cluster"
	case seen.Live == nil:
		s.Op, s.Reason = Create, "not in the cluster yet"
	case foreign(in, id, seen.Live) != "":
		s.Op, s.Reason = Refuse, foreign(in, id, seen.Live)
	case seen.Live.Deleting():
		s.Op, s.Reason = Keep, "is being deleted; it is created again once its finalizers have let it go"
	case !known && owner(seen.Live) != in.Desired.Environment:
		s.Op, s.Adopt, s.Reason = Update, true, adoption(seen.Live)
		s.Changes = object.Subset(payload.Object, seen.Live)
	default:
		s.compare(seen, entry)
	}
	return s
}

func owner(live object.Object) string { return live.Annotation(object.Environment) }

func adoption(live object.Object) string {
	if was := owner(live); was != "" {
		return fmt.Sprintf("taken over from environment %s, which no longer has it", was)
	}
	return "exists already, and comes under this environment"
}

// compare settles an object that is this environment's and exists.
func (s *Step) compare(seen Seen, entry Entry) {
	b := seen.Baseline
	owned := seen.Live.Owned(object.Manager)
	switch {
	case b != nil && b.Hash == s.Payload.Hash && seen.Settled:
		s.Op, s.Reason = Keep, s.unchanged()
	case s.holds(owned) != "":
		s.Op, s.Reason = Update, s.holds(owned)
	case s.rolledForward(seen.Live) != "":
		s.Op, s.Reason, s.Changes = Update, s.rolledForward(seen.Live), object.Subset(s.Payload.Object, seen.Live)
	case b != nil && b.Hash == s.Payload.Hash:
		s.drifted(seen, object.Subset(s.Payload.Object, seen.Live))
	case seen.DryRun != nil:
		s.foreseen(seen, entry)
	case b == nil && entry.Hash == s.Payload.Hash && len(object.Subset(s.Payload.Object, seen.Live)) == 0:
		s.Op, s.Reason = Keep, s.unchanged()
	default:
		s.Op, s.Changes = Update, object.Subset(s.Payload.Object, seen.Live)
		s.Reason = fields(s.Changes, "changed in Git")
	}
}

// unchanged is why nothing is done.
func (s *Step) unchanged() string {
	if s.kept {
		return "unchanged; the fleet went back from the template that Git has: its first agents never came up"
	}
	return "unchanged"
}

// foreseen settles an object for which the server was asked what an apply would do.
func (s *Step) foreseen(seen Seen, entry Entry) {
	changes := object.Diff(seen.Live, seen.DryRun)
	switch {
	case len(changes) == 0:
		s.Op, s.Reason = Keep, s.unchanged()
	case entry.Hash == s.Payload.Hash:
		s.drifted(seen, changes)
	default:
		s.Op, s.Changes, s.Reason = Update, changes, fields(changes, "changed in Git")
	}
}

func (s *Step) drifted(seen Seen, changes []object.Change) {
	s.Op, s.Drift, s.Changes = Update, true, changes
	s.By = seen.Live.Managers()
	s.Reason = fields(changes, "edited in the cluster")
	if len(s.By) > 0 {
		s.Reason += " by " + strings.Join(s.By, ", ")
	}
}

// holds names a field that majordomo must not own and does: it is given up before the next apply, which would reset it otherwise.
func (s *Step) holds(owned object.Fields) string {
	for _, f := range s.Payload.Released {
		if owned.Owns(f) {
			return fmt.Sprintf("field %s is handed over with its value", f)
		}
	}
	return ""
}

// Uncertain tells whether only the server can say if an apply would change the object: this process has not applied it, the
// inventory says that it was applied as it is wanted now, and yet it looks different (a default, another way to write a quantity, or drift).
func Uncertain(p Payload, seen Seen, entry Entry) bool {
	return seen.Live != nil && seen.Baseline == nil && entry.Hash == p.Hash && len(object.Subset(p.Object, seen.Live)) > 0
}

func fields(changes []object.Change, what string) string {
	const most = 3
	switch len(changes) {
	case 0:
		return what
	case 1:
		return fmt.Sprintf("field %s %s", changes[0].Path, what)
	}
	paths := make([]string, 0, most+1)
	for i, c := range changes {
		if i == most {
			paths = append(paths, fmt.Sprintf("%d more", len(changes)-most))
			break
		}
		paths = append(paths, c.Path)
	}
	return fmt.Sprintf("fields %s %s", strings.Join(paths, ", "), what)
}

// foreign says who else the object belongs to, "" if it may be applied.
func foreign(in Input, id object.ID, live object.Object) string {
	was := owner(live)
	if was == in.Desired.Environment {
		return ""
	}
	claimed := in.Claims[id]
	switch {
	case was == "" && claimed != "" && claimed < in.Desired.Environment:
		return fmt.Sprintf("environment %s has it too, and comes first by name; only one may", claimed)
	case was == "":
		return otherTool(in, id, live)
	case !slices.Contains(in.Siblings, was):
		return fmt.Sprintf("owned by environment %s, which this fleet does not have; remove its annotation %s to hand it over", was, object.Environment)
	case in.ClaimsUnknown != "":
		return fmt.Sprintf("owned by environment %s, and whether that still has it is unknown: %s", was, in.ClaimsUnknown)
	case claimed == was:
		return fmt.Sprintf("owned by environment %s, which has it too; only one may", was)
	}
	return ""
}

// tools are the marks by which other programs know what is theirs.
var tools = []struct{ field, key, tool string }{
	{"labels", "kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"},
	{"labels", "helm.toolkit.fluxcd.io/name", "Flux HelmRelease"},
	{"annotations", "argocd.argoproj.io/tracking-id", "Argo CD application"},
	{"labels", "argocd.argoproj.io/instance", "Argo CD application"},
	{"annotations", "meta.helm.sh/release-name", "Helm release"},
	{"labels", "kapp.k14s.io/app", "kapp application"},
}

// otherTool names the program that manages the object, unless it is in the inventory already or Git itself states the mark.
func otherTool(in Input, id object.ID, live object.Object) string {
	if _, known := in.Inventory[id]; known {
		return ""
	}
	for _, t := range tools {
		name, found := live.Get(object.Pointer{"metadata", t.field, t.key})
		_, stated := in.Desired.Objects[id].Object.Get(object.Pointer{"metadata", t.field, t.key})
		if found && !stated {
			return fmt.Sprintf("managed by %s %v; remove it there and take away its %s %s", t.tool, name, strings.TrimSuffix(t.field, "s"), t.key)
		}
	}
	return ""
}
