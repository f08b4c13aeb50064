// Package jenkinstest is a Jenkins that answers as the real one does, for tests and for the demo.
//
// It is a model of a queue, of nodes with executors and of builds, and it speaks the protocol that was recorded from Jenkins 2.263.4. There
// is no goroutine in it: whoever asks sees the world as it is at that moment of its clock. So it works with real time, inside of
// testing/synctest, and with a Clock that a test moves by hand.
//
//	j := jenkinstest.New(jenkinstest.Options{})
//	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux && docker", Duration: time.Minute})
//	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux", "docker"}})
//	j.Enqueue("compile", 3)                   // two of them wait
//	url := j.Start(t)                         // by HTTP, until the test ends
//	user, token := j.Credentials("scaler")    // the rights that suffice
//	...
//	j.FinishBuild("compile", 1)               // or wait for the end of its Duration
//	if lost := j.Lost(); len(lost) > 0 {      // builds that died with their agent
//
// Without a network, in synctest for example, j.Client() is an http.Client that talks to it directly. Wait returns once something is so; with
// a Clock, a test moves time on by Advance instead:
//
//	clock := jenkinstest.NewClock(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
//	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
//
// A Job without a Duration has builds that run until FinishBuild, FinishOn or FinishAll. Nodes are swarm agents unless Static. FollowFor makes
// the pods of a cluster into such agents, and the annotation Register on a pod makes its agent misbehave. Fault, Restart, Crash and QuietDown
// make it as unpleasant as a Jenkins can be. Lost tells which builds died with their agent: what a fleet must never do. The command
// majordomo-jenkins is all this as a program.
//
// What it answers is held against 477 exchanges that were recorded from the real one.
package jenkinstest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Options say how a Jenkins is. The zero value works.
type Options struct {
	// Now is its clock; time.Now if nil.
	Now func() time.Time
	// Seed decides what chance decides.
	Seed uint64
	// Version is what it says it is; 2.263.4 if empty. From 2.319 on its built-in node is called Built-In Node.
	Version string
	// URL is the configured one, with which the URLs in answers begin. If empty, it is where it listens.
	URL string
	// Executors are those of the built-in node.
	Executors int
	// Assign is how long it takes from the choice of an executor to the start of the build. In the first half the item is still in the queue,
	// pending; in the second one the executor is busy without a build.
	Assign time.Duration
	// Notice is how long the queue takes to see that an agent has connected.
	Notice time.Duration
	// LateAssign is how long a node that was just parked may still be given a build: some versions of Jenkins park without waiting for a
	// queue run that has begun.
	LateAssign time.Duration
	// Quiet is the quiet period of jobs that have none of their own; 5 s if 0.
	Quiet time.Duration
	// Reconnect is how long agents take to come back when their connection has broken or Jenkins has restarted; 5 s if 0.
	Reconnect time.Duration
	// Resume is how long a pipeline waits for its node when that is gone; 5 min if 0.
	Resume time.Duration
	// Boot says how long the phases of a restart are.
	Boot Boot
	// Open switches security off: anybody may do anything.
	Open bool
	// NoSwarm leaves the swarm plugin out.
	NoSwarm bool
	// PipelineNames makes the items of pipelines have a name and a URL, as workflow-durable-task-step does since 2.38.
	PipelineNames bool
	// Users are the accounts by name; Users() if nil.
	Users map[string]User
}

// Boot says how long the phases of a restart are; 0 is what was recorded.
type Boot struct {
	Restarting   time.Duration // 503, 10 s
	Unauthorized time.Duration // 401 whoever asks, 200 ms
	Refused      time.Duration // nobody listens, 7 s
	Starting     time.Duration // 503, 10 s
}

// Jenkins is a Jenkins. All methods may be called from many goroutines.
type Jenkins struct {
	options Options

	mu      sync.Mutex
	w       *world
	changed chan struct{} // closed and renewed whenever something may have changed
	faults  []*fault
	server  *server
}

// New starts a Jenkins that has been up for a while.
func New(o Options) *Jenkins {
	o = o.withDefaults()
	j := &Jenkins{options: o, changed: make(chan struct{})}
	j.w = newWorld(o, rand.New(rand.NewPCG(o.Seed, o.Seed^0x9e3779b97f4a7c15))) //nolint:gosec // chance that tests can repeat
	return j
}

func (o Options) withDefaults() Options {
	orElse := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Version == "" {
		o.Version = "2.263.4"
	}
	if o.Users == nil {
		o.Users = Users()
	}
	orElse(&o.Quiet, 5*time.Second)
	orElse(&o.Reconnect, 5*time.Second)
	orElse(&o.Resume, 5*time.Minute)
	orElse(&o.Boot.Restarting, 10*time.Second)
	orElse(&o.Boot.Unauthorized, 200*time.Millisecond)
	orElse(&o.Boot.Refused, 7*time.Second)
	orElse(&o.Boot.Starting, 10*time.Second)
	return o
}

// do lets f see and change the world as it is now.
func (j *Jenkins) do(f func(w *world)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.w.advance(j.options.Now())
	f(j.w)
	j.w.settle()
	j.notify()
}

// look lets f see the world as it is now. It returns a channel that is closed once something may have changed.
func (j *Jenkins) look(f func(w *world)) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.w.advance(j.options.Now()) {
		j.notify()
	}
	f(j.w)
	return j.changed
}

func (j *Jenkins) notify() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// AddJob adds a job, or changes the one of that name; its builds stay.
func (j *Jenkins) AddJob(jobs ...Job) {
	j.do(func(w *world) {
		for _, of := range jobs {
			w.addJob(of)
		}
	})
}

// AddNode adds a node with its agent, which is connected at once unless it is Offline. A node of that name is replaced.
func (j *Jenkins) AddNode(nodes ...Node) {
	j.do(func(w *world) {
		for _, n := range nodes {
			w.addNode(n)
		}
	})
}

// Enqueue asks for n builds of a job, without quiet period, each with a parameter BUILD of its own so that they do not merge.
// It returns the ids of the items.
func (j *Jenkins) Enqueue(job string, n int) []int64 {
	ids, err := j.Order(Order{Job: job, Count: n})
	if err != nil {
		panic(err) // a test that names a job it has not added
	}
	return ids
}

// Order asks for builds.
func (j *Jenkins) Order(o Order) (ids []int64, err error) {
	j.do(func(w *world) { ids, err = w.order(o) })
	return ids, err
}

// Cancel takes an item out of the queue.
func (j *Jenkins) Cancel(item int64) (err error) {
	j.do(func(w *world) {
		it := w.items[item]
		if it == nil || it.state == left {
			err = fmt.Errorf("item %d is not in the queue", item)
			return
		}
		w.cancel(it)
	})
	return err
}

// FinishBuild ends a running build with SUCCESS.
func (j *Jenkins) FinishBuild(job string, number int) (err error) {
	j.do(func(w *world) {
		r := w.run(job, number)
		if r == nil || !r.running() {
			err = fmt.Errorf("build %s #%d does not run", job, number)
			return
		}
		w.complete(r, "SUCCESS")
	})
	return err
}

// FinishOn ends with SUCCESS what runs on a node, and returns how much that was.
func (j *Jenkins) FinishOn(node string) (n int) {
	j.do(func(w *world) { n = w.completeOn(node) })
	return n
}

// FinishAll ends all running builds with SUCCESS, and returns how many there were.
func (j *Jenkins) FinishAll() (n int) {
	j.do(func(w *world) {
		n = len(w.live)
		for _, r := range slices.Clone(w.live) {
			w.complete(r, "SUCCESS")
		}
	})
	return n
}
