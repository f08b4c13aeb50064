package simulate

import (
	"time"

	"majordomo.dev/jenkins/simulate/trace"
)

// bound is what no policy can do with less.
type bound struct {
	// instant is the agent-seconds of a clairvoyant that starts each agent just in time for zero wait, and keeps one without a build only
	// where that is cheaper than to start another later.
	instant float64
	// startup, work and changes are what weighted needs.
	executors float64
	startup   float64
	work      float64
	changes   []trace.Change
}

// newBound computes the bound of a trace for agents of so many executors that take startup to come up on average.
func newBound(t *trace.Trace, startup time.Duration, executors int) *bound {
	b := &bound{executors: float64(executors), startup: startup.Seconds(), changes: t.Changes()}
	for _, one := range t.Builds {
		b.work += one.Duration.Seconds()
	}
	b.instant = b.levels(executors)
	return b
}

// levels adds up the levels of demand: an agent is needed at level k while more than (k-1) x executors builds run. Between two such times
// it either stays, or another one starts.
func (b *bound) levels(executors int) float64 {
	var (
		left  []time.Duration // when a level was left last, -1 for never
		total float64
		level int
		n     int // builds
		since time.Duration
	)
	for _, c := range b.changes {
		total += float64(level) * (c.At - since).Seconds()
		since = c.At
		n += c.By
		want := (n + executors - 1) / executors
		for ; level < want; level++ {
			if level == len(left) {
				left = append(left, 0)
				total += b.startup
				continue
			}
			total += min((c.At - left[level]).Seconds(), b.startup)
		}
		for ; level > want; level-- {
			left[level-1] = c.At
		}
	}
	return total
}

// weighted returns a lower bound of agent-seconds + rho x wait-seconds over all policies, whatever they know and however long they let builds
// wait, for rho of at least 1.
//
// A policy's agents are paths: each is paid a start-up, and then for every second until the next build or until it goes. Drop the demand that a
// path is one agent in time, and what is left is a flow along time: x executors are kept without a build (x > 0, each costs 1 a second), or
// -x builds are late (x < 0, each costs rho a second); a build that begins takes one away, one that ends gives one back, a new one costs a
// start-up, to let one go costs nothing. (An agent of several executors is as many paths, each for its part of the price.) The least cost as a function of x is convex, so its slopes are all that has to be kept: rising ones
// for x > 0 in one stack, falling ones for x <= 0 in another; both move with time, and are cut at 0 and at the cost of a start-up.
func (b *bound) weighted(rho float64) float64 {
	cost := 0.0
	startup := b.startup
	up := slopes{rate: 1, limit: startup, beyond: startup}
	down := slopes{rate: -rho * b.executors, limit: 0, beyond: 0}
	since := time.Duration(0)
	for _, c := range b.changes {
		up.pass((c.At - since).Seconds())
		down.pass((c.At - since).Seconds())
		since = c.At
		if c.By > 0 {
			s := up.pop()
			cost += s
			down.push(s)
		} else {
			s := down.pop()
			cost -= s
			up.push(s)
		}
	}
	return (cost + b.work) / b.executors
}

// slopes is a stack of slopes that all move by the same rate, and stay at the limit once they have reached it. Those nearer to its bottom are
// nearer to the limit.
type slopes struct {
	rate   float64
	limit  float64
	beyond float64 // what an empty stack gives
	moved  float64
	stack  []float64 // slope minus moved at the time of push
}

func (s *slopes) pass(seconds float64) { s.moved += s.rate * seconds }

func (s *slopes) push(v float64) { s.stack = append(s.stack, v-s.moved) }

func (s *slopes) pop() float64 {
	if len(s.stack) == 0 {
		return s.beyond
	}
	v := s.stack[len(s.stack)-1] + s.moved
	s.stack = s.stack[:len(s.stack)-1]
	if s.rate > 0 {
		return min(v, s.limit)
	}
	return max(v, s.limit)
}
