// Package drain plans how the agents of a pool come and go without a build being lost: what is marked, parked, confirmed and removed next.
package drain

import (
	"math"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// Marker begins the offline cause of every node that majordomo parks; the name of the pool and the reason follow.
const Marker = roster.Marker

// Op is what a step does.
type Op string

// The ops. Each is safe by itself and can be done again; the plan for the next moment is computed from what is there then.
const (
	Scale  Op = "scale"  // write Replicas to the target; below the present number only with Agents, each confirmed idle right before
	Mark   Op = "mark"   // annotate the pod: Annotation and Cost, in one write
	Unmark Op = "unmark" // take both away
	Park   Op = "park"   // take the node offline with Marker
	Unpark Op = "unpark" // bring back a node that is parked with Marker
	Delete Op = "delete" // delete the pod by UID, confirmed idle right before where it has a node; its controller makes a new one
	Forget Op = "forget" // delete a node of Jenkins that has no pod
)

// Cause is why an agent has to go.
type Cause string

// The causes, by urgency: of two, the earlier counts.
const (
	Heal     Cause = "heal"    // something is wrong with it
	Manual   Cause = "manual"  // majordomo drain
	Update   Cause = "update"  // it was made from an older template
	Recycled Cause = "recycle" // it is old enough, or has had its builds
	Surplus  Cause = "surplus" // there are more agents than are needed
	Abandon  Cause = "abandon" // the pool goes, or is drained altogether
)

// Wish is an agent that has to go, and why.
type Wish struct {
	Agent  string
	Cause  Cause
	Reason string // one sentence
	// Busy allows to mark it while it has a build: it finishes that one and takes no other. Otherwise it is marked once it is idle.
	Busy bool
	// Dead is an agent that cannot have a build: its pod never ran, or has ended. It goes without being parked.
	Dead bool
}

// The deletion costs of marked pods are below those of all others. One that has a build has a higher one than one without: the latter goes
// first.
const (
	CostIdle    = math.MinInt32
	CostWorking = math.MinInt32 + 1
)

// Step is one act on the cluster or on Jenkins.
type Step struct {
	Op       Op
	Agent    string // pod
	UID      string // of the pod
	Node     string // of Jenkins
	Replicas int
	Agents   []string // that Scale removes, or keeps where somebody has set the replicas too low
	Absent   []string // agents that go though they run and Jenkins does not know them: that was so for long
	Cost     int      // deletion cost that Mark gives
	Cause    Cause
	Reason   string // one sentence
}

// Target is the controller of the pods.
type Target struct {
	Kind     string
	Name     string
	UID      string
	Version  string // resourceVersion
	Replicas int    // spec
	Template string // annotation pool.Template of its template, "" if majordomo does not apply it
	// RolledBack is the annotation pool.RolledBack: the hash of a template that failed.
	RolledBack string
	// Seen is status.replicas: how many pods its controller counts. For a Deployment it is the sum of its ReplicaSets.
	Seen int
	// Settled tells that its controller has acted on its present spec: status.observedGeneration is its generation. For a Deployment that
	// holds for all its ReplicaSets too, and their spec.replicas add up to its own.
	Settled bool
	// Rolls tells that its controller replaces pods by itself when the template changes, busy ones too: every Deployment, and a StatefulSet
	// without the update strategy OnDelete.
	Rolls bool
	// Start is the first ordinal of a StatefulSet.
	Start int
}

// Input is all that a plan knows.
type Input struct {
	Now     time.Time
	Pool    *pool.Pool
	Target  Target
	Agents  []roster.Agent
	Desired int // agents, those that are marked not counted
	Max     int // pods altogether
	Wishes  []Wish
	Stable  time.Time   // since when there have been the same pods, as far as this process saw: roster.Roster.Stable
	Gates   []pool.Gate // all open, or nothing is marked, parked or removed
}

// Plan is what to do now, in order, and what is waited for.
type Plan struct {
	Steps []Step
	// Waits says, per marked agent, what it waits for: the build that it runs, the second look.
	Waits map[string]string
	// Next is when the next plan can do what this one has to wait for, zero if that is not a matter of time.
	Next time.Time
}
