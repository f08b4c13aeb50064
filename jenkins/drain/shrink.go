package drain

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"majordomo.dev/jenkins/roster"
)

// ready lists the agents that are marked and may go now, and are not dealt with yet, the most urgent first.
func (p *planning) ready() []*roster.Agent {
	var out []*roster.Agent
	p.each(func(a *roster.Agent) {
		if a.Active() && p.marked(a) && !p.gone[a.Name] && (confirmed(a) || unborn(a)) && p.shut == "" {
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

// unborn tells whether nothing of an agent ever ran: it has no build, and gets none before it has registered.
func unborn(a *roster.Agent) bool { return a.Active() && a.Pod.NeverRan && a.Computer == nil }

// absent tells whether an agent may go though it runs and Jenkins does not know it: that was so for long.
func absent(a *roster.Agent) bool { return a.Computer == nil && confirmed(a) && !unborn(a) }

// fits tells whether the controller may choose the agent to be removed.
func fits(a *roster.Agent) bool {
	return a.Marked() && (confirmed(a) || unborn(a))
}

// replace deletes agents that have to go while others are missing: the controller makes new ones in their place. It returns how many are
// missing still.
func (p *planning) replace(missing int) int {
	if p.shut != "" || len(p.active) > p.target.Replicas {
		return missing
	}
	p.each(func(a *roster.Agent) {
		if _, wished := p.wishes[a.Name]; missing > 0 && wished && unborn(a) && !p.serves(a) && !a.Marked() {
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

// shrink lowers the replicas as far as only agents go that are marked and may go now, and by pods that are not wanted and that the
// controller has long failed to make. It returns how many of the latter there were.
func (p *planning) shrink(spare int) int {
	if p.early = p.unsettled(); p.early != "" {
		return 0
	}
	unmade, most := p.unmade(spare), len(p.ready())
	// The lower the number, the more go: the lowest that nothing hinders is found by halves.
	down := sort.Search(p.target.Replicas, func(i int) bool { return p.hinders(p.target.Replicas-i-1, unmade, most) != "" })
	best := p.target.Replicas - down
	if p.stuck = false; best > 0 {
		p.block = p.hinders(best-1, unmade, most)
	}
	if down == 0 {
		return 0
	}
	victims := Removes(p.target, p.active, best)
	p.replicas = best
	p.add(p.scale(best, p.because(victims), victims...))
	p.hurry(victims)
	return p.owed(p.target.Replicas) - p.owed(best)
}

// unmade counts the pods that are not wanted, and that the controller has failed to make for long: its quota is used up.
func (p *planning) unmade(spare int) int {
	const failed = 30 * time.Second
	if p.in.Stable.IsZero() || p.in.Now.Sub(p.in.Stable) < failed || p.target.Seen != len(p.active) {
		return 0
	}
	return max(0, min(spare, p.owed(p.target.Replicas)))
}

// hurry deletes what the controller is about to remove: it may be slow, and an agent that lost its connection meanwhile would come back
// without being parked. Only the controller of a Deployment might make a new pod first, and is left to itself.
func (p *planning) hurry(victims []string) {
	for _, name := range victims {
		a := p.agents[name]
		if p.gone[name] = true; p.target.Kind != "Deployment" {
			p.delete(a)
		}
	}
}

// hinders says why the replicas cannot be lowered so far, "" if they can: somebody would go who may have a build, or is wanted.
func (p *planning) hinders(replicas, unmade, most int) string {
	kind := p.target.Kind + " " + p.target.Name
	cut := p.owed(p.target.Replicas) - p.owed(replicas)
	switch {
	case cut > unmade:
		return kind + " has yet to make an agent"
	case p.target.Replicas-replicas-cut > most:
		return "no other agent may go"
	}
	for _, name := range Removes(p.target, p.active, replicas) {
		a := p.agents[name]
		switch fit := fits(a); {
		case fit && p.target.Kind != "StatefulSet" && p.in.Now.Sub(a.Weighed) < roster.Look:
			return fmt.Sprintf("%s has to see first that agent %s is marked", kind, name)
		case fit:
		case owners(p.active) > 1:
			return kind + " is replacing its pods by itself, and what it stops next cannot be told"
		default:
			// One that is starting will be ready, and come after those that are marked; one that finds no place may wait for theirs.
			p.stuck = !a.Marked() && !a.Pod.Ready && (a.State != roster.Starting || a.Pod.Trouble() == roster.Place)
			return fmt.Sprintf("%s would stop agent %s, which is %s, first", kind, name, a.State)
		}
	}
	return ""
}

// because says why the replicas are lowered.
func (p *planning) because(victims []string) string {
	for _, name := range victims {
		if a := p.agents[name]; a.Marked() {
			cause, reason := Parse(a.Pod.Drain)
			return string(cause) + ": " + reason
		}
	}
	return fmt.Sprintf("the pool wants %d agents, and there are %d", p.in.Desired, p.have)
}

// remove deletes what the controller would not choose to remove, or does not count: it makes new ones in their place where it has to.
func (p *planning) remove() {
	if p.shut != "" {
		return
	}
	p.each(func(a *roster.Agent) {
		w, wished := p.wishes[a.Name]
		over := a.Pod != nil && !a.Pod.Deleting && a.Pod.Ended() && p.target.Kind != "StatefulSet"
		if wished && w.Dead && over || wished && unborn(a) && p.serves(a) && w.Cause != Abandon {
			p.delete(a)
		}
	})
	if victims := removes(p.target, p.active, p.target.Replicas, len(p.active)-p.target.Replicas); len(victims) > 0 {
		if !slices.ContainsFunc(victims, func(name string) bool { return !fits(p.agents[name]) }) {
			p.hurry(victims)
		}
		return
	}
	if p.early != "" {
		return
	}
	for _, a := range p.ready() {
		cause, _ := Parse(a.Pod.Drain)
		switch {
		case cause != Surplus && (p.target.Kind == "StatefulSet" || p.block != "" && p.stuck):
			p.delete(a)
		}
	}
}
