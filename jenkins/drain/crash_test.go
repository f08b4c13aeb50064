package drain_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/pool"
)

// kinds are the controllers that a pool may have.
var kinds = []string{"ReplicaSet", "ReplicationController", "Deployment", "StatefulSet"}

// story is what is to happen to a pool of five agents without anything in its way.
type story struct {
	name  string
	begin func(*world, *majordomo)
	want  int  // agents in the end
	all   bool // for a Deployment too
}

var stories = []story{
	{"fewer agents are wanted", func(_ *world, m *majordomo) { m.desired = 2 }, 2, true},
	{"fewer agents are wanted, three have builds", func(w *world, m *majordomo) {
		for i := range 3 {
			w.submit(i%2 == 0)
		}
		w.assign()
		m.desired = 2
	}, 2, true},
	{"no agents are wanted", func(_ *world, m *majordomo) { m.desired = 0 }, 0, true},
	{"another template", func(w *world, _ *majordomo) { w.template("t2") }, 5, false},
	{"another template, builds on all agents", func(w *world, m *majordomo) {
		m.pool.Spec.Rollout.MaxUnavailable = 2
		for i := range 5 {
			w.submit(i%2 == 0)
		}
		w.assign()
		w.template("t2")
	}, 5, false},
	{"a fresh agent for each build", func(w *world, m *majordomo) {
		m.pool.Spec.Recycle = &pool.Recycle{Builds: 1}
		for i := range 3 {
			w.submit(i%2 == 0)
		}
	}, 5, true},
	{"replicas set to one by hand", func(w *world, _ *majordomo) { w.hand(1) }, 5, true},
	{"replicas set to eight by hand", func(w *world, _ *majordomo) { w.hand(8) }, 5, true},
	{"an agent drained by hand", func(w *world, _ *majordomo) { w.pods[1].Drain = "manual: node work" }, 5, true},
	{"the pool goes", func(w *world, m *majordomo) {
		w.submit(true)
		w.assign()
		m.pool.Deleting = true
	}, 0, true},
}

func (w *world) template(hash string) {
	w.spec.template = hash
	w.spec.generation++
	w.remember()
}

func (w *world) hand(replicas int) {
	w.spec.replicas, w.spec.ours = replicas, false
	w.spec.generation++
	w.remember()
}

// trouble is what comes in the way at one moment.
type trouble struct {
	name string
	do   func(*world, *majordomo) (crashed bool)
}

var troubles = []trouble{
	{"nothing", func(*world, *majordomo) bool { return false }},
	{"crash, nothing remembered", func(_ *world, m *majordomo) bool { m.crash(false); return true }},
	{"crash, remembers what it saved at first", func(_ *world, m *majordomo) bool { m.crash(true); return true }},
	{"builds arrive", func(w *world, _ *majordomo) bool { w.submit(false); w.submit(true); w.assign(); return false }},
	{"builds arrive, then a crash", func(w *world, m *majordomo) bool { w.submit(true); w.assign(); m.crash(false); return true }},
	{"all agents lose their connection", func(w *world, _ *majordomo) bool {
		w.submit(true)
		w.assign()
		for len(w.nodes) > 0 {
			w.cut(w.nodes[0].uid)
		}
		return false
	}},
	{"a person brings all nodes online, builds arrive", func(w *world, _ *majordomo) bool {
		w.online()
		for range w.nodes {
			w.submit(true)
		}
		w.assign()
		return false
	}},
	{"one agent loses its connection", func(w *world, _ *majordomo) bool {
		w.submit(true)
		w.assign()
		if len(w.nodes) > 0 {
			w.cut(w.nodes[len(w.nodes)-1].uid)
		}
		return false
	}},
	{"Jenkins restarts", func(w *world, _ *majordomo) bool { w.submit(true); w.assign(); w.restart(); return false }},
	{"Jenkins and Majordomo restart", func(w *world, m *majordomo) bool {
		w.submit(true)
		w.assign()
		w.restart()
		m.crash(false)
		return true
	}},
	{"somebody deletes a pod", func(w *world, _ *majordomo) bool {
		if len(w.pods) > 0 {
			w.kill(w.pods[0], "")
		}
		return false
	}},
	{"somebody deletes a marked pod", func(w *world, _ *majordomo) bool {
		for _, p := range w.pods {
			if p.Drain != "" {
				w.kill(p, "")
			}
		}
		return false
	}},
	{"the controller acts on old watches", func(w *world, _ *majordomo) bool { w.sync(lag, 0); return false }},
	{"more agents are wanted", func(_ *world, m *majordomo) bool { m.desired = 6; return false }},
	{"more agents are wanted, the controller acts", func(w *world, m *majordomo) bool { m.desired = 6; w.sync(lag, 0); return false }},
	{"a person lowers the replicas", func(w *world, _ *majordomo) bool { w.hand(max(0, w.spec.replicas-2)); return false }},
	{"an agent is drained by hand", func(w *world, _ *majordomo) bool {
		for _, p := range w.pods {
			if p.Active() && p.Drain == "" {
				p.Drain = "manual: node work"
				break
			}
		}
		w.remember()
		return false
	}},
	{"yet another template", func(w *world, _ *majordomo) bool {
		if w.spec.kind != "Deployment" {
			w.template("t3")
		}
		return false
	}},
}

// slowness is how late things are, for a whole run.
type slowness struct {
	pods, spec time.Duration // the controller's watches
	caches     time.Duration // Majordomo's
	every      int           // round in which the controller acts
	eager      bool          // it acts after each step, too
}

var slownesses = []slowness{
	{every: 1},
	{every: 1, eager: true},
	{every: 1, pods: lag},
	{every: 1, spec: lag, caches: lag},
	{every: 3, pods: lag, caches: lag},
}

// calm is a pool of five agents that has come to rest.
func calm(kind string) (*world, *majordomo) {
	w := newWorld(kind, 5)
	m := newMajordomo(w, 5)
	for range 20 {
		w.round(m, slowness{every: 1}, nil)
	}
	m.save()
	w.story = nil
	return w, m
}

// run tells a story that begins with a copy of a pool at rest, with trouble at one moment, until all is quiet. It returns the number of
// moments that there were.
func run(rest *majordomo, s story, slow slowness, at int, t trouble) (*world, *majordomo, int) {
	m := rest.clone()
	w := m.w
	s.begin(w, m)
	m.eager = slow.eager
	moments := 0
	between := func() bool {
		moments++
		if len(w.story) > m.traced {
			m.active, m.traced = moments, len(w.story)
		}
		w.pass(100 * time.Millisecond)
		w.assign()
		if moments-1 == at {
			w.note("-- %s", t.name)
			return t.do(w, m)
		}
		return false
	}
	for i, quiet := 0, 0; i < 60 && quiet < 10; i++ {
		before := len(w.story)
		if i%slow.every == 0 {
			w.round(m, slow, between)
		} else {
			w.rest(m, slow, between)
		}
		if i%7 == 6 {
			w.finish()
		}
		if quiet++; len(w.story) > before {
			quiet = 0
		}
	}
	return w, m, moments
}

// round is one turn of everything.
func (w *world) round(m *majordomo, slow slowness, between func() bool) {
	w.rest(m, slow, between)
	w.sync(slow.pods, slow.spec)
	w.pass(time.Second)
}

// rest is a turn in which the controller does nothing.
func (w *world) rest(m *majordomo, slow slowness, between func() bool) {
	if between == nil {
		between = func() bool { return false }
	}
	w.start()
	w.assign()
	m.visit(slow.caches, between)
	w.pass(poll - time.Second)
}

// settle lets everything come to rest, and returns what is not as it is to be.
func (w *world) settle(m *majordomo) string {
	why := ""
	quiet := 0
	for range 1200 {
		w.finish()
		before := len(w.story)
		w.round(m, slowness{every: 1}, nil)
		if why = w.unsettled(m); why == "" && len(w.story) == before {
			if quiet++; quiet == 5 {
				return ""
			}
			continue
		}
		quiet = 0
	}
	if why == "" {
		why = "it does not come to rest"
	}
	return why
}

func (w *world) unsettled(m *majordomo) string {
	want := min(m.desired, m.pool.Spec.Max)
	if m.pool.Deleting {
		want = 0
	}
	if w.spec.replicas != want {
		return fmt.Sprintf("replicas are %d, %d wanted", w.spec.replicas, want)
	}
	if len(w.pods) != want || len(w.nodes) != want {
		return fmt.Sprintf("%d pods, %d nodes, %d wanted", len(w.pods), len(w.nodes), want)
	}
	for _, p := range w.pods {
		if p.Drain != "" || p.Cost != 0 || p.Template != w.spec.template {
			return fmt.Sprintf("pod %s: mark %q, cost %d, template %s", p.Name, p.Drain, p.Cost, p.Template)
		}
	}
	for _, n := range w.nodes {
		if n.parked != "" {
			return fmt.Sprintf("node %s is parked", n.name)
		}
	}
	for _, b := range w.builds {
		if !b.done && b.uid != "" {
			return fmt.Sprintf("build %d is not done", b.id)
		}
	}
	return ""
}

// judge fails the test if a build was lost, a rule was broken, or it does not end as it is to.
func judge(t interface {
	Helper()
	Fatalf(string, ...any)
}, w *world, m *majordomo,
) {
	t.Helper()
	rest := w.settle(m)
	if rest == "" && len(w.lost) == 0 && len(m.broke) == 0 {
		return
	}
	tail := w.story[max(0, len(w.story)-80):]
	if len(w.lost)+len(m.broke) > 0 {
		tail = w.story[:min(len(w.story), 80)]
	}
	t.Fatalf("lost: %q\nbroken: %q\nin the end: %s\n%s", w.lost, m.broke, rest, strings.Join(tail, "\n"))
}

// exhaustive tries everything with everything, which takes half an hour: go test ./jenkins/drain -exhaustive -timeout 2h.
var exhaustive = flag.Bool("exhaustive", false, "try every trouble at every moment with every slowness")

func TestNoBuildIsLostWhateverComesInTheWayAtAnyMoment(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for i, s := range stories {
			if kind == "Deployment" && !s.all {
				continue
			}
			t.Run(kind+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				_, rest := calm(kind)
				runs := 0
				for j, tr := range troubles {
					for k, slow := range slownesses {
						for at := range moments(rest, s, slow) {
							if !*exhaustive && (at+i+j+k)%stride(kind) != 0 {
								continue
							}
							w, m, _ := run(rest, s, slow, at, tr)
							judge(t, w, m)
							runs++
						}
					}
				}
				t.Logf("%d runs", runs)
			})
		}
	}
}

// moments is how many moments a story has until its last step, and a little more.
func moments(rest *majordomo, s story, slow slowness) int {
	_, m, _ := run(rest, s, slow, -1, troubles[0])
	return m.active + 3
}

// stride is how many of the moments are left out where not all are tried. A ReplicaSet, a ReplicationController and a Deployment are the same
// to the plan, but for their names.
func stride(kind string) int {
	if kind == "ReplicaSet" || kind == "StatefulSet" {
		return 31
	}
	return 79
}
