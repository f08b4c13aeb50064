package drain

import (
	"cmp"
	"fmt"
	"slices"

	"majordomo.dev/jenkins/roster"
)

// mark marks the agents that are wished away, and of those that are too many the ones that are missed least.
func (p *planning) mark(spare int) {
	if p.shut != "" || p.moving() || p.replicas < p.target.Replicas {
		return // a mark would change whom the controller removes at this moment
	}
	wishes := slices.SortedFunc(slices.Values(p.in.Wishes), func(a, b Wish) int {
		return cmp.Or(compareCauses(a.Cause, b.Cause), cmp.Compare(a.Agent, b.Agent))
	})
	for _, w := range wishes {
		a := p.agents[w.Agent]
		if a == nil || !p.free(a) {
			continue
		}
		if a.Computer != nil && roster.Working(*a.Computer) && !w.Busy {
			continue
		}
		if p.serves(a) {
			spare--
		}
		p.markOne(a, w.Cause, w.Reason)
	}
	for _, a := range p.surplus(spare) {
		p.markOne(a, Surplus, fmt.Sprintf("the pool wants %d of its %d agents, and this one %s", p.in.Desired, p.have, p.least(a)))
	}
}

// free tells whether an agent may be marked: it is there, it is not marked, and no pipeline waits for it.
func (p *planning) free(a *roster.Agent) bool {
	return a.Active() && !a.Marked() && !a.Resuming && !p.gone[a.Name]
}

func (p *planning) markOne(a *roster.Agent, cause Cause, reason string) {
	p.gone[a.Name] = true
	p.annotate(a, cause, reason)
	if a.Computer != nil {
		p.add(p.step(Park, a, cause, reason))
	}
}

// annotate writes the mark of an agent, with the cost that fits it now.
func (p *planning) annotate(a *roster.Agent, cause Cause, reason string) {
	s := p.step(Mark, a, cause, reason)
	s.Cost = costOf(a)
	p.add(s)
}

// costOf returns the deletion cost of a marked agent.
func costOf(a *roster.Agent) int {
	if unborn(a) || a.Computer != nil && !roster.Working(*a.Computer) && !a.Resuming && len(a.Twins) == 0 {
		return CostIdle
	}
	return CostWorking
}

// least says why an agent is missed less than others.
func (p *planning) least(a *roster.Agent) string {
	switch {
	case unborn(a):
		return "has not started yet"
	case p.target.Kind == "StatefulSet":
		return "has the highest ordinal"
	case Outdated(*a, p.target):
		return "is idle and has an older template"
	}
	return "has been idle longest"
}

// surplus chooses the agents that go because there are too many: all that never ran, and a few idle ones at a time, outdated ones first, then
// those that have been idle longest.
func (p *planning) surplus(spare int) []*roster.Agent {
	const tenth = 10
	spare -= p.owed(p.replicas)
	under := 0
	var unborns, idle []*roster.Agent
	p.each(func(a *roster.Agent) {
		if cause, _ := Parse(podMark(a)); a.Active() && a.Marked() && cause == Surplus && !unborn(a) {
			under++
		}
		switch {
		case !p.free(a):
		case unborn(a) && a.Supply():
			unborns = append(unborns, a)
		case a.State == roster.Idle && len(a.Twins) == 0:
			idle = append(idle, a)
		}
	})
	if p.target.Kind == "StatefulSet" {
		return p.highest(spare, under, idle)
	}
	slices.SortStableFunc(unborns, func(a, b *roster.Agent) int { return b.Pod.Created.Compare(a.Pod.Created) })
	unborns = unborns[:max(0, min(spare, len(unborns)))]
	slices.SortStableFunc(idle, func(a, b *roster.Agent) int {
		return cmp.Or(
			-cmp.Compare(order(Outdated(*a, p.target)), order(Outdated(*b, p.target))),
			a.Since.Compare(b.Since),
		)
	})
	step := max(1, (p.supply()+tenth-1)/tenth)
	return append(unborns, idle[:max(0, min(spare-len(unborns), step-under, len(idle)))]...)
}

func podMark(a *roster.Agent) string {
	if a.Pod == nil {
		return ""
	}
	return a.Pod.Drain
}

// highest chooses the agents of a StatefulSet with the highest ordinals that are not marked: all that never ran, and one that did. That is
// marked even while it has a build, if an idle one takes its place: it finishes that build and takes no other, otherwise the set might never
// shrink.
func (p *planning) highest(spare, under int, idle []*roster.Agent) []*roster.Agent {
	var out, left []*roster.Agent
	p.each(func(a *roster.Agent) {
		if a.Active() && !a.Marked() {
			left = append(left, a)
		}
	})
	slices.SortFunc(left, func(a, b *roster.Agent) int { return cmp.Compare(b.Pod.Ordinal, a.Pod.Ordinal) })
	for _, a := range left {
		switch {
		case len(out) >= spare || !p.free(a):
			return out
		case unborn(a) && a.Supply():
			out = append(out, a)
			continue
		case under == 0 && len(idle) > 0 && len(a.Twins) == 0 && (a.State == roster.Idle || a.State == roster.Busy):
			out = append(out, a)
		}
		return out
	}
	return out
}

// park takes the nodes of marked agents offline, again where Jenkins has forgotten it.
func (p *planning) park() {
	if p.shut != "" {
		return
	}
	p.each(func(a *roster.Agent) {
		if !a.Active() || !p.marked(a) || p.gone[a.Name] {
			return
		}
		cause, reason := Parse(a.Pod.Drain)
		if a.Pod.Cost != costOf(a) && p.target.Kind != "StatefulSet" && !p.moving() && p.replicas >= p.target.Replicas {
			p.annotate(a, cause, reason)
		}
		if a.Computer != nil && !a.Resuming && !roster.Ours(*a.Computer) {
			p.add(p.step(Park, a, cause, reason))
		}
	})
}

// forget deletes nodes of Jenkins that have no pod.
func (p *planning) forget() {
	if p.shut != "" {
		return
	}
	p.each(func(a *roster.Agent) {
		w, ok := p.wishes[a.Name]
		if ok && a.State == roster.Ghost && forgettable(a) {
			p.add(p.step(Forget, a, w.Cause, w.Reason))
		}
	})
}

func forgettable(a *roster.Agent) bool {
	return !a.Computer.Connected && !roster.Working(*a.Computer) && !a.Resuming
}

// wait says what each marked agent waits for.
func (p *planning) wait() {
	p.each(func(a *roster.Agent) {
		if idle := p.shut == "" && a.Active() && costOf(a) == CostIdle; idle && (p.marked(a) || p.gone[a.Name]) {
			p.plan.Next = p.in.Now.Add(roster.Look)
		}
		if !a.Active() || !p.marked(a) || p.gone[a.Name] {
			return
		}
		p.plan.Waits[a.Name] = p.waits(a)
	})
}

func (p *planning) waits(a *roster.Agent) string {
	switch {
	case a.Unsure != "":
		return a.Unsure
	case len(a.Twins) > 0:
		return fmt.Sprintf("node %s says that it is this agent, too, and is connected or has a build", a.Twins[0])
	case a.Resuming:
		return "a pipeline waits for it to go on there"
	case a.Computer != nil && roster.Working(*a.Computer):
		for _, b := range a.Computer.Builds {
			return "it finishes " + cmp.Or(b.Name, b.URL) + " first"
		}
		return "it finishes its build first"
	case p.shut != "":
		return p.shut
	case a.Computer != nil && !roster.Ours(*a.Computer):
		return "it is being taken offline in Jenkins"
	case !confirmed(a) && !unborn(a):
		return fmt.Sprintf("it has to be seen without a build twice, %s apart", roster.Look)
	}
	return cmp.Or(p.early, p.block, "others go first")
}
