package drain_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// world is a cluster, a Jenkins and its builds, in which time passes only when a test says so. It knows the truth, and who did what: a build
// that is lost through Majordomo goes into lost, one that is lost through anything else does not.
type world struct {
	now    time.Time
	spec   target
	pods   []*pod
	past   []moment // what watches may show, oldest first
	serial int
	hands  int // pods that the controller made
	story  []string

	ctl controller

	session  int
	down     time.Time // until when Jenkins does not answer
	nodes    []*node
	builds   []*build
	lost     []string
	wakesAll time.Time // from when agents may register again after a start of Jenkins
}

// target is the controller's object.
type target struct {
	kind       string
	replicas   int
	ours       bool // Majordomo wrote the replicas
	generation int
	observed   int
	seen       int
	template   string
}

type pod struct {
	roster.Pod
	runs      time.Time // from when its container may run
	registers time.Time // from when it may register
	gone      time.Time // when it is gone, once it is being deleted
	broken    bool      // it never registers, or not again
}

type node struct {
	name, uid string
	parked    string // reason
	builds    []*build
}

type build struct {
	id       int
	pipeline bool
	node     string    // it runs there; "" while it waits
	uid      string    // pod that it runs on, or waits for
	ghost    string    // node that is kept for it in Jenkins while it waits, without a connection; "" if it is queued to be resumed
	until    time.Time // when a pipeline that waits for its agent gives up
	done     bool
}

// moment is what was once.
type moment struct {
	at   time.Time
	pods []roster.Pod
	spec target
}

const (
	lag       = 1500 * time.Millisecond // behind which no watch is
	reconnect = 10 * time.Second
	resume    = 5 * time.Minute
)

func newWorld(kind string, replicas int) *world {
	w := &world{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), session: 1}
	w.spec = target{kind: kind, replicas: replicas, generation: 1, template: "t1"}
	w.remember()
	return w
}

// note adds a line to what has happened.
func (w *world) note(format string, args ...any) {
	w.story = append(w.story, w.now.Format("04:05.0 ")+fmt.Sprintf(format, args...))
}

// remember keeps what watches may show.
func (w *world) remember() {
	m := moment{at: w.now, spec: w.spec}
	for _, p := range w.pods {
		m.pods = append(m.pods, p.Pod)
	}
	w.past = append(w.past, m)
	for len(w.past) > 1 && w.now.Sub(w.past[1].at) > 2*lag {
		w.past = w.past[1:]
	}
}

// pass lets time pass, and what happens by itself happen.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); !w.ctl.due.IsZero() && w.ctl.due.Before(end); d = end.Sub(w.now) {
		w.now = latest(w.now, w.ctl.due)
		w.sync(0, 0)
	}
	w.now = w.now.Add(d)
	w.pods = slices.DeleteFunc(w.pods, func(p *pod) bool { return p.Deleting && !p.gone.After(w.now) })
	for _, b := range w.builds {
		if b.pipeline && !b.done && b.node == "" && b.uid != "" && w.now.After(b.until) {
			w.giveUp(b)
		}
	}
	w.remember()
}

// giveUp ends a pipeline whose agent has not come back. That is Majordomo's fault if the agent is there and parked.
func (w *world) giveUp(b *build) {
	b.done = true
	for _, n := range w.nodes {
		if n.uid == b.uid && strings.HasPrefix(n.parked, drain.Marker) {
			w.lost = append(w.lost, fmt.Sprintf("build %d waited for agent %s, which was parked", b.id, n.name))
		}
	}
}

// start lets pods run and register whose time has come.
func (w *world) start() {
	for _, p := range w.pods {
		if p.Deleting {
			continue
		}
		if p.NeverRan && !p.runs.After(w.now) {
			p.NeverRan, p.Phase, p.Ready, p.ReadySince, p.Node = false, "Running", true, w.now, "worker"
			p.registers = w.now.Add(4 * time.Second)
		}
		if !p.NeverRan && !p.broken && w.up() && !p.registers.After(w.now) && !w.wakesAll.After(w.now) && w.node(p.UID) == nil {
			w.register(p)
		}
	}
	w.remember()
}

// register lets Jenkins know an agent. A pipeline for which its node was kept goes on at once.
func (w *world) register(p *pod) {
	n := &node{name: p.Name, uid: p.UID}
	for _, b := range w.builds {
		if !b.done && b.uid == p.UID && b.ghost != "" {
			b.node, b.ghost = n.name, ""
			n.builds = append(n.builds, b)
		}
	}
	w.nodes = append(w.nodes, n)
}

func (w *world) up() bool { return !w.down.After(w.now) }

func (w *world) node(uid string) *node {
	i := slices.IndexFunc(w.nodes, func(n *node) bool { return n.uid == uid })
	if i < 0 {
		return nil
	}
	return w.nodes[i]
}

func (w *world) pod(uid string) *pod {
	i := slices.IndexFunc(w.pods, func(p *pod) bool { return p.UID == uid })
	if i < 0 {
		return nil
	}
	return w.pods[i]
}

// submit queues a build.
func (w *world) submit(pipeline bool) {
	w.serial++
	w.builds = append(w.builds, &build{id: w.serial, pipeline: pipeline})
}

// assign gives waiting builds to agents without one, as Jenkins does: a pipeline that waits for its agent only to that one.
func (w *world) assign() {
	if !w.up() {
		return
	}
	for _, b := range w.builds {
		if b.done || b.node != "" || b.ghost != "" {
			continue
		}
		for _, n := range w.nodes {
			if n.parked == "" && len(n.builds) == 0 && (b.uid == "" || b.uid == n.uid) {
				b.node, b.uid = n.name, n.uid
				n.builds = append(n.builds, b)
				break
			}
		}
	}
}

// finish ends all builds that run.
func (w *world) finish() {
	for _, n := range w.nodes {
		for _, b := range n.builds {
			b.done = true
		}
		n.builds = nil
	}
}

// cut takes the node of a pod out of Jenkins: its freestyle build fails, a pipeline waits for it.
func (w *world) cut(uid string) {
	n := w.node(uid)
	if n == nil {
		return
	}
	for _, b := range n.builds {
		b.node = ""
		if b.pipeline {
			b.until, b.ghost = w.now.Add(resume), n.name
		} else {
			b.done = true
		}
	}
	w.nodes = slices.DeleteFunc(w.nodes, func(o *node) bool { return o == n })
	if p := w.pod(uid); p != nil {
		p.registers = w.now.Add(reconnect)
	}
}

// online brings all nodes online, as a person does who finds them offline, but for those that are being removed at this very moment: from the
// last look at an agent to its removal there are milliseconds in which nobody must bring it back, and Jenkins has no way to exclude that.
func (w *world) online() {
	active := 0
	for _, p := range w.pods {
		if p.Active() {
			active++
		}
	}
	for _, n := range w.nodes {
		if p := w.pod(n.uid); active <= w.spec.replicas && (w.spec.kind != "StatefulSet" || p == nil || p.Ordinal < w.spec.replicas) {
			n.parked = ""
		}
	}
}

// hang cuts an agent off for good: a pipeline waits for it in vain.
func (w *world) hang(p *pod) {
	p.broken = true
	w.cut(p.UID)
	w.note("        %s hangs", p.Name)
}

// restart restarts Jenkins: nodes are gone, freestyle builds too, pipelines wait for their agents.
func (w *world) restart() {
	for len(w.nodes) > 0 {
		w.cut(w.nodes[0].uid)
	}
	w.session++
	w.down = w.now.Add(8 * time.Second)
	w.wakesAll = w.down.Add(2 * time.Second)
	for _, b := range w.builds {
		if !b.done && b.node == "" && b.uid != "" {
			b.until, b.ghost = w.down.Add(resume), ""
		}
	}
}

// kill ends a pod. What runs on it, or waits for it, is lost through whoever does it; "" for somebody else than Majordomo.
func (w *world) kill(p *pod, by string) {
	if p.Deleting {
		return
	}
	p.Deleting, p.gone = true, w.now.Add(3*time.Second)
	w.note("        %s is stopped", p.Name)
	for _, b := range w.builds {
		if b.done || b.uid != p.UID {
			continue
		}
		b.done = true
		if by != "" {
			w.lost = append(w.lost, fmt.Sprintf("build %d on agent %s: %s", b.id, p.Name, by))
		}
	}
	w.cut(p.UID)
	w.remember()
}

// snapshot is what Jenkins answers, nil if it does not.
func (w *world) snapshot() *jenkins.Snapshot {
	if !w.up() {
		return nil
	}
	s := &jenkins.Snapshot{At: w.now, Session: fmt.Sprint(w.session), User: "scaler", Computers: []jenkins.Computer{
		{Name: "Built-In Node", BuiltIn: true, Idle: true, Connected: true},
		{Name: "static", Idle: true, Connected: true, Executors: 1, Labels: []string{"static"}},
	}}
	for _, n := range w.nodes {
		c := jenkins.Computer{
			Name: n.name, Description: "Swarm agent from 10.0.0.9: pod ci/" + n.name + " " + n.uid, Labels: []string{n.name, "linux"}, Executors: 1,
			Busy: len(n.builds), Idle: len(n.builds) == 0, Offline: n.parked != "", Parked: n.parked != "", OfflineReason: n.parked, Connected: true,
		}
		for _, b := range n.builds {
			c.Builds = append(c.Builds, jenkins.Build{URL: fmt.Sprintf("http://jenkins/job/%d/", b.id)})
		}
		s.Computers = append(s.Computers, c)
	}
	for _, b := range w.builds {
		if !b.done && b.ghost != "" && w.node(b.uid) == nil {
			s.Computers = append(s.Computers, jenkins.Computer{Name: b.ghost, Busy: 1, Offline: true, Builds: []jenkins.Build{{URL: fmt.Sprintf("http://jenkins/job/%d/", b.id)}}})
		}
	}
	return s
}

// resuming are the nodes that pipelines wait for.
func (w *world) resuming() []string {
	var out []string
	for _, b := range w.builds {
		if p := w.pod(b.uid); !b.done && b.node == "" && b.ghost == "" && p != nil {
			out = append(out, p.Name)
		}
	}
	return out
}

// shown is the target as the API shows it.
func (t target) shown() drain.Target {
	return drain.Target{
		Kind: t.kind, Name: "agent", UID: "target", Version: fmt.Sprint(t.generation), Replicas: t.replicas, Template: t.template, Seen: t.seen,
		Settled: t.observed == t.generation,
	}
}

// agentPool is the pool of the world.
func agentPool(kind string) *pool.Pool {
	return &pool.Pool{Namespace: "ci", Name: "linux", Annotations: map[string]string{}, Spec: pool.Spec{
		Target: pool.Target{Kind: kind, Name: "agent"}, Labels: []string{"linux"}, Max: 6,
	}}
}

// clone returns a world that is the same and goes its own way.
func (w *world) clone() *world {
	c := *w
	c.past, c.lost, c.story = slices.Clone(w.past), slices.Clone(w.lost), slices.Clone(w.story)
	c.pods, c.nodes, c.builds = nil, nil, nil
	for _, p := range w.pods {
		o := *p
		c.pods = append(c.pods, &o)
	}
	twin := map[*build]*build{}
	for _, b := range w.builds {
		o := *b
		twin[b] = &o
		c.builds = append(c.builds, &o)
	}
	for _, n := range w.nodes {
		o := *n
		o.builds = nil
		for _, b := range n.builds {
			o.builds = append(o.builds, twin[b])
		}
		c.nodes = append(c.nodes, &o)
	}
	return &c
}
