package jenkinstest

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// world is what there is, at one moment. It has no lock and no clock: whoever uses it has both.
type world struct {
	options Options
	chance  *rand.Rand
	now     time.Time
	events  events

	session  string
	phase    phase
	quieting bool
	reason   string        // of the quieting
	restart  bool          // once no build is left that blocks it
	skew     time.Duration // of its clock

	jobs    map[string]*job
	folders map[string]bool
	items   map[int64]*item
	queue   []*item // in the order in which they became what they are; those that left are not in it
	lastID  int64
	gone    []departure // items that left, in that order
	live    []*run      // builds that run, in the order in which they began

	builtIn *node
	nodes   map[string]*node // ghosts too, but not the built-in node
	agents  []*agent
	joined  int64 // how many nodes there ever were

	queued, started, finished int
	waits                     []Wait
	lost                      []LostBuild
	excused                   map[string]bool // pods and nodes

	memo *memo // only while an answer is written
}

func newWorld(o Options, chance *rand.Rand) *world {
	w := &world{
		options: o, chance: chance, now: o.Now(),
		jobs: map[string]*job{}, folders: map[string]bool{}, items: map[int64]*item{}, nodes: map[string]*node{}, excused: map[string]bool{},
	}
	w.session = w.newSession()
	w.builtIn = &node{Node: Node{Executors: o.Executors, Description: "the master Jenkins node"}, builtIn: true, connected: true}
	w.builtIn.Name, w.builtIn.Labels = "master", []string{"master"}
	if newer(o.Version, 319) {
		w.builtIn.Name, w.builtIn.Labels, w.builtIn.Description = "Built-In Node", []string{"built-in"}, "the Jenkins controller's built-in node"
	}
	w.builtIn.resize()
	return w
}

// newer tells whether a version is 2.minor or a newer one.
func newer(version string, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(version, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a > 2 || a == 2 && b >= minor
}

func (w *world) newSession() string { return fmt.Sprintf("%08x", w.chance.Uint32()) }

// event is what happens at a time.
type event struct {
	at  time.Time
	seq int
	do  func()
}

// events is a heap: the earliest first, of equals the one that was planned first.
type events struct {
	list []event
	seq  int
}

func (e *events) Len() int      { return len(e.list) }
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(v any)    { e.list = append(e.list, v.(event)) }
func (e *events) Pop() any {
	last := e.list[len(e.list)-1]
	e.list = e.list[:len(e.list)-1]
	return last
}

func (e *events) Less(i, j int) bool {
	return cmp.Or(e.list[i].at.Compare(e.list[j].at), cmp.Compare(e.list[i].seq, e.list[j].seq)) < 0
}

// after plans what happens in a while.
func (w *world) after(d time.Duration, do func()) {
	w.events.seq++
	heap.Push(&w.events, event{at: w.now.Add(d), seq: w.events.seq, do: do})
}

// advance lets happen what happens until a moment, each at its own time. It tells whether anything did.
func (w *world) advance(to time.Time) (any bool) {
	for w.events.Len() > 0 && !w.events.list[0].at.After(to) {
		at := w.events.list[0].at
		if at.After(w.now) {
			w.now = at
		}
		for w.events.Len() > 0 && w.events.list[0].at.Equal(at) {
			heap.Pop(&w.events).(event).do()
		}
		w.settle()
		any = true
	}
	w.forget()
	if to.After(w.now) {
		w.now = to
	}
	return any
}

// forget drops items that left long ago.
func (w *world) forget() {
	n := 0
	for n < len(w.gone) && w.now.Sub(w.gone[n].at) > keepLeft {
		delete(w.items, w.gone[n].id)
		n++
	}
	w.gone = w.gone[n:]
}

// departure is an item that left.
type departure struct {
	id int64
	at time.Time
}

// millis is a time as Jenkins writes it, by its own clock.
func (w *world) millis(t time.Time) int64 { return t.Add(w.skew).UnixMilli() }

func (w *world) run(job string, number int) *run {
	if j := w.jobs[job]; j != nil {
		for _, r := range j.runs {
			if r.number == number {
				return r
			}
		}
	}
	return nil
}

// members are the nodes that are configured, by name: no ghosts, no built-in node.
func (w *world) members() []*node {
	if w.memo != nil {
		return w.memo.members
	}
	var all []*node
	for _, n := range w.nodes {
		if !n.ghost {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// computers are what Jenkins lists: the built-in node, then all others by name, ghosts too.
func (w *world) computers() []*node {
	all := make([]*node, 0, len(w.nodes)+1)
	for _, n := range w.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Insert(all, 0, w.builtIn)
}
