package jenkinstest

import (
	"slices"
	"time"
)

// run is a build.
type run struct {
	job      *job
	number   int
	item     int64
	params   [][2]string
	users    []string
	started  time.Time
	ended    time.Time
	result   string // "" while it runs
	node     string // on which it runs; "" for a pipeline
	exec     *executor
	steps    []*step
	planned  time.Duration // how long it takes
	resuming bool
}

func (r *run) running() bool { return r.result == "" }

func (r *run) class() string {
	if r.job.Pipeline {
		return "org.jenkinsci.plugins.workflow.job.WorkflowRun"
	}
	return "hudson.model.FreeStyleBuild"
}

// step is a node step of a pipeline that runs.
type step struct {
	run      *run
	label    *label
	planned  time.Duration
	item     *item
	exec     *executor // it may be one of a ghost, and nil although it runs: see detached
	agent    *agent    // whose processes it has
	node     string
	resume   string // name of the node for which it waits after a restart
	started  time.Time
	broken   time.Time // since when there is no connection
	detached bool      // it runs on a node that was made anew, and holds no executor there
	ended    bool
	life     int // counts what invalidates planned events
}

// startRun makes an item a build, on an executor or, for a pipeline, on none that counts.
func (w *world) startRun(it *item, e *executor) {
	j := it.job
	r := &run{job: j, number: j.next, item: it.id, params: it.params, users: it.users, started: w.now, planned: it.duration}
	j.next++
	j.runs = append(j.runs, r)
	w.live = append(w.live, r)
	it.run = r
	w.move(it, left)
	w.started++
	if j.Pipeline {
		r.exec = w.builtIn.oneOff(r)
		w.startSteps(r, it.duration)
		return
	}
	w.waits = append(w.waits, Wait{Job: j.Name, Number: r.number, Node: e.node.Name, Queued: it.since, Buildable: it.ready, Started: w.now})
	r.exec, e.run, r.node = e, r, e.node.Name
	if r.planned == 0 {
		r.planned = w.length(j.Duration, j.Spread)
	}
	w.plan(r)
}

// length is how long something takes, by chance.
func (w *world) length(d, spread time.Duration) time.Duration {
	if d > 0 && spread > 0 {
		d += time.Duration(w.chance.Int64N(int64(spread)))
	}
	return d
}

// plan lets a build end when it is time.
func (w *world) plan(r *run) {
	if r.planned == 0 {
		return
	}
	w.after(r.planned, func() {
		if r.running() && (r.exec == nil || !r.exec.node.frozen) {
			w.end(r, "SUCCESS")
		}
	})
}

func (w *world) startSteps(r *run, duration time.Duration) {
	if len(r.job.Steps) == 0 {
		r.planned = w.length(r.job.Duration, r.job.Spread)
		w.plan(r)
		return
	}
	for _, of := range r.job.Steps {
		s := &step{run: r, planned: duration}
		if s.planned == 0 {
			s.planned = w.length(of.Duration, r.job.Spread)
		}
		s.label, _ = w.readLabel(of.Label)
		r.steps = append(r.steps, s)
		w.enqueueStep(s)
	}
}

// startStep gives a step its executor: it begins, or it goes on after a restart.
func (w *world) startStep(s *step, e *executor) {
	it := s.item
	w.move(it, left)
	it.run = s.run
	first := s.resume == ""
	s.exec, s.item, s.resume, s.broken, s.node, s.agent, e.step = e, nil, "", time.Time{}, e.node.Name, e.node.agent, s
	s.life++
	if first {
		s.started = w.now
		w.waits = append(w.waits, Wait{Job: s.run.job.Name, Number: s.run.number, Node: s.node, Queued: it.since, Buildable: it.ready, Started: w.now})
	}
	w.planStep(s)
}

func (w *world) planStep(s *step) {
	if s.planned == 0 {
		return
	}
	life := s.life
	w.after(max(0, s.started.Add(s.planned).Sub(w.now)), func() {
		if !s.ended && s.life == life && (s.exec == nil || !s.exec.node.frozen) {
			w.endStep(s, "SUCCESS")
		}
	})
}

// endStep ends a step, and with the last one or a bad one its build.
func (w *world) endStep(s *step, result string) {
	if s.ended {
		return
	}
	s.ended = true
	s.life++
	if s.exec != nil {
		s.exec.free()
		w.bury(s.exec.node)
	}
	if s.item != nil && s.item.state != left {
		s.item.cancelled = true
		w.move(s.item, left)
	}
	if result != "SUCCESS" || !slices.ContainsFunc(s.run.steps, func(o *step) bool { return !o.ended }) {
		w.end(s.run, result)
	}
}

// complete ends a build as if its work was done.
func (w *world) complete(r *run, result string) { w.end(r, result) }

// end ends a build and all of its steps.
func (w *world) end(r *run, result string) {
	if !r.running() {
		return
	}
	r.result, r.ended = result, w.now
	w.live = slices.DeleteFunc(w.live, func(o *run) bool { return o == r })
	w.finished++
	if r.exec != nil {
		r.exec.free()
		w.bury(r.exec.node)
	}
	for _, s := range r.steps {
		w.endStep(s, result)
	}
}

// completeOn ends what runs on a node, and returns how much that was.
func (w *world) completeOn(name string) int {
	n := w.nodes[name]
	if n == nil {
		return 0
	}
	count := 0
	for _, e := range slices.Clone(n.execs) {
		switch {
		case e.step != nil:
			w.endStep(e.step, "SUCCESS")
			count++
		case e.run != nil:
			w.end(e.run, "SUCCESS")
			count++
		}
	}
	return count
}
