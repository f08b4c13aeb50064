package pool

import "time"

// Status is what an AgentPool tells: the numbers of kubectl get, the conditions, and all that majordomo explain prints.
type Status struct {
	ObservedGeneration int64       `json:"observedGeneration,omitempty"` // of the spec that was obeyed
	Replicas           int         `json:"replicas"`                     // pods that there are, for the scale subresource
	Selector           string      `json:"selector,omitempty"`           // of the pods, for the scale subresource
	Queued             int         `json:"queued"`                       // builds that wait for an agent of this pool
	OldestQueued       *time.Time  `json:"oldestQueued,omitempty"`       // since when the oldest of them waits
	Busy               int         `json:"busy"`                         // agents with a build, not draining
	Idle               int         `json:"idle"`                         // agents that could take one
	Starting           int         `json:"starting"`                     // pods that have not registered yet
	Draining           int         `json:"draining"`                     // agents that go once they are idle
	Offline            int         `json:"offline"`                      // agents that Jenkins or a person took offline, and failed ones
	Desired            int         `json:"desired"`                      // agents that the decision wants, draining ones not counted
	Min                int         `json:"min"`                          // floor in force now: spec, schedules and manual floor
	Max                int         `json:"max"`                          // spec.max
	Reason             string      `json:"reason,omitempty"`             // of the decision, one sentence
	Conditions         []Condition `json:"conditions,omitempty"`         // Ready, ScalingActive, JenkinsReachable and ScalingLimited
	Decision           *Decision   `json:"decision,omitempty"`           // how the number of agents came about
	Rollout            *Progress   `json:"rollout,omitempty"`            // how far a changed template is
	Agents             []Agent     `json:"agents,omitempty"`             // at most 500
	AgentsOmitted      int         `json:"agentsOmitted,omitempty"`      // agents that are not listed
	Unmatched          []Unmatched `json:"unmatched,omitempty"`          // labels in the queue of the Jenkins that no pool serves, at most 20
	History            []Change    `json:"history,omitempty"`            // decisions that changed the number of agents, newest first, at most 30
	Jenkins            Master      `json:"jenkins,omitzero"`             // the Jenkins as it was last known
}

// What a status holds at most.
const (
	MaxAgents    = 500
	MaxUnmatched = 20
	MaxHistory   = 30
)

// Master is the Jenkins as it was last known.
type Master struct {
	Version  string     `json:"version,omitempty"`  // of Jenkins
	User     string     `json:"user,omitempty"`     // account that it answers to
	LastRead *time.Time `json:"lastRead,omitempty"` // when it last gave a complete answer
	Error    string     `json:"error,omitempty"`    // what is wrong, absent while it answers
}

// Decision is how the number of agents came about.
type Decision struct {
	At         time.Time  `json:"at"`                   // when it was made
	From       int        `json:"from"`                 // agents before, draining ones not counted
	To         int        `json:"to"`                   // agents that it wants
	Term       string     `json:"term"`                 // term or limit that set it
	Reason     string     `json:"reason"`               // the term in a sentence
	Terms      []Term     `json:"terms,omitempty"`      // of which the largest counts
	Limits     []Limit    `json:"limits,omitempty"`     // in the order in which they bound it
	Gates      []Gate     `json:"gates,omitempty"`      // conditions for scaling down: all have to be open
	Next       *time.Time `json:"next,omitempty"`       // when it changes by itself
	NextReason string     `json:"nextReason,omitempty"` // what changes then
	Blocked    int        `json:"blocked,omitempty"`    // builds that wait for something else than an agent
	Elsewhere  int        `json:"elsewhere,omitempty"`  // builds for other pools or labels
	Spec       string     `json:"spec,omitempty"`       // what the computation rests on, such as "priority balanced (10), start-up 54 s"
}

// Term is one term of the computation.
type Term struct {
	Name   string `json:"name"`             // such as demand, spare or min
	Agents int    `json:"agents"`           // that it asks for
	Reason string `json:"reason,omitempty"` // why
}

// Limit is a bound: whether it cut, and to what.
type Limit struct {
	Name   string `json:"name"`             // min, max, step, quota or blocked
	Value  int    `json:"value"`            // agents
	Cut    bool   `json:"cut,omitempty"`    // whether it changed the number
	Reason string `json:"reason,omitempty"` // what sets it
}

// Gate is a condition for scaling down.
type Gate struct {
	Name   string `json:"name"`             // such as fresh or calm
	Open   bool   `json:"open"`             // whether agents may go, as far as it is concerned
	Reason string `json:"reason,omitempty"` // why
}

// Progress is how far a rollout is.
type Progress struct {
	Template string    `json:"template"`         // its hash
	Phase    string    `json:"phase"`            // Canary, Progressing, Complete, RolledBack, Blocked
	Updated  int       `json:"updated"`          // agents of the template
	Total    int       `json:"total"`            // agents in all
	Since    time.Time `json:"since,omitzero"`   // when the phase began
	Reason   string    `json:"reason,omitempty"` // of the phase
}

// Agent is one agent of a pool.
type Agent struct {
	Name   string    `json:"name"`             // of the pod
	Node   string    `json:"node,omitempty"`   // its name in Jenkins, where that is another
	State  string    `json:"state"`            // idle, busy, starting, draining or offline
	Since  time.Time `json:"since,omitzero"`   // when it came into this state
	Build  string    `json:"build,omitempty"`  // URL of one that runs
	Reason string    `json:"reason,omitempty"` // why it is so, and what it waits for
}

// Unmatched is a label that no pool serves.
type Unmatched struct {
	Label string `json:"label"`         // expression
	Items int    `json:"items"`         // builds that ask for it
	Why   string `json:"why,omitempty"` // they wait, in Jenkins's words
}

// Change is one decision that changed the number of agents.
type Change struct {
	At     time.Time `json:"at"`     // when
	From   int       `json:"from"`   // agents before
	To     int       `json:"to"`     // agents wanted
	Reason string    `json:"reason"` // why, in a sentence
}

// Condition is a condition of the kind that Kubernetes has.
type Condition struct {
	Type               string    `json:"type"`                         // what it is about
	Status             string    `json:"status"`                       // True, False or Unknown
	ObservedGeneration int64     `json:"observedGeneration,omitempty"` // of the spec that it is about
	LastTransitionTime time.Time `json:"lastTransitionTime"`           // when the status last changed
	Reason             string    `json:"reason"`                       // in one word
	Message            string    `json:"message"`                      // in a sentence
}

// The conditions.
const (
	JenkinsReachable = "JenkinsReachable"
	ScalingActive    = "ScalingActive"  // decisions are made and carried out
	ScalingLimited   = "ScalingLimited" // more, or fewer, agents would be wanted than limits allow
	Ready            = "Ready"
)
