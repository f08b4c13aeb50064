// Package access says who may see and do what, in the terms of Kubernetes: who somebody is, and which right each act takes.
package access

import (
	"time"
)

// Person is who asks, as Kubernetes knows people. The zero value is nobody in particular.
type Person struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// Nobody tells whether the person has neither name nor group: rights of such a one are those of nobody, whoever says otherwise.
func (p Person) Nobody() bool { return p.Name == "" && len(p.Groups) == 0 }

// Verb is what somebody may do.
type Verb string

// The verbs. Who may suspend may resume, too; who may drain may take that back.
const (
	View     Verb = "view"
	Sync     Verb = "sync"
	Approve  Verb = "approve"
	Suspend  Verb = "suspend"
	Rollback Verb = "rollback"
	Scale    Verb = "scale"
	Drain    Verb = "drain"
)

// Subject is an environment, or a pool in it.
type Subject struct {
	Environment string
	Namespace   string // of the pool
	Pool        string // "" for the environment itself
}

// Key names the subject as addresses and series do: ENVIRONMENT, or ENVIRONMENT/NAMESPACE/NAME.
func (s Subject) Key() string {
	if s.Pool == "" {
		return s.Environment
	}
	return s.Environment + "/" + s.Namespace + "/" + s.Pool
}

// Verbs are what can be done with the subject.
func (s Subject) Verbs() []Verb {
	if s.Pool == "" {
		return []Verb{View, Sync, Approve, Suspend, Rollback}
	}
	return []Verb{View, Scale, Drain, Suspend}
}

// Action is what somebody wants to be done.
type Action struct {
	Who    Person
	Do     Verb
	On     Subject
	Undo   bool   // resume, follow the branch again, take the drain back, or follow the queue again
	Reason string // in the person's own words, "" for none

	Hash     string        // of the held prune that is approved
	Commit   string        // to go back to
	Agent    string        // to drain, "" for the whole pool
	Replicas int           // to keep at least
	For      time.Duration // how long
}

// Right is one request to the API server that RBAC allows or refuses.
type Right struct {
	Verb        string
	Group       string
	Resource    string
	Subresource string
	Namespace   string
	Name        string
}

// String says the right as kubectl auth can-i takes it.
func (r Right) String() string {
	what := r.Resource
	if r.Group != "" {
		what += "." + r.Group
	}
	if r.Name != "" {
		what += "/" + r.Name
	}
	if r.Subresource != "" {
		what += " --subresource=" + r.Subresource
	}
	if r.Namespace != "" {
		what += " -n " + r.Namespace
	}
	return "`kubectl auth can-i " + r.Verb + " " + what + "`"
}

// group is that of majordomo's own kinds.
const group = "majordomo.dev"

// Rights returns the rights of which one is enough for a verb. Whoever may get an Environment sees all of it, its pools and their builds too.
// What changes something takes the right to change the object by which the command line does it.
func (s Subject) Rights(do Verb) []Right {
	environment := Right{Verb: "patch", Group: group, Resource: "environments", Name: s.Environment}
	pool := Right{Verb: "patch", Group: group, Resource: "agentpools", Namespace: s.Namespace, Name: s.Pool}
	switch {
	case do == View:
		environment.Verb = "get"
		return []Right{environment}
	case s.Pool == "":
		return []Right{environment}
	case do == Scale:
		scale := pool
		scale.Subresource = "scale"
		return []Right{scale, pool}
	}
	return []Right{pool}
}

// Rights returns the rights of which one is enough for the action: of an agent, that to change its pod.
func (a Action) Rights() []Right {
	if a.Agent != "" {
		return []Right{{Verb: "patch", Resource: "pods", Namespace: a.On.Namespace, Name: a.Agent}}
	}
	return a.On.Rights(a.Do)
}
