package scale

import "math"

// demand wants an agent for each build that waits or runs.
func demand(_ *State, p *pool) (int, string) { return p.agents(p.demand), p.builds() }

// short starts more agents than wait builds, because their start-up times differ: the fast ones take the builds, and the slow ones are
// cancelled once none waits. Those that start already count.
func short(s *State, p *pool) (int, string) {
	lacking := p.lacking()
	if lacking == 0 {
		return 0, "each build has an executor"
	}
	over := s.starts.over(p.rho)
	ready := p.Idle + p.Busy
	start := int(math.Ceil(over * float64(p.agents(lacking))))
	return ready + start, number(over) + " x short"
}

// surplus are the factors by which more agents may be started than are short.
var surplus = [...]float64{1, 1.25, 1.5, 1.75, 2, 2.5, 3}

// assumedSurplus is the factor until start-up times are known.
const assumedSurplus = 1.5

// over returns by which factor more agents are started than are short. Of n x f agents the fastest n serve: each build waits for the mean
// of them, and about as long all agents cost.
func (t *startups) over(rho float64) float64 {
	if t.seen() < enough {
		return assumedSurplus
	}
	best, least := 1.0, math.Inf(1)
	for i, f := range surplus {
		if cost := (rho + f) * t.fast[i]; cost < least {
			best, least = f, cost
		}
	}
	return best
}
