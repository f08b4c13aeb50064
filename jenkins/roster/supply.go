package roster

import (
	"cmp"
	"slices"
	"time"

	"majordomo.dev/jenkins/pool"
)

// Supply is what the agents of a pool have to offer, in the words of a decision.
type Supply struct {
	Idle     int
	Busy     int
	Running  int             // builds on the busy ones
	Starting []time.Duration // ages, oldest first
	Draining int
	Offline  int // offline, lost and failed ones
	Started  []time.Duration
}

// Supply counts the agents. One that has not registered in time, or lost its connection, is no supply.
func (r Roster) Supply() Supply {
	s := Supply{Started: r.Started}
	for _, a := range r.Agents {
		switch a.State {
		case Idle:
			s.Idle++
		case Busy:
			s.Busy++
			s.Running += a.Running
		case Starting:
			s.Starting = append(s.Starting, max(0, r.now.Sub(a.Pod.Created)))
		case Draining:
			s.Draining++
		case Offline, Lost, Failed:
			s.Offline++
		case Terminating, Ghost:
		}
	}
	slices.SortFunc(s.Starting, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	return s
}

// Status writes the agents and their numbers into the status of the pool.
func (r Roster) Status(s *pool.Status) {
	n := r.Supply()
	s.Busy, s.Idle, s.Starting, s.Draining, s.Offline = n.Busy, n.Idle, len(n.Starting), n.Draining, n.Offline
	s.Replicas, s.Agents, s.AgentsOmitted = 0, nil, 0
	shown := make([]pool.Agent, 0, len(r.Agents))
	for _, a := range r.Agents {
		if a.Active() {
			s.Replicas++
		}
		shown = append(shown, a.shown())
	}
	if over := len(shown) - pool.MaxAgents; over > 0 {
		slices.SortStableFunc(shown, func(a, b pool.Agent) int { return cmp.Compare(interest(a.State), interest(b.State)) })
		shown, s.AgentsOmitted = shown[:pool.MaxAgents], over
		slices.SortStableFunc(shown, func(a, b pool.Agent) int { return cmp.Compare(a.Name, b.Name) })
	}
	s.Agents = shown
}

// shown is the agent as the status has it.
func (a Agent) shown() pool.Agent {
	out := pool.Agent{Name: a.Name, State: string(a.State), Since: a.Since, Reason: a.Reason}
	if a.Node() != a.Name {
		out.Node = a.Node()
	}
	if a.Computer != nil {
		for _, b := range a.Computer.Builds {
			if !b.OneOff {
				out.Build = b.URL
				break
			}
		}
	}
	if a.Marked() {
		out.Reason = cmp.Or(out.Reason, a.Pod.Drain)
	}
	return out
}

// interest orders the states by how much a reader wants to see them when not all can be shown.
func interest(state string) int {
	order := []State{Failed, Lost, Offline, Ghost, Draining, Terminating, Starting, Busy, Idle}
	return slices.Index(order, State(state))
}
