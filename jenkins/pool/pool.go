// Package pool is the AgentPool: what a user asks for, and what its status tells.
package pool

import "time"

// Names in the cluster.
const (
	Group    = "majordomo.dev"
	Version  = "v1alpha1"
	Kind     = "AgentPool"
	Resource = "agentpools"
	// Manager is the field manager of the fleet: it owns spec.replicas of the targets, through the scale subresource.
	Manager = "majordomo-fleet"
)

// Annotations.
const (
	// Template is on the template of a pool's pods: a hash of the template, by which an agent made from an older one is known.
	Template = "majordomo.dev/template"
	// RolledBack is on a scale target: the hash of the template that failed its canary. The environment leaves spec.template alone as
	// long as Git wants that very template.
	RolledBack = "majordomo.dev/rolled-back"
	// Drain is on a pod that has to go: the reason. It outlives Majordomo, Jenkins and the agent's connection.
	Drain = "majordomo.dev/drain"
	// ScaleUntil is on an AgentPool with spec.replicas: when that manual floor ends, RFC 3339.
	ScaleUntil = "majordomo.dev/scale-until"
	// ScaleReason is on an AgentPool with spec.replicas: why, by whom.
	ScaleReason = "majordomo.dev/scale-reason"
	// Suspend is on an AgentPool that is left alone: the reason.
	Suspend = "majordomo.dev/suspend"
	// DrainPool is on an AgentPool that is drained altogether: the reason. Its agents go once idle, and none start.
	DrainPool = "majordomo.dev/drain"
	// DeletionCost is Kubernetes's own: the pod with the lowest goes first.
	DeletionCost = "controller.kubernetes.io/pod-deletion-cost"
	// Label is on the pods of an agent: the pool's name.
	Label = "majordomo.dev/pool"
)

// Pool is one AgentPool as it is in the cluster.
type Pool struct {
	Namespace   string
	Name        string
	UID         string
	Generation  int64
	Version     string // resourceVersion
	Deleting    bool
	Annotations map[string]string
	Spec        Spec
	Status      Status // as it was last written
}

// Spec is what a user asks for.
type Spec struct {
	Target    Target     `json:"scaleTargetRef"`
	Jenkins   Jenkins    `json:"jenkins"`
	Labels    []string   `json:"labels"`
	Mode      string     `json:"mode,omitempty"`      // Normal or Exclusive
	Executors int        `json:"executors,omitempty"` // per agent; 1 if absent
	Min       int        `json:"min,omitempty"`
	Max       int        `json:"max"`
	MaxStep   int        `json:"maxStep,omitempty"`  // agents started by one decision at most; 0 means no limit
	Priority  Priority   `json:"priority,omitempty"` // 10 if absent
	Schedules []Schedule `json:"schedules,omitempty"`
	Recycle   *Recycle   `json:"recycle,omitempty"`
	Rollout   Rollout    `json:"rollout,omitzero"`
	Replicas  *int       `json:"replicas,omitempty"` // manual floor, set by kubectl scale or majordomo scale
	// StartupTimeout is after how long an agent that has not registered counts as failed; 10 min if absent.
	StartupTimeout Duration `json:"startupTimeout,omitempty"`
}

// Modes of an agent, as Jenkins has them.
const (
	Normal    = "normal"    // takes builds without a label, too
	Exclusive = "exclusive" // takes only builds whose label it has
)

// Target is the controller of a pool's pods, in the pool's namespace.
type Target struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // ReplicaSet, ReplicationController, Deployment or StatefulSet
	Name       string `json:"name"`
}

// Jenkins is the master that a pool serves.
type Jenkins struct {
	URL         string    `json:"url"`
	Credentials Reference `json:"credentials"`
	CA          Reference `json:"ca,omitzero"` // Secret with ca.crt, for an https URL with a certificate of one's own
}

// Reference names a Secret in the pool's namespace. Credentials have the keys username and token, or username and password.
type Reference struct {
	Name string `json:"name,omitempty"`
}

// Schedule is a time at which more agents are kept than Min.
type Schedule struct {
	Cron     string   `json:"cron"` // when it begins: five fields
	Timezone string   `json:"timezone,omitempty"`
	Duration Duration `json:"duration"`
	Min      int      `json:"min"`
}

// Recycle is when an agent is replaced by a fresh one.
type Recycle struct {
	Builds int      `json:"builds,omitempty"` // 0 means never by count
	Age    Duration `json:"age,omitempty"`    // 0 means never by age
}

// Rollout is how a changed template reaches the agents.
type Rollout struct {
	MaxUnavailable int      `json:"maxUnavailable,omitempty"` // agents replaced at a time; 1 if absent
	UpdatePeriod   Duration `json:"updatePeriod,omitempty"`   // between two steps; 10 s if absent
	Canary         int      `json:"canary,omitempty"`         // new agents that have to finish a build each before the others follow
}

// Priority is what a second of one build's waiting is worth, in idle agent-seconds. In YAML it is cost (3), balanced (10), speed (50) or a number.
type Priority float64

// Duration is a time.Duration that JSON writes as text such as 1h30m.
type Duration time.Duration
