// Package roster says which pod is which agent of Jenkins, and in what state each agent is.
package roster

import (
	"strings"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
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
	// NeverRan tells that no container of it, init containers apart, runs or ever ran: it cannot have a build. The phase Pending alone does
	// not say so: a pod of which one container runs and another waits for its image is Pending, too.
	NeverRan bool
}

// Active tells whether the controller of the pod counts it.
func (p Pod) Active() bool { return !p.Deleting && !p.Ended() }

// Ended tells whether the pod is over: nothing of it runs any more.
func (p Pod) Ended() bool { return p.Phase == "Failed" || p.Phase == "Succeeded" }

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
	// Registered is when Jenkins first knew it with a connection, zero if it never did.
	Registered time.Time
	// Taken is when its mark was last taken away, or its deletion cost raised, as far as this process saw: its controller may not know yet.
	Taken time.Time
	// Weighed is since when this process knows of its present mark and deletion cost: its controller knows a moment later.
	Weighed time.Time
	// Twins are further nodes of Jenkins that say they are this pod, and are connected or have a build. It stays as long as there are any.
	Twins []string
	// Unsure is why it may be known to Jenkins under a name that does not tell its pod; "" if not. It is never taken for idle then.
	Unsure string
}

// Node returns the name of its node in Jenkins, "" if Jenkins does not know it.
func (a Agent) Node() string {
	if a.Computer == nil {
		return ""
	}
	return a.Computer.Name
}

// Marked tells whether its pod carries the mark that it has to go.
func (a Agent) Marked() bool { return a.Pod != nil && a.Pod.Drain != "" }

// Active tells whether the controller of its pod counts it.
func (a Agent) Active() bool { return a.Pod != nil && a.Pod.Active() }

// Supply tells whether it serves builds, or soon will: it is idle, busy or starting, and not on its way out.
func (a Agent) Supply() bool { return a.State == Idle || a.State == Busy || a.State == Starting }

// Marker begins the offline cause of every node that majordomo parks; the name of the pool and the reason follow.
const Marker = "majordomo: drain"

// Ours tells whether a node is parked by majordomo.
func Ours(c jenkins.Computer) bool { return c.Parked && strings.HasPrefix(c.OfflineReason, Marker) }

// Working tells whether a node has a build, or something that Jenkins does not show: a node is only without work if all agree.
func Working(c jenkins.Computer) bool { return !c.Idle || c.Busy > 0 || len(c.Builds) > 0 }

// Times.
const (
	// Look is how far apart the two looks are that have to find an agent without work before it goes.
	Look = 2 * time.Second
	// Resume is how long a pipeline waits for its agent to come back, five minutes, and a minute for the agent to find Jenkins again.
	Resume = 6 * time.Minute
	// Calm is how long nothing goes after Jenkins has started, even if all agents are back at once: pipelines need a moment to find theirs.
	Calm = time.Minute
	// Gap is how long agents may be unwatched before all that time says about them is counted anew.
	Gap = time.Minute
	// Startup is after how long an agent that has not registered counts as failed, where the pool does not say.
	Startup = 10 * time.Minute
)

// Input is all that a roster is made from.
type Input struct {
	Now  time.Time
	Pool *pool.Pool
	Pods []Pod // of the pool
	// Snapshot is the last good answer of Jenkins, nil if there never was one.
	Snapshot *jenkins.Snapshot
	// Unknown is why Jenkins is not known now, "" if the snapshot is its present answer. Nothing is learned then.
	Unknown string
	// Resuming are the names of the nodes that pipelines in the queue wait for.
	Resuming []string
}

// Roster is who the agents of a pool are.
type Roster struct {
	Agents []Agent // by name, ghosts last
	// Settling is why what is missing may come back by itself, "" if nothing may: Jenkins has just started. Nothing goes then.
	Settling string
	Until    time.Time // when Settling is over at the latest
	Unknown  string    // why Jenkins is not known
	// Known is since when Jenkins has been known without a break and settled: absence before says nothing.
	Known time.Time
	// Started are the start-up times, from pod to registration, of agents that came up since the last roster.
	Started []time.Duration
	// Stable is since when this process has seen the same pods.
	Stable time.Time
	now    time.Time
}
