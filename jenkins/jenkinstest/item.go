package jenkinstest

import (
	"slices"
	"time"
)

// state is where an item is on its way through the queue.
type state int

const (
	waiting   state = iota // in its quiet period
	blocked                // something other than an executor is missing
	buildable              // only an executor is missing
	pending                // an executor was chosen
	left                   // started or cancelled
)

// keepLeft is how long an item that has left is still known.
const keepLeft = 5 * time.Minute

// item is something in the queue: a job, or a node step of a pipeline that runs.
type item struct {
	id       int64
	job      *job
	step     *step // nil for a job
	state    state
	since    time.Time
	ready    time.Time // when it first was buildable or blocked
	quiet    time.Time // end of the quiet period
	params   [][2]string
	users    []string // who asked for it
	duration time.Duration

	exec      *executor // that was chosen
	cancelled bool
	run       *run // that it has become
}

// enqueue puts a job into the queue, or merges it with an equal item.
func (w *world) enqueue(j *job, params [][2]string, user string, quiet time.Duration) *item {
	if user == "" {
		user = "admin"
	}
	for _, it := range w.queue {
		if it.job == j && it.step == nil && it.state < pending && slices.Equal(it.params, params) {
			it.users = append(it.users, user)
			if end := w.now.Add(quiet); it.state == waiting && end.Before(it.quiet) {
				it.quiet = end
				w.after(quiet, func() {})
			}
			return it
		}
	}
	it := w.newItem(j, quiet)
	it.params, it.users = params, []string{user}
	return it
}

func (w *world) newItem(j *job, quiet time.Duration) *item {
	w.lastID++
	it := &item{id: w.lastID, job: j, since: w.now, quiet: w.now.Add(quiet)}
	w.items[it.id] = it
	w.queue = append(w.queue, it)
	if quiet > 0 {
		w.after(quiet, func() {})
	}
	return it
}

// enqueueStep puts a node step into the queue: for a new one its label, for one that resumes the name of its node.
func (w *world) enqueueStep(s *step) {
	it := w.newItem(s.run.job, 0)
	it.step = s
	s.item = it
}

// label is what the item wants, nil for any node.
func (it *item) label() *label {
	switch {
	case it.step == nil:
		return it.job.label
	case it.step.resume != "":
		return atom(it.step.resume)
	}
	return it.step.label
}

// flyweight items need no executor.
func (it *item) flyweight() bool { return it.step == nil && it.job.Pipeline }

// move puts an item behind all others of its new state.
func (w *world) move(it *item, to state) {
	w.queue = slices.DeleteFunc(w.queue, func(other *item) bool { return other == it })
	it.state = to
	if to != left {
		w.queue = append(w.queue, it)
		return
	}
	w.gone = append(w.gone, departure{id: it.id, at: w.now})
}

func (w *world) cancel(it *item) {
	if it.exec != nil {
		it.exec.free()
	}
	it.cancelled = true
	w.move(it, left)
	if it.step != nil {
		w.endStep(it.step, "ABORTED")
	}
}

// settle does what runs of Jenkins's queue do, until nothing changes: items become buildable, and get executors.
func (w *world) settle() {
	for last := int64(-1); w.phase == up && last != w.lastID; { // a pipeline that starts brings items
		last = w.lastID
		w.maintain()
	}
	if w.phase == up {
		w.continueRestart()
	}
}

func (w *world) maintain() {
	for _, it := range slices.Clone(w.queue) {
		switch {
		case it.state == waiting && !it.quiet.After(w.now):
			it.ready = w.now
			w.release(it)
		case it.state == blocked:
			w.release(it)
		}
	}
	if !w.quieting {
		w.match()
	}
}

// match gives executors to buildable items, the oldest first.
func (w *world) match() {
	free := w.free()
	hopeless := map[string]bool{} // labels for which there is no executor left
	for _, it := range slices.Clone(w.queue) {
		name := ""
		if l := it.label(); l != nil {
			name = l.name
		}
		switch {
		case it.state != buildable:
		case it.flyweight():
			w.startRun(it, nil)
		case len(free) == 0 || hopeless[name]:
		default:
			e := choose(it, free)
			if e == nil {
				hopeless[name] = true
				continue
			}
			w.assign(it, e)
			if n := e.node; n.busy() >= n.Executors {
				free = slices.DeleteFunc(free, func(o *node) bool { return o == n })
			}
		}
	}
}

// release makes an item buildable, or leaves it blocked.
func (w *world) release(it *item) {
	switch why := w.blockage(it); {
	case why == "":
		w.move(it, buildable)
	case it.state != blocked:
		w.move(it, blocked)
	}
}

// assign gives an executor to an item.
func (w *world) assign(it *item, e *executor) {
	e.item, it.exec = it, e
	w.move(it, pending)
	if w.options.Assign == 0 {
		w.begin(it)
		return
	}
	w.after(w.options.Assign/2, func() {
		if it.state == pending && e.item == it {
			w.begin(it)
		}
	})
}

// unassign lets an item wait again whose executor was chosen.
func (w *world) unassign(it *item) {
	it.exec.free()
	it.exec = nil
	w.move(it, buildable)
}

// begin lets an item leave the queue. What it becomes shows on the executor after the second half of Assign.
func (w *world) begin(it *item) {
	e := it.exec
	e.item = nil
	if it.step != nil {
		w.startStep(it.step, e)
	} else {
		w.startRun(it, e)
	}
	if w.options.Assign > 0 {
		e.hidden = true
		w.after(w.options.Assign-w.options.Assign/2, func() { e.hidden = false })
	}
}

// shown are the items as Jenkins lists them: those in their quiet period, the blocked ones, the buildable ones, the pending ones, of the
// last two the newest first.
func (w *world) shown() []*item {
	var all []*item
	for s := waiting; s < left; s++ {
		var of []*item
		for _, it := range w.queue {
			if it.state == s {
				of = append(of, it)
			}
		}
		switch {
		case s == waiting:
			slices.SortStableFunc(of, func(a, b *item) int { return a.quiet.Compare(b.quiet) })
		case s >= buildable:
			slices.Reverse(of)
		}
		all = append(all, of...)
	}
	return all
}
