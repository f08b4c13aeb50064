package window

import "time"

// Pool is one pool of agents. Its texts are those of majordomo explain.
type Pool struct {
	Environment string   `json:"environment"`
	Namespace   string   `json:"namespace"`
	Name        string   `json:"name"`
	Target      string   `json:"target"`  // KIND/NAME of what is scaled
	Jenkins     string   `json:"jenkins"` // URL
	Labels      []string `json:"labels"`
	Executors   int      `json:"executors"` // of each agent
	Priority    string   `json:"priority,omitempty"`

	State  string `json:"state"`            // Ready, Limited, Waiting, Suspended, Draining or Stalled: the one word
	Reason string `json:"reason,omitempty"` // why, in a sentence

	Queued   int        `json:"queued"`
	Oldest   *time.Time `json:"oldestQueued,omitempty"` // since when the oldest waits
	Busy     int        `json:"busy"`
	Idle     int        `json:"idle"`
	Starting int        `json:"starting"`
	Draining int        `json:"draining"`
	Offline  int        `json:"offline"`
	Desired  int        `json:"desired"`
	Min      int        `json:"min"` // in force now
	Max      int        `json:"max"`
	Replicas int        `json:"replicas"`

	Floor     *Floor      `json:"floor,omitempty"` // by hand
	Decision  *Decision   `json:"decision,omitempty"`
	NotDown   string      `json:"notScaledDown,omitempty"` // why not, as explain says
	NotUp     string      `json:"notScaledUp,omitempty"`
	History   []Change    `json:"history,omitempty"` // newest first
	Rollout   *Rollout    `json:"rollout,omitempty"`
	Agents    []Agent     `json:"agents,omitempty"`
	Omitted   int         `json:"agentsOmitted,omitempty"` // that are not listed
	Unmatched []Unmatched `json:"unmatched,omitempty"`
	Startups  *Durations  `json:"startups,omitempty"` // of agents, from the pod to the registration
	Waits     *Durations  `json:"waits,omitempty"`    // of builds for an agent, to within the time between two looks
	Checks    []Check     `json:"conditions,omitempty"`
}

// Floor is the number of agents that a person has asked for, for a while.
type Floor struct {
	Agents int        `json:"agents"`
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// Decision is how the number of agents came about.
type Decision struct {
	At     time.Time  `json:"at"`
	From   int        `json:"from"`
	To     int        `json:"to"`
	Term   string     `json:"term"` // that set it
	Reason string     `json:"reason"`
	Terms  []Term     `json:"terms,omitempty"`
	Limits []Limit    `json:"limits,omitempty"`
	Gates  []Gate     `json:"gates,omitempty"` // of scaling down
	Next   *time.Time `json:"next,omitempty"`  // when it changes by itself
	Why    string     `json:"nextReason,omitempty"`
	Rests  string     `json:"spec,omitempty"` // priority and start-up that it rests on
}

// Term is one term of the computation: how many agents it asks for, and why.
type Term struct {
	Name   string `json:"name"`
	Agents int    `json:"agents"`
	Reason string `json:"reason,omitempty"`
}

// Limit is a bound, and whether it cut.
type Limit struct {
	Name   string `json:"name"`
	Value  int    `json:"value"`
	Cut    bool   `json:"cut,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Gate is a condition of scaling down.
type Gate struct {
	Name   string `json:"name"`
	Open   bool   `json:"open"`
	Reason string `json:"reason,omitempty"`
}

// Change is a decision that changed the number of agents.
type Change struct {
	At     time.Time `json:"at"`
	From   int       `json:"from"`
	To     int       `json:"to"`
	Reason string    `json:"reason"`
}

// Rollout is how far a changed template is.
type Rollout struct {
	Phase   string    `json:"phase"` // Canary, Progressing, Complete, RolledBack, Blocked
	Updated int       `json:"updated"`
	Total   int       `json:"total"`
	Since   time.Time `json:"since,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

// Agent is one agent. Name and build come from Jenkins: never trusted, always escaped.
type Agent struct {
	Name   string    `json:"name"`           // of the pod
	Node   string    `json:"node,omitempty"` // of Jenkins, where it is another
	State  string    `json:"state"`
	Since  time.Time `json:"since,omitzero"`
	Build  string    `json:"build,omitempty"` // URL, http or https only
	Reason string    `json:"reason,omitempty"`
}

// Unmatched is a label that no pool serves.
type Unmatched struct {
	Label string `json:"label"`
	Items int    `json:"items"`
	Why   string `json:"why,omitempty"` // Jenkins's words
}

// Durations is how long something took, each time since the start of the process, as a histogram.
type Durations struct {
	Count  uint64    `json:"count"`
	Mean   float64   `json:"mean"`   // seconds
	P50    float64   `json:"p50"`    // seconds that half of them took at most, as far as the bounds tell
	P95    float64   `json:"p95"`    // seconds that 95 % took at most
	Bounds []float64 `json:"bounds"` // upper, in seconds; the last bucket has none
	Counts []uint64  `json:"counts"` // by bucket, one more than bounds
}

// Check is a condition of a pool, in the form that all of Kubernetes uses.
type Check struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"lastTransitionTime"`
}

// States of a pool beside Ready, Stalled and Suspended.
const (
	Limited  = "Limited"  // more agents would be wanted than limits allow
	Waiting  = "Waiting"  // Jenkins is not known well enough to act on
	Draining = "Draining" // the whole pool goes
)

// Master is one Jenkins.
type Master struct {
	Environment string    `json:"environment"`
	Namespace   string    `json:"namespace"`
	URL         string    `json:"url"`
	Up          bool      `json:"up"`
	Reason      string    `json:"reason,omitempty"` // why it is not
	Version     string    `json:"version,omitempty"`
	LastRead    time.Time `json:"lastRead,omitzero"`
}

// Key names a pool in addresses and series: ENVIRONMENT/NAMESPACE/NAME.
func (p Pool) Key() string { return p.Environment + "/" + p.Namespace + "/" + p.Name }
