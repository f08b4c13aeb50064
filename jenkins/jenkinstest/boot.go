package jenkinstest

import (
	"slices"
	"time"
)

// phase is what Jenkins does.
type phase int

const (
	up           phase = iota
	restarting         // 503: about to go
	unauthorized       // 401 for everybody
	refused            // no process
	starting           // 503: about to come
)

// young is how long an item must have been in the queue to survive a crash.
const young = time.Minute

// safeRestart is a restart that waits for builds.
func (w *world) safeRestart(reason string) {
	w.quieting, w.reason, w.restart = true, reason, true
}

// endAll ends what a restart would wait for: it does not wait.
func (w *world) endAll() {
	w.takeBack()
	for _, r := range slices.Clone(w.live) {
		if r.running() && !r.job.Pipeline {
			w.loseExcused(r, "Jenkins restarted")
			w.end(r, "ABORTED")
		}
	}
}

// takeBack lets the items wait again whose executor was chosen and whose builds have not begun.
func (w *world) takeBack() {
	for _, it := range slices.Clone(w.queue) {
		if it.state == pending {
			w.unassign(it)
		}
	}
}

// blocksRestart says whether an executor is in use that a restart waits for. One that was chosen for an item counts, whatever it is to
// run; a pipeline that runs does not: it resumes.
func (w *world) blocksRestart() bool {
	return slices.ContainsFunc(w.live, func(r *run) bool { return !r.job.Pipeline }) ||
		slices.ContainsFunc(w.queue, func(it *item) bool { return it.state == pending })
}

// continueRestart goes down once nothing blocks that.
func (w *world) continueRestart() {
	if !w.restart || w.blocksRestart() {
		return
	}
	w.restart = false
	w.phase = restarting
	b := w.options.Boot
	w.after(b.Restarting, func() { w.phase = unauthorized })
	w.after(b.Restarting+b.Unauthorized, func() {
		w.down()
		w.boot(b.Refused)
	})
}

// boot comes up after a while without a process.
func (w *world) boot(in time.Duration) {
	w.after(in, func() { w.phase = starting })
	w.after(in+w.options.Boot.Starting, w.up)
}

// down is the end of the process: connections break, swarm nodes are gone, pipelines will want their node.
func (w *world) down() {
	w.phase = refused
	w.takeBack()
	for _, r := range slices.Clone(w.live) {
		if !r.running() {
			continue
		}
		if !r.job.Pipeline {
			w.loseExcused(r, "Jenkins crashed")
			w.end(r, "ABORTED")
			continue
		}
		r.resuming = true
		for _, s := range r.steps {
			w.suspend(s)
		}
	}
	for _, n := range w.computers() {
		n.parked, n.cut, n.shown = nil, nil, nil
		n.connected = n.builtIn
		if n.agent != nil {
			n.agent.node = nil
			n.agent.life++
		}
		n.agent = nil
		if !n.builtIn && (!n.Static || n.ghost) {
			delete(w.nodes, n.Name)
		}
	}
	w.quieting, w.reason, w.restart = false, "", false
}

// suspend makes a step that runs one that waits for its node.
func (w *world) suspend(s *step) {
	if s.ended || s.node == "" || s.item != nil {
		return
	}
	s.resume = s.node
	s.life++
	if s.exec != nil {
		s.exec.free()
	}
	s.exec, s.detached, s.broken = nil, false, time.Time{}
}

// up is a Jenkins that has started.
func (w *world) up() {
	w.phase = up
	w.session = w.newSession()
	slices.Reverse(w.queue) // it is saved as it is shown, the newest first, and loaded in that order
	for _, r := range slices.Clone(w.live) {
		if !r.resuming {
			continue
		}
		r.resuming = false
		w.lastID++ // its body goes through the queue again
		r.item = w.lastID
		for _, s := range r.steps {
			if !s.ended && s.resume != "" && s.item == nil {
				w.awaitNode(s)
			}
		}
	}
	for _, a := range w.agents {
		if a.alive {
			w.rejoin(a)
		}
	}
}

// awaitNode lets a step wait in the queue for its node, and give up in the end.
func (w *world) awaitNode(s *step) {
	w.enqueueStep(s)
	it := s.item
	w.after(w.options.Resume, func() {
		if !s.ended && s.item == it {
			w.loseOn(s.agent.pod, s.node, s.run, s, "the agent did not come back after the restart")
			w.endStep(s, "FAILURE")
		}
	})
}

// crash is a process that is killed.
func (w *world) crash() {
	if w.phase == refused || w.phase == starting {
		return
	}
	w.down()
	for _, it := range slices.Clone(w.queue) {
		if it.step == nil && w.now.Sub(it.since) < young {
			it.cancelled = true
			w.move(it, left)
			delete(w.items, it.id)
		}
	}
	w.boot(w.options.Boot.Refused)
}
