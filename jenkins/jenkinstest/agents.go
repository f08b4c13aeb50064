package jenkinstest

import (
	"fmt"
	"slices"
	"time"
)

// Kill ends the agent of a node, as if its process was killed: a swarm node goes, a static one stays without a connection.
func (j *Jenkins) Kill(name string) error {
	return j.withNode(name, func(w *world, n *node) {
		if a := n.agent; a != nil {
			w.endAgent(a, "its agent was killed")
		}
	})
}

// Disconnect breaks the connection of an agent, whose process goes on and comes back after a while.
func (j *Jenkins) Disconnect(name string) error {
	return j.withNode(name, func(w *world, n *node) { w.kick(n) })
}

// Connect brings the agent of a static node online, or that of a swarm node that was created by HTTP.
func (j *Jenkins) Connect(name string) error {
	return j.withNode(name, func(w *world, n *node) {
		if n.connected || n.ghost {
			return
		}
		a := w.agentOf(n)
		w.connect(a, n)
	})
}

// Freeze makes the machine of an agent hang: Jenkins does not notice for nine minutes, and builds on it do not end.
func (j *Jenkins) Freeze(name string) error {
	return j.withNode(name, func(w *world, n *node) { w.freeze(n) })
}

func (w *world) freeze(n *node) {
	n.frozen = true
	started, a := w.millis(w.now.Add(297*time.Second)), n.agent
	w.after(537*time.Second, func() {
		if n.frozen && n.agent == a {
			w.disconnect(n, pinged(started, w.millis(w.now)), "its agent did not answer a ping")
		}
	})
}

// RemoveNode deletes a node, as somebody does in Jenkins.
func (j *Jenkins) RemoveNode(name string) error {
	return j.withNode(name, func(w *world, n *node) { w.deleteNode(n) })
}

// Park takes a node offline for a while, as a person does.
func (j *Jenkins) Park(name, reason string) error {
	return j.withNode(name, func(w *world, n *node) { w.park(n, cause{class: userCause, text: reason}) })
}

// Unpark brings it back.
func (j *Jenkins) Unpark(name string) error {
	return j.withNode(name, func(w *world, n *node) { w.unpark(n) })
}

// Monitor takes a node offline as Jenkins's own monitor of its disk does.
func (j *Jenkins) Monitor(name string) error {
	return j.withNode(name, func(w *world, n *node) { w.monitor(n) })
}

func (w *world) monitor(n *node) {
	w.park(n, cause{
		class: "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace",
		text:  "Disk space is too low. Only 0.512GB left on " + n.RemoteFS + ".",
	})
}

func (j *Jenkins) withNode(name string, f func(*world, *node)) (err error) {
	j.do(func(w *world) {
		n := w.nodes[name]
		if n == nil {
			err = fmt.Errorf("there is no node %q", name)
			return
		}
		f(w, n)
	})
	return err
}

// agentOf is the process that connects a node, a new one if there is none.
func (w *world) agentOf(n *node) *agent {
	for _, a := range w.agents {
		if a.alive && a.spec.Name == n.Name {
			return a
		}
	}
	a := &agent{spec: n.Node, alive: true}
	w.agents = append(w.agents, a)
	return a
}

// endAgent ends a process, with its connection.
func (w *world) endAgent(a *agent, why string) {
	a.alive = false
	if a.node != nil {
		w.disconnect(a.node, broken, why)
	}
	w.agents = slices.DeleteFunc(w.agents, func(o *agent) bool { return o == a })
}

// kick breaks a connection. The agent comes back.
func (w *world) kick(n *node) {
	a := n.agent
	if a == nil {
		return
	}
	w.disconnect(n, broken, "its connection broke")
	w.rejoin(a)
}

// NodeState is what became of a node.
type NodeState struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Labels      []string `json:"labels"`
	Executors   int      `json:"executors"`
	Busy        int      `json:"busy"`
	Online      bool     `json:"online"`
	Connected   bool     `json:"connected"`
	Parked      bool     `json:"parked,omitempty"`
	Reason      string   `json:"reason,omitempty"` // why it is offline
	Ghost       bool     `json:"ghost,omitempty"`  // gone, but a pipeline still holds it
	Pod         string   `json:"pod,omitempty"`
	Builds      []string `json:"builds,omitempty"` // job #number
}

// Nodes are all nodes but the built-in one, by name.
func (j *Jenkins) Nodes() (all []NodeState) {
	j.look(func(w *world) {
		for _, n := range w.computers()[1:] {
			all = append(all, n.state())
		}
	})
	return all
}

// Node returns a node by its name.
func (j *Jenkins) Node(name string) (s NodeState, ok bool) {
	j.look(func(w *world) {
		if n := w.nodes[name]; n != nil {
			s, ok = n.state(), true
		}
	})
	return s, ok
}

func (n *node) state() NodeState {
	s := NodeState{
		Name: n.Name, Description: n.Description, Labels: n.labels(), Executors: n.Executors, Busy: n.busy(),
		Online: n.online(), Connected: n.connected, Parked: n.parked != nil, Ghost: n.ghost, Pod: podOf(n).String(),
	}
	if n.shown != nil {
		s.Reason = n.shown.text
	}
	for _, e := range n.execs {
		switch {
		case e.step != nil:
			s.Builds = append(s.Builds, fmt.Sprintf("%s #%d", e.step.run.job.Name, e.step.run.number))
		case e.run != nil:
			s.Builds = append(s.Builds, fmt.Sprintf("%s #%d", e.run.job.Name, e.run.number))
		}
	}
	return s
}
