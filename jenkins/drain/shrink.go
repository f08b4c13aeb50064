package drain

import (
	"cmp"
	"fmt"
	"slices"

	"majordomo.dev/jenkins/roster"
)

// ready lists the agents that are marked and confirmed, and not yet dealt with, the most urgent first.
func (p *planning) ready() []*roster.Agent {
	var out []*roster.Agent
	p.each(func(a *roster.Agent) {
		if a.Active() && p.marked(a) && !p.gone[a.Name] && confirmed(a) && p.shut == "" {
			out = append(out, a)
		}
	})
	slices.SortStableFunc(out, func(a, b *roster.Agent) int {
		x, _ := Parse(a.Pod.Drain)
		y, _ := Parse(b.Pod.Drain)
		return compareCauses(x, y)
	})
	return out
}

// stillborn tells whether an agent never ran and is not wanted as it is.
func (p *planning) stillborn(a *roster.Agent) bool {
	_, wished := p.wishes[a.Name]
	return wished && a.Active() && a.Pod.NeverRan && a.Computer == nil && !p.gone[a.Name]
}

// replace deletes agents that have to go while others are missing: the controller makes new ones in their place. It returns how many are
// missing still.
func (p *planning) replace(missing int) int {
	if p.shut != "" || len(p.active) > p.target.Replicas {
		return missing
	}
	p.each(func(a *roster.Agent) {
		if missing > 0 && p.stillborn(a) && !p.serves(a) {
			p.delete(a)
			missing--
		}
	})
	for _, a := range p.ready() {
		cause, _ := Parse(a.Pod.Drain)
		if missing > 0 && (cause != Surplus || a.Computer == nil) {
			p.delete(a)
			missing--
		}
	}
	return missing
}

func (p *planning) delete(a *roster.Agent) {
	cause, reason := Parse(cmp.Or(a.Pod.Drain, "heal:"))
	if w, ok := p.wishes[a.Name]; ok && !a.Marked() {
		cause, reason = w.Cause, w.Reason
	}
	p.gone[a.Name] = true
	p.add(p.step(Delete, a, cause, reason))
}

// shrink lowers the replicas as far as only agents go that are confirmed or never ran, and no more that serve than are spare. It returns
// how many of those go.
func (p *planning) shrink(spare int) int {
	if p.early = p.unsettled(); p.early != "" {
		return 0
	}
	room := spare
	for _, a := range p.ready() {
		if a.Computer != nil {
			room++
		}
	}
	p.each(func(a *roster.Agent) {
		if p.stillborn(a) && !p.serves(a) {
			room++
		}
	})
	best, lost := p.target.Replicas, 0
	for r := best - 1; r >= 0 && p.target.Replicas-r <= room; r-- {
		n, why := p.cost(r)
		if why == "" && n > spare {
			why = p.starter()
		}
		if why != "" {
			p.block = why
			break
		}
		best, lost = r, n
	}
	if best == p.target.Replicas {
		return 0
	}
	victims := Removes(p.target, p.active, best)
	for _, name := range victims {
		p.gone[name] = true
	}
	p.replicas = best
	p.add(p.scale(best, p.because(victims), victims...))
	return lost
}

// cost tells how many agents that serve would go if the replicas were lowered so far, or why they cannot be: somebody would go who may
// have a build.
func (p *planning) cost(replicas int) (int, string) {
	serving := 0
	names := Removes(p.target, p.active, replicas)
	for _, name := range names {
		a := p.agents[name]
		switch {
		case confirmed(a) && a.Computer != nil && p.target.Kind != "StatefulSet" && p.in.Now.Sub(a.Weighed) < roster.Look:
			return 0, fmt.Sprintf("%s %s has to see first that agent %s is marked", p.target.Kind, p.target.Name, name)
		case confirmed(a) && a.Computer != nil:
		case a.Pod.NeverRan && a.Computer == nil:
			if p.serves(a) {
				serving++
			}
		case owners(p.active) > 1:
			return 0, fmt.Sprintf("%s %s is replacing its pods by itself, and what it stops next cannot be told", p.target.Kind, p.target.Name)
		default:
			p.stuck = true
			return 0, fmt.Sprintf("%s %s would stop agent %s, which is %s, first", p.target.Kind, p.target.Name, name, a.State)
		}
	}
	if p.target.Kind != "StatefulSet" {
		serving = min(serving, max(0, max(len(p.active), p.target.Seen)-replicas))
	}
	return serving + p.owed(p.target.Replicas) - p.owed(replicas), ""
}

// starter says which agent that is wanted would go first, since it has not started yet. One that finds no place may be waiting for that of
// the agent that is to go.
func (p *planning) starter() string {
	for _, a := range p.in.Agents {
		if p.serves(&a) && a.Pod.NeverRan && a.Pod.Trouble() == roster.Place {
			p.stuck = true
		}
	}
	return fmt.Sprintf("%s %s would stop an agent first that is wanted and has not started yet", p.target.Kind, p.target.Name)
}

// because says why the replicas are lowered.
func (p *planning) because(victims []string) string {
	for _, name := range victims {
		if a := p.agents[name]; a.Marked() {
			cause, reason := Parse(a.Pod.Drain)
			return string(cause) + ": " + reason
		}
	}
	return fmt.Sprintf("the pool wants %d of its %d agents; those that have not started yet are not needed", p.in.Desired, p.have)
}

// remove deletes what the controller would not choose to remove, or does not count: it makes new ones in their place where it has to.
func (p *planning) remove() {
	if p.shut != "" {
		return
	}
	p.each(func(a *roster.Agent) {
		w, wished := p.wishes[a.Name]
		over := a.Pod != nil && !a.Pod.Deleting && a.Pod.Ended() && p.target.Kind != "StatefulSet"
		if wished && w.Dead && over || p.early == "" && p.stillborn(a) {
			p.delete(a)
		}
	})
	if p.early != "" || len(p.active) > p.target.Replicas {
		return
	}
	for _, a := range p.ready() {
		cause, _ := Parse(a.Pod.Drain)
		switch {
		case a.Computer == nil: // it may register at any moment: it goes by name, at once
			p.delete(a)
		case cause != Surplus && (p.target.Kind == "StatefulSet" || p.block != "" && p.stuck):
			p.delete(a)
		}
	}
}
