package drain_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
)

// majordomo is the process that visits the pool: what it remembers is gone when it crashes, but for what it saved.
type majordomo struct {
	w       *world
	pool    *pool.Pool
	desired int

	memory       memory
	saved        []byte
	last, before *jenkins.Snapshot
	caches       time.Time // up to when its watches have shown the cluster
	target       drain.Target

	progress *pool.Progress
	eager    bool // the controller acts after each step
	down     bool // it has crashed, and is not back yet
	traced   int  // lines of the story at the moment active, the last one at which something was done
	active   int
	broke    []string // rules that were broken
}

type memory struct {
	Roster  roster.Memory
	Heal    heal.Memory
	Rollout rollout.State
}

const poll = 5 * time.Second

func newMajordomo(w *world, desired int) *majordomo {
	return &majordomo{w: w, pool: agentPool(w.spec.kind), desired: desired}
}

// clone returns a process that is the same, in a world of its own.
func (m *majordomo) clone() *majordomo {
	c, p := *m, *m.pool
	c.w, c.pool = m.w.clone(), &p
	c.broke = slices.Clone(m.broke)
	return &c
}

// crash ends the process. The next one starts from what was saved, or from nothing.
func (m *majordomo) crash(remembers bool) {
	m.memory, m.last, m.before, m.caches = memory{}, nil, nil, m.w.now
	if remembers && m.saved != nil {
		if err := json.Unmarshal(m.saved, &m.memory); err != nil {
			panic(err)
		}
	}
	m.down = true
	m.w.note("crash, remembers %v", remembers)
}

func (m *majordomo) save() {
	b, err := json.Marshal(m.memory)
	if err != nil {
		panic(err)
	}
	m.saved = b
}

// plan is one visit up to its plan, the watches of the cluster so far behind.
func (m *majordomo) plan(behind time.Duration) drain.Plan {
	unknown := ""
	if s := m.w.snapshot(); s == nil {
		unknown = "Jenkins is starting"
	} else {
		m.before, m.last = m.last, s
	}
	m.caches = latest(m.caches, m.w.now.Add(-behind))
	seen := m.w.view(m.caches)
	r, mem := roster.Join(m.memory.Roster, roster.Input{
		Now: m.w.now, Pool: m.pool, Pods: seen.pods, Snapshot: m.last, Unknown: unknown, Resuming: m.w.resuming(),
	})
	m.memory.Roster = mem
	var report heal.Report
	report, m.memory.Heal = heal.Check(r, heal.Limits{Kind: seen.spec.kind, MaxUnavailable: m.pool.Spec.Rollout.MaxUnavailable}, m.memory.Heal, m.w.now)
	target := seen.spec.shown()
	m.target = target
	var out rollout.Outcome
	out, m.memory.Rollout = rollout.Next(m.memory.Rollout, rollout.Input{Now: m.w.now, Pool: m.pool, Target: target, Agents: r.Agents})
	m.progress = out.Progress
	desired := min(m.desired, m.pool.Spec.Max)
	if unknown != "" {
		s := r.Supply()
		desired = s.Idle + s.Busy + len(s.Starting)
	}
	if m.pool.Deleting {
		desired = 0
	}
	gates := drain.Gates(drain.Sight{Now: m.w.now, Poll: poll, Pool: m.pool, Snapshot: m.last, Before: m.before, Roster: r})
	return drain.Compute(drain.Input{
		Now: m.w.now, Pool: m.pool, Target: target, Agents: r.Agents, Desired: desired, Max: m.pool.Spec.Max, Stable: r.Stable,
		Wishes: append(report.Wishes, out.Wishes...), Gates: gates,
	})
}

// live are the reads right before a step.
func (m *majordomo) live() drain.Live {
	l := drain.Live{Target: m.w.spec.shown()}
	for _, p := range m.w.pods {
		l.Pods = append(l.Pods, p.Pod)
	}
	if s := m.w.snapshot(); s != nil {
		l.Computers = s.Computers
	} else {
		l.Unknown = "Jenkins is starting"
	}
	return l
}

// do does one step, after the live look that it needs. It tells whether the step was done.
func (m *majordomo) do(s drain.Step) bool {
	if s.Looks(m.w.spec.shown()) {
		if why := drain.Verify(s, m.live()); why != "" {
			m.w.note("not done: %s %s%s: %s", s.Op, s.Agent, s.Node, why)
			return false
		}
	}
	if s.Op == drain.Scale && m.target.Version != m.w.spec.shown().Version {
		m.w.note("not done: %s: conflict", s.Op)
		return false
	}
	m.w.note("%s %s %d (%s: %s)", s.Op, s.Agent, s.Replicas, s.Cause, s.Reason)
	m.w.act(m, s)
	m.caches = m.w.now // it knows what it did itself
	m.rules()
	if m.eager {
		m.w.sync(0, 0)
	}
	return true
}

// act is what the servers make of a step.
func (w *world) act(m *majordomo, s drain.Step) {
	p := w.pod(s.UID)
	var n *node
	if p != nil {
		n = w.node(p.UID)
	}
	switch s.Op {
	case drain.Scale:
		if restores := len(s.Agents) > 0; s.Replicas > max(m.pool.Spec.Max, w.spec.replicas) && !restores {
			m.broke = append(m.broke, fmt.Sprintf("replicas %d above max", s.Replicas))
		}
		w.spec.replicas, w.spec.ours = s.Replicas, true
		w.spec.generation++
	case drain.Mark:
		if p != nil {
			p.Drain, p.Cost = s.Annotation(), s.Cost
		}
	case drain.Unmark:
		if p != nil {
			p.Drain, p.Cost = "", 0
		}
	case drain.Park:
		if n != nil && w.up() {
			n.parked = drain.Message(m.pool, s)
		}
	case drain.Unpark:
		if n != nil && w.up() {
			n.parked = ""
		}
	case drain.Delete:
		if p != nil {
			w.kill(p, "deleted by Majordomo")
		}
	case drain.Forget:
		m.broke = append(m.broke, "forgot node "+s.Node)
	}
	w.remember()
}

// rules looks at what must hold after each step.
func (m *majordomo) rules() {
	count := map[drain.Cause]int{}
	for _, p := range m.w.pods {
		if p.Active() && p.Drain != "" && !p.broken { // what is broken does not serve anyway
			cause, _ := drain.Parse(p.Drain)
			count[cause]++
		}
	}
	for _, cause := range []drain.Cause{drain.Update, drain.Heal} {
		if limit := max(1, m.pool.Spec.Rollout.MaxUnavailable); count[cause] > limit {
			m.broke = append(m.broke, fmt.Sprintf("%d agents marked %s, %d at a time are allowed", count[cause], cause, limit))
		}
	}
}

// visit does a whole plan, and the next one at once if a step was refused. Between any two steps, and before and after them, it calls
// between, which may say that the process has crashed.
func (m *majordomo) visit(behind time.Duration, between func() (crashed bool)) {
	m.down = false
	for range 2 {
		if between() {
			return
		}
		refused := false
		for _, s := range m.plan(behind).Steps {
			if between() {
				return
			}
			if refused = !m.do(s); refused {
				break
			}
		}
		if !refused {
			break
		}
	}
	between()
}
