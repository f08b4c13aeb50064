package jenkinstest

import (
	"hash/fnv"
	"slices"
	"time"
)

// Node is a node of Jenkins with its agent.
type Node struct {
	Name        string
	Description string
	// Labels, without its own name and, for a swarm agent, without swarm.
	Labels []string
	// Executors; 1 if 0.
	Executors int
	// Exclusive takes only builds that want a label.
	Exclusive bool
	// Static is a node that outlives its connection and Jenkins's restarts. Others are swarm agents: without a connection there is no node.
	Static bool
	// Offline has no agent yet; only for Static.
	Offline bool
	// RemoteFS is the folder of the agent.
	RemoteFS string
}

// node is a Node with what has become of it.
type node struct {
	Node
	builtIn   bool
	ghost     bool // deleted or lost, but a pipeline still holds an executor
	broken    bool // made by an incomplete request
	number    int64
	execs     []*executor
	oneOffs   []*executor
	agent     *agent
	connected bool
	frozen    bool
	parked    *cause
	cut       *cause
	shown     *cause // the latest of the two
	graceful  time.Time
	since     time.Time // connected
	set       map[string]bool
}

// cause is why a node is offline.
type cause struct {
	class string
	text  string
	at    time.Time
}

// executor runs one build at a time.
type executor struct {
	node   *node
	number int
	single bool  // a one-off one
	item   *item // that it was chosen for
	run    *run
	step   *step
	hidden bool // its build does not show yet
}

// agent is the process that connects a node.
type agent struct {
	spec    Node
	node    *node
	pod     *podRef // that it runs in
	alive   bool
	respawn bool        // it comes back when its node was deleted
	modest  bool        // it does not replace a node of its name
	joined  func(*node) // misbehaviour after it has connected
	life    int
}

const (
	dumbSlave  = "hudson.slaves.DumbSlave"
	swarmSlave = "hudson.plugins.swarm.SwarmSlave"
	userCause  = "hudson.slaves.OfflineCause$UserCause"
	cutCause   = "hudson.slaves.OfflineCause$ChannelTermination"
)

func (n *node) class() string {
	switch {
	case n.builtIn:
		return "hudson.model.Hudson"
	case n.Static:
		return dumbSlave
	}
	return swarmSlave
}

func (n *node) online() bool { return n.connected && n.parked == nil && !n.ghost }

// labels are all of them, sorted; those of a ghost are gone.
func (n *node) labels() []string {
	if n.ghost {
		return nil
	}
	all := slices.Clone(n.Labels)
	if !n.builtIn {
		all = append(all, n.Name)
		if !n.Static {
			all = append(all, "swarm")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// labelSet is labels, kept until somebody relabels the node.
func (n *node) labelSet() map[string]bool {
	if n.ghost {
		return nil
	}
	if n.set == nil {
		n.set = map[string]bool{}
		for _, l := range n.labels() {
			n.set[l] = true
		}
	}
	return n.set
}

func (n *node) relabel(labels []string) { n.Labels, n.set = labels, nil }

// resize makes as many executors as there are to be; busy ones stay.
func (n *node) resize() {
	for i := len(n.execs) - 1; i >= 0 && len(n.execs) > n.Executors; i-- {
		if n.execs[i].idle() {
			n.execs = slices.Delete(n.execs, i, i+1)
		}
	}
	for len(n.execs) < n.Executors {
		n.execs = append(n.execs, &executor{node: n, number: len(n.execs)})
	}
}

func (n *node) oneOff(r *run) *executor {
	e := &executor{node: n, number: -1, single: true, run: r}
	n.oneOffs = append(n.oneOffs, e)
	return e
}

func (n *node) busy() int {
	count := 0
	for _, e := range n.execs {
		if !e.idle() {
			count++
		}
	}
	return count
}

// idle tells what Jenkins says: no executor has work, one-off ones included.
func (n *node) idle() bool { return n.busy() == 0 && len(n.oneOffs) == 0 }

func (e *executor) idle() bool { return e.item == nil && e.run == nil && e.step == nil }

// free takes the work away.
func (e *executor) free() {
	e.item, e.run, e.step, e.hidden = nil, nil, nil, false
	if e.single {
		e.node.oneOffs = slices.DeleteFunc(e.node.oneOffs, func(o *executor) bool { return o == e })
		return
	}
	e.node.resize()
}

// free are the nodes that may be given a build.
func (w *world) free() []*node {
	var all []*node
	for _, n := range w.computers() {
		if w.accepts(n) && n.busy() < n.Executors {
			all = append(all, n)
		}
	}
	return all
}

// choose returns an idle executor that may take an item. The same job goes to the same node where it can.
func choose(it *item, free []*node) *executor {
	l := it.label()
	var best *node
	var lowest uint32
	for _, n := range free {
		if l == nil && n.Exclusive || l != nil && !l.matches(n.labelSet()) {
			continue
		}
		rank := affinity(it.job.Name, n.Name)
		if n.Name == it.job.Prefer {
			rank = 0
		}
		if best == nil || rank < lowest {
			best, lowest = n, rank
		}
	}
	if best == nil {
		return nil
	}
	for _, e := range slices.Backward(best.execs) {
		if e.idle() {
			return e
		}
	}
	return nil
}

// accepts tells whether the queue gives builds to a node. With LateAssign it does so for a while after the node was parked.
func (w *world) accepts(n *node) bool {
	return (n.online() || n.connected && !n.ghost && w.now.Before(n.graceful)) && !w.unnoticed(n)
}

// unnoticed tells whether the queue still believes that a node is offline.
func (w *world) unnoticed(n *node) bool {
	return n.connected && !n.builtIn && w.now.Before(n.since.Add(w.options.Notice))
}

func affinity(job, node string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(job + "\x00" + node))
	return h.Sum32()
}
