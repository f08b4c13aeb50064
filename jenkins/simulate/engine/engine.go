// Package engine replays a trace against a pool of agents whose number a policy decides.
package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"majordomo.dev/jenkins/simulate/trace"
)

// Policy decides when agents start and stop.
type Policy interface {
	// Decide looks at the pool and changes it. It returns when it wants to look again though nothing has happened, Never for not at all.
	Decide(p *Pool) time.Duration
}

// Never is a time that does not come.
const Never = time.Duration(math.MaxInt64)

// Stall is how long builds may wait without one of them starting before the run is given up.
const Stall = 60 * 24 * time.Hour

// Options are the world in which the policy works.
type Options struct {
	Seed      uint64
	Startup   Startup
	Executors int // per agent; 1 if 0
	Min       int // agents that no policy goes below by itself
	Max       int // agents at most, those on their way out included; 0 for no limit
	Initial   int // agents that are there at the beginning; each is paid a mean start-up time
	// Register is the last part of a start-up, in which the container runs and connects. An agent is cancelled before it or not at all.
	Register time.Duration
	Drain    time.Duration // from the decision to stop an idle agent until it is gone
	// Part is how many agents drain at a time, as a part of those that serve, and at least one; 0 for no limit.
	Part   float64
	Poll   time.Duration // the policy looks at multiples of this
	Events bool          // it looks whenever something happens, too
	// Spread gives a build to any agent with a free executor, as Jenkins does. Otherwise the agent that was used last has it. Agents with
	// several executors always spread.
	Spread    bool
	Ephemeral bool // an agent has one build and goes
	Samples   int  // of the course over time, about so many; 0 for none
}

// ErrStalled is a run in which builds waited for ever.
var ErrStalled = errors.New("builds wait and none starts")

// Run replays the trace. The policy is asked at multiples of the poll, at those at which it wants to be or something has happened since, and with
// Events whenever something happens.
func Run(ctx context.Context, t *trace.Trace, o Options, policy Policy) (*Result, error) {
	if o.Executors < 1 {
		o.Executors = 1
	}
	if o.Poll <= 0 {
		return nil, fmt.Errorf("poll %s; it has to be positive", o.Poll)
	}
	if err := o.Startup.Validate(); err != nil {
		return nil, err
	}
	p := newPool(t, o)
	tick := time.Duration(0)
	for n := 0; p.finished < len(t.Builds); n++ {
		at := min(p.nextEvent(), tick)
		if err := p.stuck(ctx, n, at); err != nil {
			return nil, err
		}
		p.advance(at)
		p.happen()
		p.assign()
		if at < tick && (!o.Events || !p.changed) {
			if p.changed {
				tick = min(tick, grid(at, o.Poll))
			}
			continue
		}
		next := policy.Decide(p)
		p.decided()
		p.assign()
		tick = Never
		if next != Never {
			tick = grid(max(next, at+1), o.Poll)
		}
	}
	return p.result(), nil
}

// stuck tells why it makes no sense to go on.
func (p *Pool) stuck(ctx context.Context, n int, at time.Duration) error {
	const often = 4096
	if n%often == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if at == Never || p.queue.len() > 0 && at-p.moved > Stall {
		return fmt.Errorf("%w for %s: %d of %d are left", ErrStalled, Stall, len(p.waits)-p.finished, len(p.waits))
	}
	return nil
}

// grid returns the first multiple of the poll that is not before the time.
func grid(at, poll time.Duration) time.Duration {
	return (at + poll - 1) / poll * poll
}
