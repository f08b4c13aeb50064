// Package roster says which pod is which agent of Jenkins, and in what state each agent is.
package roster

import (
	"time"

	"majordomo.dev/jenkins"
)

// Pod is a pod of a pool, as far as the fleet looks at it.
type Pod struct {
	Namespace, Name, UID string
	Version              string // resourceVersion
	Created              time.Time
	Node                 string // of Kubernetes, "" if not scheduled
	Phase                string // Pending, Running, Succeeded, Failed, Unknown
	Ready                bool
	ReadySince           time.Time
	Deleting             bool
	Owner                string // UID of the controller
	Template             string // annotation pool.Template: hash of the template that it was made from
	Drain                string // annotation pool.Drain
	Cost                 int    // annotation pool.DeletionCost
	Ordinal              int    // in a StatefulSet, otherwise -1
	Restarts             int
	// Waiting is why a container does not run: ImagePullBackOff, ErrImagePull, CrashLoopBackOff, CreateContainerConfigError; Message has details.
	Waiting string
	// Unschedulable is the scheduler's message, "" if the pod has a place.
	Unschedulable string
	// Failure is why a pod has ended: Evicted, Preempting, NodeLost, OOMKilled.
	Failure string
	Message string // of Waiting or Failure
}

// State is the state of an agent.
type State string

// The states.
const (
	Starting    State = "starting"    // its pod is there, it has not registered yet
	Idle        State = "idle"        // takes a build
	Busy        State = "busy"        // has a build
	Draining    State = "draining"    // marked to go; idle or with its last build
	Offline     State = "offline"     // taken offline by a monitor of Jenkins or by a person
	Lost        State = "lost"        // its pod runs, Jenkins does not know it or has no connection to it
	Failed      State = "failed"      // its pod cannot run
	Terminating State = "terminating" // its pod is being deleted
	Ghost       State = "ghost"       // a node of Jenkins without a pod
)

// Agent is a pod, its node in Jenkins, or both.
type Agent struct {
	Name     string            // of the pod, for a ghost of the node
	Pod      *Pod              // nil for a ghost
	Computer *jenkins.Computer // nil if Jenkins does not know it
	State    State
	Since    time.Time // in this state
	Reason   string    // of Offline, Lost and Failed, one sentence
	Running  int       // builds on it
	Builds   int       // that it has begun since it registered
	Finished int       // that it has finished
	// IdleReads counts the snapshots in a row that showed it parked by us and without a build; IdleRead is when the first of them was made.
	IdleReads int
	IdleRead  time.Time
	Resuming  bool // a pipeline waits for this very agent
}
