package status

import (
	"fmt"

	"majordomo.dev/reconciler/object"
)

// State is how far an object has come on the way to what its spec says. The words are kstatus's.
type State string

// The states.
const (
	Current     State = "Current"     // as its spec says
	InProgress  State = "InProgress"  // on the way
	Failed      State = "Failed"      // will not get there by itself
	Terminating State = "Terminating" // being deleted
)

// verdict is a state with its reason.
type verdict struct {
	state   State
	message string
}

func current(message string) verdict { return verdict{Current, message} }
func progress(format string, args ...any) verdict {
	return verdict{InProgress, fmt.Sprintf(format, args...)}
}

func hopeless(format string, args ...any) verdict {
	return verdict{Failed, fmt.Sprintf(format, args...)}
}
func (v verdict) cleaned() (State, string) { return v.state, Clean(v.message, maxText) }
func of(have, want int64, what string) string {
	return fmt.Sprintf("%d of %d replicas %s", have, want, what)
}

// rules are the kinds whose health is not told by their generation and conditions alone. A group other than the one
// named here makes a different kind.
func rule(id object.ID) func(object.Object) verdict {
	switch (object.ID{Group: id.Group, Kind: id.Kind}) {
	case object.ID{Group: "apps", Kind: "Deployment"}:
		return deployment
	case object.ID{Group: "apps", Kind: "ReplicaSet"}:
		return replicaSet
	case object.ID{Group: "apps", Kind: "StatefulSet"}:
		return statefulSet
	case object.ID{Group: "apps", Kind: "DaemonSet"}:
		return daemonSet
	case object.ID{Kind: "ReplicationController"}:
		return replicaSet // kstatus has no rule for it
	case object.ID{Kind: "Pod"}:
		return pod
	case object.ID{Kind: "Service"}:
		return service
	case object.ID{Kind: "PersistentVolumeClaim"}:
		return claim
	case object.ID{Kind: "PersistentVolume"}:
		return volume
	case object.ID{Kind: "Namespace"}:
		return namespace
	case object.ID{Group: "batch", Kind: "Job"}:
		return job
	case object.ID{Group: "policy", Kind: "PodDisruptionBudget"}:
		return budget
	case object.ID{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:
		return definition
	}
	return custom
}

// Health says whether an object is what its spec says, from the object alone, by the rules of kstatus: what is being deleted or not
// yet seen by its controller comes first, then the conditions Reconciling and Stalled, then the kind's own rule.
func Health(o object.Object) (State, string) {
	if o.Deleting() {
		return verdict{Terminating, "is being deleted"}.cleaned()
	}
	if v, done := observed(o); done {
		return v.cleaned()
	}
	for _, c := range conditionsOf(o) {
		switch {
		case c.kind == Reconciling && c.status == True:
			return progress("%s", c.text()).cleaned()
		case c.kind == Stalled && c.status == True:
			return hopeless("%s", c.text()).cleaned()
		}
	}
	return rule(o.ID())(o).cleaned()
}

// observed settles objects whose controller has not yet seen their present spec.
func observed(o object.Object) (verdict, bool) {
	generation, hasGeneration := number(o, "metadata", "generation")
	seen, hasSeen := number(o, "status", "observedGeneration")
	if hasGeneration && hasSeen && generation != seen {
		return progress("its controller has seen generation %d of %d", seen, generation), true
	}
	return verdict{}, false
}

// unseen settles objects of kinds whose controller always says which generation it has seen.
func unseen(o object.Object) bool {
	_, hasGeneration := number(o, "metadata", "generation")
	_, hasSeen := number(o, "status", "observedGeneration")
	return hasGeneration && !hasSeen
}

// custom is for all kinds without a rule of their own: a condition Ready is believed, and an object without one is what it says.
func custom(o object.Object) verdict {
	for _, c := range conditionsOf(o) {
		if c.kind == Ready && c.status != True {
			return progress("%s", c.text())
		}
	}
	return current("exists")
}

// said is one condition of an object.
type said struct{ kind, status, reason, message string }

func (s said) text() string {
	if s.message != "" {
		return s.message
	}
	return s.kind + " is " + s.status + ": " + s.reason
}

func conditionsOf(o object.Object) []said {
	list, _ := field(o, "status", "conditions").([]any)
	out := make([]said, 0, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		s := said{kind: str(m["type"]), status: str(m["status"]), reason: str(m["reason"]), message: str(m["message"])}
		out = append(out, s)
	}
	return out
}

// has returns the condition of this type and status.
func has(o object.Object, kind, status string) (said, bool) {
	for _, c := range conditionsOf(o) {
		if c.kind == kind && c.status == status {
			return c, true
		}
	}
	return said{}, false
}

func field(o object.Object, path ...string) any {
	v, _ := o.Get(path)
	return v
}

func text(o object.Object, path ...string) string { return str(field(o, path...)) }

func str(v any) string { s, _ := v.(string); return s }

// number returns an integer field and whether it is there. JSON that went through other hands may have it as a float.
func number(o object.Object, path ...string) (int64, bool) {
	switch n := field(o, path...).(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	case int:
		return int64(n), true
	}
	return 0, false
}

// count is a number that counts as 0 where it is absent.
func count(o object.Object, path ...string) int64 {
	n, _ := number(o, path...)
	return n
}

// replicas is how many pods the spec asks for: 1 if it says nothing, as the server fills in.
func replicas(o object.Object) int64 {
	if n, ok := number(o, "spec", "replicas"); ok {
		return n
	}
	return 1
}
