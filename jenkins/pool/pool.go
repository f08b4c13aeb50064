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

// Spec is what a user asks for. The comments of this type and of those that it leads to are its reference, docs/reference/agentpool.md.
type Spec struct {
	// The controller of the agents' pods. Git leaves out its spec.replicas, which is the fleet's.
	Target Target `json:"scaleTargetRef"`
	// The Jenkins whose queue the pool serves.
	Jenkins Jenkins `json:"jenkins"`
	// What the agents offer. Label expressions of builds are evaluated against it.
	Labels []string `json:"labels"`
	// Agents that are normal take builds without a label too, exclusive ones only those whose label they have.
	Mode string `json:"mode,omitempty"`
	// Builds that one agent runs at a time.
	Executors int `json:"executors,omitempty"`
	// Agents that are kept even when nothing is queued.
	Min int `json:"min,omitempty"`
	// More agents than this are never started.
	Max int `json:"max"`
	// Agents that one decision starts, at most. 0 means no limit.
	MaxStep int `json:"maxStep,omitempty"`
	// What a second of one build's waiting is worth in idle agent-seconds: cost (3), balanced (10), speed (50), or a number.
	Priority Priority `json:"priority,omitempty"`
	// Times at which more agents are kept than min.
	Schedules []Schedule `json:"schedules,omitempty"`
	// When an agent is replaced by a fresh one. Without it, never.
	Recycle *Recycle `json:"recycle,omitempty"`
	// How a changed template of the target reaches the agents.
	Rollout Rollout `json:"rollout,omitzero"`
	// A floor that a person has set, by majordomo scale or kubectl scale; 0 is none. Git does not state it.
	Replicas *int `json:"replicas,omitempty"`
	// After how long an agent that has not registered counts as failed.
	StartupTimeout Duration `json:"startupTimeout,omitempty"`
}

// Modes of an agent, as Jenkins has them.
const (
	Normal    = "normal"    // takes builds without a label, too
	Exclusive = "exclusive" // takes only builds whose label it has
)

// Target is the controller of a pool's pods, in the pool's namespace. It must not replace pods on its own, which would kill their builds: a
// StatefulSet has updateStrategy OnDelete, a Deployment is paused.
type Target struct {
	// Of a ReplicationController it is v1, of the others apps/v1.
	APIVersion string `json:"apiVersion"`
	// What it is.
	Kind string `json:"kind"`
	// Its name.
	Name string `json:"name"`
}

// Jenkins is the master that a pool serves.
type Jenkins struct {
	// Where Majordomo reaches it, with the port and path that it has: no user, no query.
	URL string `json:"url"`
	// Secret with the keys username and token, or username and password.
	Credentials Reference `json:"credentials"`
	// Secret with the key ca.crt, for an https URL with a certificate of one's own.
	CA Reference `json:"ca,omitzero"`
}

// Reference names a Secret in the pool's namespace.
type Reference struct {
	// Name of the Secret.
	Name string `json:"name,omitempty"`
}

// Schedule is a time at which more agents are kept than min.
type Schedule struct {
	// When it begins, in the five fields of cron: minute, hour, day of the month, month, day of the week.
	Cron string `json:"cron"`
	// Time zone of cron, by its name in the IANA database, such as Europe/Berlin.
	Timezone string `json:"timezone,omitempty"`
	// How long it lasts.
	Duration Duration `json:"duration"`
	// Agents that are kept meanwhile, within max.
	Min int `json:"min"`
}

// Recycle is when an agent is replaced by a fresh one: after so many builds, or at an age.
type Recycle struct {
	// After so many builds. 1 makes a pod per build.
	Builds int `json:"builds,omitempty"`
	// At this age, once it is idle.
	Age Duration `json:"age,omitempty"`
}

// Rollout is how a changed template reaches the agents: idle ones first, busy ones after their build.
type Rollout struct {
	// Agents that are replaced at a time.
	MaxUnavailable int `json:"maxUnavailable,omitempty"`
	// Time between two steps.
	UpdatePeriod Duration `json:"updatePeriod,omitempty"`
	// New agents that have to finish a build each before the others follow; if one does not come up, the template is rolled back. 0 is none.
	Canary int `json:"canary,omitempty"`
}

// Priority is what a second of one build's waiting is worth, in idle agent-seconds. In YAML it is cost (3), balanced (10), speed (50) or a number.
type Priority float64

// Duration is a time.Duration that JSON writes as text such as 1h30m.
type Duration time.Duration
