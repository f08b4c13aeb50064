package drain

import (
	"cmp"
	"slices"

	"majordomo.dev/jenkins/roster"
)

// bringBack takes away the marks of agents that are needed after all, and brings back the nodes that are parked without need.
func (p *planning) bringBack(replicas int) {
	if !p.known {
		return
	}
	moving := p.moving()
	p.each(func(a *roster.Agent) {
		if moving || !a.Active() {
			return
		}
		if why := p.needless(a); why != "" {
			p.takeBack(a, why)
		}
		if ours := a.Pod.Cost == CostIdle || a.Pod.Cost == CostWorking; ours && !a.Marked() {
			p.add(p.step(Unmark, a, "", "its mark is gone, and its deletion cost is still that of a marked agent"))
		}
	})
	missing := p.missing(replicas)
	for _, a := range p.takeable() {
		if missing <= 0 {
			break
		}
		if missing--; moving {
			p.pending++
		} else {
			p.takeBack(a, "it is wanted again")
		}
	}
	p.unpark(moving)
}

// moving tells whether the controller may be removing agents at this moment. What it may be removing is not brought back: it would take a
// build and be killed. And whom it removes must not change.
func (p *planning) moving() bool {
	return !p.target.Settled || max(len(p.active), p.target.Seen) > p.target.Replicas
}

// unpark brings back nodes that are parked by us without a mark, and marked ones that a pipeline waits for: it could not go on there.
func (p *planning) unpark(moving bool) {
	p.each(func(a *roster.Agent) {
		if moving || !a.Active() || a.Computer == nil || !roster.Ours(*a.Computer) || p.taken[a.Name] {
			return
		}
		switch {
		case !a.Marked():
			p.add(p.step(Unpark, a, "", "its pod is not marked to go"))
		case a.Resuming:
			cause, _ := Parse(a.Pod.Drain)
			p.add(p.step(Unpark, a, cause, "a pipeline waits for it to go on there"))
		}
	})
}

// needless says why a mark has lost its reason, "" if it has not.
func (p *planning) needless(a *roster.Agent) string {
	if !a.Active() || !a.Marked() {
		return ""
	}
	switch cause, _ := Parse(a.Pod.Drain); cause {
	case Update:
		if !Outdated(*a, p.target) {
			return "its template is the present one"
		}
	case Abandon:
		if p.shut == "" && p.wishes[a.Name].Cause != Abandon {
			return "the pool is not drained any more"
		}
	case Surplus:
		if p.target.Kind == "StatefulSet" && !p.top(a) {
			return "it has not the highest ordinal"
		}
	case Heal, Manual, Recycled: // these stay
	}
	return ""
}

// top tells whether all agents of a StatefulSet with higher ordinals are marked.
func (p *planning) top(a *roster.Agent) bool {
	return !slices.ContainsFunc(p.in.Agents, func(o roster.Agent) bool {
		return o.Active() && o.Pod.Ordinal > a.Pod.Ordinal && !o.Marked()
	})
}

// takeable lists the agents that were too many and could serve again, those that do so best first.
func (p *planning) takeable() []*roster.Agent {
	var out []*roster.Agent
	p.each(func(a *roster.Agent) {
		if !a.Active() || !p.marked(a) || !unborn(a) && (a.Computer == nil || !a.Computer.Connected) {
			return
		}
		if cause, _ := Parse(a.Pod.Drain); cause == Surplus {
			out = append(out, a)
		}
	})
	slices.SortStableFunc(out, func(a, b *roster.Agent) int {
		return cmp.Or(
			cmp.Compare(order(Outdated(*a, p.target)), order(Outdated(*b, p.target))),
			cmp.Compare(order(unborn(a)), order(unborn(b))),
			cmp.Compare(costOf(a), costOf(b)),
			cmp.Compare(a.Pod.Ordinal, b.Pod.Ordinal),
			b.Since.Compare(a.Since),
		)
	})
	return out
}

func (p *planning) takeBack(a *roster.Agent, why string) {
	cause, _ := Parse(a.Pod.Drain)
	p.taken[a.Name] = true
	p.add(p.step(Unmark, a, cause, why))
	if a.Computer != nil && roster.Ours(*a.Computer) {
		p.add(p.step(Unpark, a, cause, why))
	}
}

// unsettled says why the controller may not know yet what the plan rests on, "" if it does.
func (p *planning) unsettled() string {
	kind := p.target.Kind + " " + p.target.Name
	switch {
	case p.shut != "":
		return p.shut
	case !p.target.Settled:
		return kind + " has not acted on its last change yet"
	case len(p.taken) > 0 || slices.ContainsFunc(p.in.Agents, p.justTaken):
		return kind + " has to see first that other agents are not marked any more"
	}
	return ""
}

func (p *planning) justTaken(a roster.Agent) bool {
	return !a.Taken.IsZero() && p.in.Now.Sub(a.Taken) < roster.Look
}
