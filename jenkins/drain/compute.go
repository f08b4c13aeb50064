package drain

import (
	"cmp"
	"fmt"
	"slices"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// planning is one plan in the making.
type planning struct {
	in     Input
	target Target
	plan   Plan
	agents map[string]*roster.Agent
	active []roster.Pod
	wishes map[string]Wish // by agent, the most urgent one
	known  bool            // Jenkins is known now
	shut   string          // why a gate is shut, "" if all are open
	taken  map[string]bool // agents whose mark is taken away now
	gone   map[string]bool // agents that go now
	// pending counts the agents whose mark will be taken away once the controller has acted on its last change.
	pending  int
	have     int    // agents that serve or are owed, before the plan
	replicas int    // after the plan
	early    string // why it is too early to lower the replicas
	block    string // what else would go if they were lowered
	stuck    bool   // and that may stay so for long
}

// Compute plans what is to be done now. The plan is made from what is there alone: made again after any of its steps, or after none of
// them, it leads to the same end.
func Compute(in Input) Plan {
	p := prepare(in)
	if in.Pool.Annotations[pool.Suspend] != "" {
		p.wait()
		return p.plan
	}
	start, low, kept := p.restored()
	p.bringBack(start)
	missing := p.missing(start)
	p.have, p.replicas = in.Desired-missing, start
	missing -= p.pending
	if low != "" {
		// Before all else: what somebody has lowered may be acted on at any moment.
		p.plan.Steps = slices.Insert(p.plan.Steps, 0, p.scale(p.capped(start, missing), low, kept...))
		p.wait()
		return p.plan
	}
	if missing > 0 {
		missing = p.replace(missing)
		if up := p.capped(start, missing-p.soon()); up > start {
			p.replicas = up
			p.add(p.scale(up, fmt.Sprintf("%d of %d wanted agents are there or on their way", p.have, in.Desired)))
		}
	}
	spare := max(0, -missing)
	if missing <= 0 && len(p.gone) == 0 {
		spare -= p.shrink(spare)
	}
	p.remove()
	p.mark(spare)
	p.park()
	p.forget()
	p.wait()
	return p.plan
}

// capped adds the missing agents to the replicas, up to as many pods as there may be.
func (p *planning) capped(replicas, missing int) int {
	return max(replicas, min(replicas+missing, p.in.Max))
}

func prepare(in Input) *planning {
	p := &planning{
		in: in, target: in.Target, plan: Plan{Waits: map[string]string{}}, known: true, agents: map[string]*roster.Agent{},
		wishes: map[string]Wish{}, taken: map[string]bool{}, gone: map[string]bool{},
	}
	for i := range in.Agents {
		a := &in.Agents[i]
		p.agents[a.Name] = a
		if a.Active() {
			p.active = append(p.active, *a.Pod)
		}
	}
	for _, w := range in.Wishes {
		if old, ok := p.wishes[w.Agent]; !ok || compareCauses(w.Cause, old.Cause) < 0 {
			p.wishes[w.Agent] = w
		}
	}
	for _, g := range in.Gates {
		if g.Open {
			continue
		}
		p.shut = cmp.Or(p.shut, g.Reason)
		if g.Name == Fresh || g.Name == Complete {
			p.known = false
		}
	}
	return p
}

func (p *planning) add(s Step) { p.plan.Steps = append(p.plan.Steps, s) }

// scale makes the step that sets the replicas, and names whom that removes, or keeps.
func (p *planning) scale(replicas int, reason string, victims ...string) Step {
	s := Step{Op: Scale, Replicas: replicas, Agents: victims, Reason: reason}
	for _, name := range victims {
		if a := p.agents[name]; absent(a) {
			s.Absent = append(s.Absent, name)
		}
	}
	return s
}

// step makes a step on one agent.
func (p *planning) step(op Op, a *roster.Agent, cause Cause, reason string) Step {
	s := Step{Op: op, Agent: a.Name, Node: a.Node(), Cause: cause, Reason: reason}
	if a.Pod != nil {
		s.UID = a.Pod.UID
	}
	if op == Delete && absent(a) {
		s.Absent = []string{a.Name}
	}
	return s
}

// each calls f with the agents in order.
func (p *planning) each(f func(*roster.Agent)) {
	for i := range p.in.Agents {
		f(&p.in.Agents[i])
	}
}

// marked tells whether an agent is marked, once the steps so far are done.
func (p *planning) marked(a *roster.Agent) bool { return a.Marked() && !p.taken[a.Name] }

// serves tells whether an agent counts towards Desired, once the steps so far are done.
func (p *planning) serves(a *roster.Agent) bool {
	return a.Active() && !p.gone[a.Name] && (a.Supply() || p.taken[a.Name])
}

// supply counts the agents that serve.
func (p *planning) supply() int {
	n := 0
	p.each(func(a *roster.Agent) {
		if p.serves(a) {
			n++
		}
	})
	return n
}

// owed counts the pods that the controller has yet to make for so many replicas.
func (p *planning) owed(replicas int) int {
	if p.target.Kind != "StatefulSet" {
		return max(0, replicas-len(p.active))
	}
	n := replicas
	for _, pod := range p.active {
		if pod.Ordinal >= p.target.Start && pod.Ordinal < p.target.Start+replicas {
			n--
		}
	}
	return n
}

// missing is how many agents are missing with so many replicas; below zero, how many there are too many.
func (p *planning) missing(replicas int) int {
	cut := 0
	for _, name := range removes(p.target, p.active, replicas, len(p.active)-replicas) {
		if p.serves(p.agents[name]) {
			cut++
		}
	}
	if over := len(p.active) - replicas; p.target.Kind != "StatefulSet" {
		cut = min(cut, max(0, over))
	}
	return p.in.Desired - (p.supply() - cut + p.owed(replicas))
}

// soon counts the agents that are about to be replaced: what is missing comes in their place.
func (p *planning) soon() int {
	n := 0
	p.each(func(a *roster.Agent) {
		cause, _ := Parse(podMark(a))
		if p.shut == "" && a.Active() && p.marked(a) && !p.gone[a.Name] && cause != Surplus && costOf(a) == CostIdle {
			n++
		}
	})
	return n
}

// restored returns the replicas at which the controller removes nothing that may have a build. Where somebody has set them lower, it says
// so, and whom that would stop. An unmarked agent that never ran is kept as well: it may run by then.
func (p *planning) restored() (replicas int, why string, kept []string) {
	if owners(p.active) > 1 {
		return p.target.Replicas, "", nil // a rollout of the Deployment's own: it has more pods than replicas for a while
	}
	for _, name := range removes(p.target, p.active, p.target.Replicas, len(p.active)-p.target.Replicas) {
		if !fits(p.agents[name]) {
			kept = append(kept, name)
		}
	}
	if len(kept) == 0 {
		return p.target.Replicas, "", nil
	}
	replicas = max(len(p.active), p.target.Seen) // the controller may not know yet who is gone
	for p.target.Kind == "StatefulSet" && len(removes(p.target, p.active, replicas, 0)) > 0 {
		replicas++
	}
	return replicas, fmt.Sprintf("replicas were set to %d, below the number of its pods, %d: agent %s would be stopped, whatever it runs",
		p.target.Replicas, len(p.active), kept[0]), kept
}
