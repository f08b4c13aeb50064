package pool

import "time"

// Status is what an AgentPool tells: the numbers of kubectl get, the conditions, and all that majordomo explain prints.
type Status struct {
	ObservedGeneration int64       `json:"observedGeneration,omitempty"`
	Replicas           int         `json:"replicas"`           // pods that there are, for the scale subresource
	Selector           string      `json:"selector,omitempty"` // of the pods, for the scale subresource
	Queued             int         `json:"queued"`             // builds that wait for an agent of this pool
	OldestQueued       *time.Time  `json:"oldestQueued,omitempty"`
	Busy               int         `json:"busy"`     // agents with a build, not draining
	Idle               int         `json:"idle"`     // agents that could take one
	Starting           int         `json:"starting"` // pods that have not registered yet
	Draining           int         `json:"draining"` // agents that go once they are idle
	Offline            int         `json:"offline"`  // agents that Jenkins or a person took offline, and failed ones
	Desired            int         `json:"desired"`  // agents that the decision wants, draining ones not counted
	Min                int         `json:"min"`      // in force now: spec, schedules and manual floor
	Max                int         `json:"max"`
	Reason             string      `json:"reason,omitempty"` // of the decision, one sentence
	Conditions         []Condition `json:"conditions,omitempty"`
	Decision           *Decision   `json:"decision,omitempty"`
	Rollout            *Progress   `json:"rollout,omitempty"`
	Agents             []Agent     `json:"agents,omitempty"`        // at most MaxAgents
	AgentsOmitted      int         `json:"agentsOmitted,omitempty"` // that are not listed
	Unmatched          []Unmatched `json:"unmatched,omitempty"`     // of the Jenkins, at most MaxUnmatched
	History            []Change    `json:"history,omitempty"`       // newest first, at most MaxHistory
	Jenkins            Master      `json:"jenkins,omitzero"`
}

// What a status holds at most.
const (
	MaxAgents    = 500
	MaxUnmatched = 20
	MaxHistory   = 30
)

// Master is the Jenkins as it was last known.
type Master struct {
	Version  string     `json:"version,omitempty"`
	User     string     `json:"user,omitempty"`
	LastRead *time.Time `json:"lastRead,omitempty"` // complete answer
	Error    string     `json:"error,omitempty"`    // "" while it answers
}

// Decision is how the number of agents came about.
type Decision struct {
	At         time.Time  `json:"at"`
	From       int        `json:"from"` // agents before, draining ones not counted
	To         int        `json:"to"`
	Term       string     `json:"term"` // that set it
	Reason     string     `json:"reason"`
	Terms      []Term     `json:"terms,omitempty"`
	Limits     []Limit    `json:"limits,omitempty"`
	Gates      []Gate     `json:"gates,omitempty"` // of scaling down
	Next       *time.Time `json:"next,omitempty"`  // when it changes by itself
	NextReason string     `json:"nextReason,omitempty"`
	Blocked    int        `json:"blocked,omitempty"`   // items that wait for something else than an agent
	Elsewhere  int        `json:"elsewhere,omitempty"` // items for other pools or labels
	Spec       string     `json:"spec,omitempty"`      // "priority balanced (10), start-up 54 s"
}

// Term is one term of the computation.
type Term struct {
	Name   string `json:"name"`
	Agents int    `json:"agents"`
	Reason string `json:"reason,omitempty"`
}

// Limit is a bound: whether it cut, and to what.
type Limit struct {
	Name   string `json:"name"` // min, max, step, quota
	Value  int    `json:"value"`
	Cut    bool   `json:"cut,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Gate is a condition for scaling down.
type Gate struct {
	Name   string `json:"name"`
	Open   bool   `json:"open"`
	Reason string `json:"reason,omitempty"`
}

// Progress is how far a rollout is.
type Progress struct {
	Template string    `json:"template"` // hash
	Phase    string    `json:"phase"`    // Canary, Progressing, Complete, RolledBack, Blocked
	Updated  int       `json:"updated"`  // agents of the template
	Total    int       `json:"total"`
	Since    time.Time `json:"since,omitzero"`
	Reason   string    `json:"reason,omitempty"`
}

// Agent is one agent of a pool.
type Agent struct {
	Name   string    `json:"name"`           // of the pod
	Node   string    `json:"node,omitempty"` // of Jenkins, where it is another
	State  string    `json:"state"`
	Since  time.Time `json:"since,omitzero"`  // in this state
	Build  string    `json:"build,omitempty"` // URL of one that runs
	Reason string    `json:"reason,omitempty"`
}

// Unmatched is a label that no pool serves.
type Unmatched struct {
	Label string `json:"label"`
	Items int    `json:"items"`
	Why   string `json:"why,omitempty"` // Jenkins's words
}

// Change is one decision that changed the number of agents.
type Change struct {
	At     time.Time `json:"at"`
	From   int       `json:"from"`
	To     int       `json:"to"`
	Reason string    `json:"reason"`
}

// Condition is a condition of the kind that Kubernetes has.
type Condition struct {
	Type               string    `json:"type"`
	Status             string    `json:"status"` // True, False, Unknown
	ObservedGeneration int64     `json:"observedGeneration,omitempty"`
	LastTransitionTime time.Time `json:"lastTransitionTime"`
	Reason             string    `json:"reason"`
	Message            string    `json:"message"`
}

// The conditions.
const (
	JenkinsReachable = "JenkinsReachable"
	ScalingActive    = "ScalingActive"  // decisions are made and carried out
	ScalingLimited   = "ScalingLimited" // more, or fewer, agents would be wanted than limits allow
	Ready            = "Ready"
)
