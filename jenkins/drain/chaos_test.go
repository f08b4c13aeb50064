package drain_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"majordomo.dev/jenkins/pool"
)

// chaos is a pool to which anything happens, in any order.
type chaos struct {
	w *world
	m *majordomo
}

// rests are pools at rest, to begin with.
func rests() map[string]*majordomo {
	out := map[string]*majordomo{}
	for _, kind := range kinds {
		_, out[kind] = calm(kind)
	}
	return out
}

func TestNoBuildIsLostWhateverHappensInWhicheverOrder(t *testing.T) {
	t.Parallel()
	begin := rests()
	rapid.Check(t, func(t *rapid.T) {
		m := begin[rapid.SampledFrom(kinds).Draw(t, "kind")].clone()
		m.pool.Spec.Rollout.MaxUnavailable = rapid.IntRange(0, 2).Draw(t, "maxUnavailable")
		if rapid.Bool().Draw(t, "recycle") {
			m.pool.Spec.Recycle = &pool.Recycle{Builds: rapid.IntRange(0, 2).Draw(t, "builds"), Age: pool.Duration(rapid.IntRange(0, 1).Draw(t, "age")) * pool.Duration(5*time.Minute)}
		}
		c := &chaos{w: m.w, m: m}
		t.Repeat(map[string]func(*rapid.T){
			"":          c.check,
			"visit":     c.visit,
			"visit too": c.visit, // more often than others
			"sync":      c.sync,
			"time":      c.time,
			"builds":    c.builds,
			"finish":    c.finish,
			"desired":   func(t *rapid.T) { c.m.desired = rapid.IntRange(0, 7).Draw(t, "desired") },
			"cluster":   c.cluster,
			"jenkins":   c.jenkins,
			"process":   c.process,
		})
		m.pool.Spec.Recycle = nil
		judge(t, c.w, c.m)
	})
}

// check is what holds at all times.
func (c *chaos) check(t *rapid.T) {
	if len(c.w.lost)+len(c.m.broke) > 0 {
		t.Fatalf("lost %q, broken %q\n%s", c.w.lost, c.m.broke, strings.Join(c.w.story, "\n"))
	}
}

func late(t *rapid.T, name string) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, 500 * time.Millisecond, lag}).Draw(t, name)
}

// visit is a visit, between the steps of which builds and crashes come.
func (c *chaos) visit(t *rapid.T) {
	c.w.start()
	c.w.assign()
	c.m.visit(late(t, "caches"), func() bool {
		c.w.pass(rapid.SampledFrom([]time.Duration{10 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second}).Draw(t, "between"))
		switch rapid.IntRange(0, 12).Draw(t, "event") {
		case 0:
			c.w.submit(rapid.Bool().Draw(t, "pipeline"))
		case 1:
			c.sync(t)
		case 2:
			c.cluster(t)
		case 3:
			c.jenkins(t)
		case 4:
			c.process(t)
			return true
		}
		c.w.start()
		c.w.assign()
		return false
	})
}

func (c *chaos) sync(t *rapid.T) { c.w.sync(late(t, "pods"), late(t, "spec")) }

// time passes. Majordomo visits the pool all the while; while it is away itself, the controller is not: that both are, and Jenkins restarts
// right after replicas were lowered, is more than anybody can make up for.
func (c *chaos) time(t *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}).Draw(t, "time")
	for ; d > 0; d -= poll {
		c.w.pass(min(d, poll))
		c.w.start()
		c.w.assign()
		if c.m.down {
			c.w.sync(0, 0)
		} else {
			c.m.visit(0, func() bool { return false })
		}
	}
}

func (c *chaos) builds(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "builds") {
		c.w.submit(rapid.Bool().Draw(t, "pipeline"))
	}
	c.w.assign()
}

// finish ends the builds on some agents.
func (c *chaos) finish(t *rapid.T) {
	for _, n := range c.w.nodes {
		if len(n.builds) > 0 && rapid.Bool().Draw(t, "done") {
			n.builds[0].done, n.builds = true, nil
		}
	}
}

// cluster is what others do to the cluster.
func (c *chaos) cluster(t *rapid.T) {
	if len(c.w.pods) == 0 {
		return
	}
	p := rapid.SampledFrom(c.w.pods).Draw(t, "pod")
	switch rapid.IntRange(0, 5).Draw(t, "what") {
	case 0:
		c.w.kill(p, "")
	case 1:
		c.w.hand(rapid.IntRange(0, 8).Draw(t, "replicas"))
	case 2:
		p.Drain = "manual: node work"
	case 3:
		p.Drain = "" // somebody takes the mark away, and leaves the cost
	case 4:
		c.w.hang(p)
	case 5:
		if c.w.spec.kind != "Deployment" {
			c.w.template(rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(t, "template"))
		}
	}
	c.w.note("others: %s", p.Name)
	c.w.remember()
}

// jenkins is what happens to Jenkins and the connections of agents.
func (c *chaos) jenkins(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
		c.w.note("Jenkins restarts")
		c.w.restart()
		return
	}
	if len(c.w.nodes) > 0 {
		n := rapid.SampledFrom(c.w.nodes).Draw(t, "node")
		c.w.note("connection lost: %s", n.name)
		c.w.cut(n.uid)
	}
}

func (c *chaos) process(t *rapid.T) {
	if rapid.Bool().Draw(t, "save") {
		c.m.save()
		return
	}
	c.m.crash(rapid.Bool().Draw(t, "remembers"))
}
