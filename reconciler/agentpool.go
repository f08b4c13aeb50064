package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/object"
)

// agentPool is one AgentPool as commands print it.
type agentPool struct {
	Name        string      `json:"name"`
	Namespace   string      `json:"namespace"`
	Environment string      `json:"environment,omitempty"` // that applies it
	Context     string      `json:"context,omitempty"`     // of the kubeconfig, where the command went through several
	Created     time.Time   `json:"created,omitzero"`
	Suspend     string      `json:"suspend,omitempty"` // why it is left alone
	Drain       string      `json:"drain,omitempty"`   // why it is emptied
	Floor       *floor      `json:"floor,omitempty"`   // that a person has set
	Problems    []string    `json:"problems,omitempty"`
	Gone        bool        `json:"gone,omitempty"` // with -w: it was deleted
	Spec        pool.Spec   `json:"spec"`
	Status      pool.Status `json:"status"`
}

// floor is the number of agents that majordomo scale, or kubectl scale, asks for.
type floor struct {
	Agents int        `json:"agents"`
	Until  *time.Time `json:"until,omitempty"` // nil: without an end
	Reason string     `json:"reason,omitempty"`
}

// poolOf brings an AgentPool into the form that is printed.
func poolOf(o object.Object, context string) agentPool {
	id, note := o.ID(), o.Annotation
	p := agentPool{
		Name: id.Name, Namespace: id.Namespace, Context: context, Environment: note(object.Environment),
		Suspend: note(pool.Suspend), Drain: note(pool.DrainPool),
	}
	text, _ := o.Get(object.Pointer{"metadata", "creationTimestamp"})
	created, _ := text.(string)
	p.Created, _ = time.Parse(time.RFC3339, created)
	parsed, err := pool.Parse(o)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			p.Problems = append(p.Problems, strings.TrimSpace(line))
		}
	}
	if parsed == nil {
		return p
	}
	p.Spec, p.Status = parsed.Spec, parsed.Status
	if p.Spec.Replicas != nil && *p.Spec.Replicas > 0 {
		p.Floor = &floor{Agents: *p.Spec.Replicas, Reason: note(pool.ScaleReason)}
		if until, err := time.Parse(time.RFC3339, note(pool.ScaleUntil)); err == nil {
			p.Floor.Until = &until
		}
	}
	return p
}

// String is the name by which other commands take the pool.
func (p agentPool) String() string { return cmp.Or(p.Environment, p.Namespace) + "/" + p.Name }

// is tells whether an argument, POOL, ENV/POOL or NAMESPACE/POOL, means the pool.
func (p agentPool) is(arg string) bool {
	in, name, both := strings.Cut(arg, "/")
	if !both {
		return p.Name == arg
	}
	return p.Name == name && in != "" && (p.Environment == in || p.Namespace == in)
}

// condition returns a condition, Unknown where it was never set.
func (p agentPool) condition(kind string) pool.Condition {
	i := slices.IndexFunc(p.Status.Conditions, func(c pool.Condition) bool { return c.Type == kind })
	if i < 0 {
		return pool.Condition{Type: kind, Status: "Unknown", Reason: "Pending", Message: "majordomo has not visited it yet"}
	}
	return p.Status.Conditions[i]
}

// supply is how many agents serve builds, or soon will.
func (p agentPool) supply() int { return p.Status.Busy + p.Status.Idle + p.Status.Starting }

// bounds are between which numbers the pool is kept now: what its status says, and before there is one, what it asks for.
func (p agentPool) bounds() (least, most int) {
	if p.Status.Max == 0 {
		return p.Spec.Min, p.Spec.Max
	}
	return p.Status.Min, p.Status.Max
}
