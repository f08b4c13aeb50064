package jenkinstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (w *world) addNode(of Node) *node {
	if old := w.nodes[of.Name]; old != nil && !old.ghost {
		w.deleteNode(old)
	}
	n := w.makeNode(of)
	if of.Static && of.Offline {
		return n
	}
	a := &agent{spec: n.Node, alive: true}
	w.agents = append(w.agents, a)
	w.connect(a, n)
	return n
}

// makeNode makes the node without an agent. What a ghost of that name held goes on without an executor.
func (w *world) makeNode(of Node) *node {
	w.joined++
	if of.Executors == 0 {
		of.Executors = 1
	}
	if of.RemoteFS == "" {
		of.RemoteFS = "/home/jenkins/agents/" + of.Name
	}
	n := &node{Node: of, number: w.joined}
	n.resize()
	if ghost := w.nodes[of.Name]; ghost != nil {
		for _, e := range ghost.execs {
			if e.step != nil {
				e.step.exec, e.step.detached = nil, true
				e.step = nil
			}
		}
	}
	w.nodes[of.Name] = n
	return n
}

// connect brings a node online. Steps that its processes ran go on.
func (w *world) connect(a *agent, n *node) {
	a.node, n.agent, n.connected, n.cut, n.since, n.frozen = n, a, true, nil, w.now, false
	n.shown = n.parked
	if w.options.Notice > 0 {
		w.after(w.options.Notice, func() {})
	}
	for _, r := range slices.Clone(w.live) {
		for _, s := range r.steps {
			if !s.ended && !s.broken.IsZero() && s.node == n.Name && s.agent == a {
				s.broken = time.Time{}
				s.life++
				w.planStep(s)
			}
		}
	}
}

// dying is how long a build on a node that is deleted takes to fail.
const dying = 50 * time.Millisecond

// disconnect ends a connection. Freestyle builds die of it; pipelines wait. A swarm node goes.
func (w *world) disconnect(n *node, text, why string) {
	if n == nil || !n.connected || n.builtIn {
		return
	}
	w.sever(n, text, why, 0)
	if !n.Static {
		w.removeNode(n)
	}
}

// sever cuts the connection; builds end a moment later.
func (w *world) sever(n *node, text, why string, moment time.Duration) {
	n.connected = false
	n.cut = &cause{class: cutCause, text: text, at: w.now}
	n.shown = n.cut
	w.breakBuilds(n, why, moment)
	if a := n.agent; a != nil {
		a.node = nil
		a.life++
	}
	n.agent = nil
}

// breakBuilds lets the builds on a node feel that there is no connection.
func (w *world) breakBuilds(n *node, why string, moment time.Duration) {
	for _, e := range slices.Clone(n.execs) {
		switch {
		case e.item != nil: // its build has not begun: it waits again
			w.unassign(e.item)
		case e.run != nil:
			r := e.run
			w.lose(n, r, nil, why)
			if moment == 0 {
				w.end(r, "FAILURE")
			} else {
				w.after(moment, func() { w.end(r, "FAILURE") })
			}
		}
	}
	for _, r := range slices.Clone(w.live) {
		for _, s := range r.steps {
			if !s.ended && s.node == n.Name && s.resume == "" && s.item == nil && s.broken.IsZero() {
				s.broken = w.now
				s.life++
			}
		}
	}
}

// removeNode takes the node away. While a pipeline holds one of its executors, a ghost stays; the pipeline gives up in the end.
func (w *world) removeNode(n *node) {
	if n.ghost {
		return
	}
	n.ghost, n.parked = true, nil
	n.Executors = 0
	n.resize()
	for _, r := range slices.Clone(w.live) {
		for _, s := range r.steps {
			if s.ended || s.node != n.Name || s.item != nil {
				continue
			}
			w.giveUp(s)
		}
	}
	w.bury(n)
}

// giveUp ends a step whose node is gone, if that is not back in time.
func (w *world) giveUp(s *step) {
	since := s.broken
	w.after(w.options.Resume, func() {
		if !s.ended && !since.IsZero() && s.broken.Equal(since) {
			w.loseOn(s.agent.pod, s.node, s.run, s, "the agent did not come back")
			w.endStep(s, "FAILURE")
		}
	})
}

// bury takes a ghost away once nothing holds it.
func (w *world) bury(n *node) {
	if n.ghost && n.idle() && w.nodes[n.Name] == n {
		delete(w.nodes, n.Name)
	}
}

// deleteNode is what doDelete does: no question is asked.
func (w *world) deleteNode(n *node) {
	if n.ghost {
		return
	}
	a := n.agent
	if n.connected {
		w.sever(n, broken, "its node was deleted", dying)
	}
	w.removeNode(n)
	switch {
	case a == nil:
	case a.respawn:
		w.rejoin(a)
	default:
		a.alive = false
	}
}

// rejoin lets an agent come back after a while, if Jenkins is there.
func (w *world) rejoin(a *agent) {
	life := a.life
	w.after(w.options.Reconnect, func() {
		if a.alive && a.life == life && w.phase == up {
			w.join(a)
		}
	})
}

// join is an agent that connects. To a swarm agent it makes its node.
func (w *world) join(a *agent) {
	if a.node != nil || !a.alive {
		return
	}
	n := w.nodes[a.spec.Name]
	switch {
	case a.spec.Static && (n == nil || n.ghost || n.connected):
		a.alive = false // refused; it ends
		return
	case a.spec.Static:
	case n != nil && !n.ghost && a.modest:
		w.rejoin(a) // 409; it tries again
		return
	default:
		if n != nil && !n.ghost {
			w.deleteNode(n)
		}
		n = w.makeNode(a.spec)
	}
	w.connect(a, n)
	if a.joined != nil {
		a.joined(n)
	}
}

// park takes a node offline for a while; it finishes what it runs.
func (w *world) park(n *node, c cause) {
	c.at = w.now
	if n.parked == nil {
		n.graceful = w.now.Add(w.options.LateAssign)
	}
	n.parked = &c
	n.shown = n.parked
}

func (w *world) unpark(n *node) {
	n.parked, n.graceful = nil, time.Time{}
	n.shown = n.cut
}

// broken is how Jenkins explains a connection that has ended.
var broken = strings.Join([]string{
	"Connection was broken: java.nio.channels.ClosedChannelException",
	"\tat jenkins.agents.WebSocketAgents$Session.closed(WebSocketAgents.java:141)",
	"\tat jenkins.websocket.WebSocketSession.onWebSocketSomething(WebSocketSession.java:91)",
	"\tat java.base/java.lang.Thread.run(Thread.java:840)", "",
}, "\n")

func pinged(from, to int64) string {
	return fmt.Sprintf("Connection was broken: java.util.concurrent.TimeoutException: Ping started at %d hasn't completed by %d\n"+
		"\tat hudson.remoting.PingThread.ping(PingThread.java:134)\n\tat hudson.remoting.PingThread.run(PingThread.java:90)\n", from, to)
}
