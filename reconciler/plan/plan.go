// Package plan decides what has to be done to one environment: what Git wants, what the cluster has and what the inventory remembers
// go in, steps with their reasons come out. It reads no clock, cluster or file.
package plan

import (
	"slices"

	"majordomo.dev/reconciler/object"
)

// Op is what a step does to its object.
type Op string

// The operations.
const (
	Create Op = "create"
	Update Op = "update"
	Keep   Op = "keep"
	Prune  Op = "prune"
	Refuse Op = "refuse"
)

// Step is one thing to do, or not to do, and why. Log, CLI, status and Event all show its Reason.
type Step struct {
	ID      object.ID
	Op      Op
	Reason  string          // one sentence without secrets: "field .spec.ports[name=http].port differs"
	Changes []object.Change // the differing fields of an update, masked
	Drift   bool            // the cluster changed, not Git
	Adopt   bool            // the object exists and is new to this environment
	Passing bool            // what refuses or keeps it may pass by itself: the cluster could not be read, a right or a kind is missing
	Left    bool            // Git no longer has it
	By      []string        // with Drift: the field managers that changed it, as far as the object tells

	Payload Payload // what create and update send; zero for prune
	Version string  // API version under which a prune finds the object
	UID     string  // of the live object: what prune and recreate are conditional on

	kept bool // the fleet went back from the template that Git wants
}

// Entry is one object in the inventory: majordomo applied it, and may delete it.
type Entry struct {
	ID      object.ID
	Version string // API version that it was applied in
	UID     string // "" until the first apply was confirmed
	Hash    string // of the payload last applied, "" until confirmed
}

// Inventory is what an environment has applied and not yet seen deleted.
type Inventory map[object.ID]Entry

// Baseline is what the last apply of this process left in the cluster. It proves, without asking the server, that nothing changed since.
type Baseline struct {
	Hash        string // of the payload sent
	Fingerprint string // of the fields that majordomo owned then, and their values
}

// Seen is one object as the cluster has it.
type Seen struct {
	Live     object.Object // nil: it does not exist
	Baseline *Baseline     // nil: not applied by this process
	Settled  bool          // the object is as the baseline has it
	DryRun   object.Object // what an apply would make of it; nil: not asked
	Problem  string        // why nothing is known: "forbidden ...", "no such kind"; the other fields are then empty
}

// World is what is known of a cluster at one moment.
type World struct {
	Objects map[object.ID]Seen
	// Incomplete says why the cluster could not be read as a whole (discovery failed, a list was denied). Nothing is pruned then.
	Incomplete string
}

// Gate limits what one sync may prune without a person's approval.
type Gate struct {
	MaxObjects int // this many are always allowed
	MaxPercent int // of the inventory, if that is more
}

// Input is all that a plan depends on.
type Input struct {
	Desired   Desired
	Commit    string
	World     World
	Inventory Inventory
	Gate      Gate
	// Claims names, for objects that another environment of the same cluster wants at this commit, that environment.
	Claims map[object.ID]string
	// Siblings are the other environments of the fleet on the same cluster.
	Siblings []string
	// ClaimsUnknown says why the other environments' wishes are not known. Nothing is pruned then.
	ClaimsUnknown string
	Approved      string // hash of the prune that a person approved
	Namespace     string // majordomo's own, never pruned from
}

// Hold is a prune that waits for approval.
type Hold struct {
	Hash   string // what `majordomo approve` confirms: it changes with the set of objects
	Reason string
	IDs    []object.ID
}

// Plan is what to do to one environment, in order of application; prunes come last, in reverse order.
type Plan struct {
	Environment string
	Commit      string
	Steps       []Step
	Hold        *Hold
	// Forget lists inventory entries that are gone, or are somebody else's now.
	Forget []object.ID
}

// Result is what became of one step.
type Result struct {
	Step Step
	Live object.Object // as the server returned it; nil after a prune or an error
	Err  error
	Took string // "unchanged" where the server found nothing to write, "applied", "recreated", "deleted", "deleting"
}

// Count returns the number of steps with this operation.
func (p Plan) Count(op Op) int {
	n := 0
	for _, s := range p.Steps {
		if s.Op == op {
			n++
		}
	}
	return n
}

// Changes tells whether the plan writes anything.
func (p Plan) Changes() bool { return p.Count(Create)+p.Count(Update)+p.Count(Prune) > 0 }

// Only returns the steps with one of these operations, in the order of the plan.
func (p Plan) Only(ops ...Op) []Step {
	var out []Step
	for _, s := range p.Steps {
		if slices.Contains(ops, s.Op) {
			out = append(out, s)
		}
	}
	return out
}
