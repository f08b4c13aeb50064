// Package peer is how others size a fleet of build agents, as policies to compare with.
package peer

import (
	"fmt"
	"math"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/trace"
)

// Peer is a policy of others.
type Peer struct {
	Name string
	Rule string // how it decides, one sentence
	// Yardstick is a rule that no product has by itself.
	Yardstick bool
	// World is what it needs: when it looks, how many agents it begins with, and whether they are ephemeral. The rest is as for all.
	World func(*engine.Options)
	New   func() engine.Policy
}

// All returns the peers for a trace with such a demand, for at most so many agents of so many executors.
func All(d trace.Demand, executors, most int) []Peer {
	agents := func(builds int) int { return max(min((builds+executors-1)/executors, most), 1) }
	half := max(min(int(math.Round(d.Mean/2/float64(executors))), most), 1)
	all := []Peer{
		static("p90", agents(d.Percentile(0.90))),
		static("p99", agents(d.Percentile(0.99))),
		nodeProvisioner(),
		keda("KEDA HPA, never killing", false),
		keda("KEDA HPA", true),
		scaledJob(),
		scaleSet("ARC scale set, min 0", 0),
		scaleSet(fmt.Sprintf("ARC scale set, min %d", half), half),
		buildkite(),
		taskscaler(),
	}
	for _, off := range []time.Duration{0, 60, 300, 600} {
		all = append(all, delayed(off*time.Second))
	}
	return all
}

// demand returns how many agents all builds need, and the minimum at least.
func demand(p *engine.Pool) int {
	return max((p.Queued()+p.Running()+p.Executors()-1)/p.Executors(), p.Min())
}

// every is a policy that looks at fixed times.
func every(period time.Duration) func(*engine.Options) {
	return func(o *engine.Options) { o.Poll, o.Events = period, false }
}

// always is a policy that looks at each event and at the poll that all share.
func always(o *engine.Options) { o.Events = true }

// decide is a policy without memory.
type decide func(p *engine.Pool) time.Duration

// Decide calls the function.
func (d decide) Decide(p *engine.Pool) time.Duration { return d(p) }

func stateless(d decide) func() engine.Policy { return func() engine.Policy { return d } }

// static is a fleet of fixed size.
func static(of string, n int) Peer {
	return Peer{
		Name: fmt.Sprintf("static fleet at %s (%d)", of, n), Rule: "always the same number of agents", Yardstick: true,
		World: func(o *engine.Options) { o.Initial = n },
		New:   stateless(func(*engine.Pool) time.Duration { return engine.Never }),
	}
}

// delayed starts what demand lacks, and stops an agent that has been idle for a while.
func delayed(off time.Duration) Peer {
	return Peer{
		Name: fmt.Sprintf("demand, off after %d s", int(off.Seconds())), Rule: "queued + running builds at each event; an agent stops when it has been idle for so long",
		World: always, Yardstick: true,
		New: stateless(func(p *engine.Pool) time.Duration {
			p.Start(demand(p) - p.Supply())
			return timeout(p, off, p.Supply()-demand(p))
		}),
	}
}

// timeout stops agents that have been idle for long enough, at most n, and returns when the next one will have been.
func timeout(p *engine.Pool, off time.Duration, n int) time.Duration {
	p.StopSince(p.Now()-off, n)
	if p.Idle() == 0 {
		return engine.Never
	}
	return p.Longest() + off
}

// buildkite is the elastic CI stack's scaler.
func buildkite() Peer {
	return Peer{
		Name: "Buildkite scaler, idle 10 min", Rule: "scheduled + running jobs every 10 s; an agent stops itself after 10 min without a job", World: every(10 * time.Second),
		New: stateless(func(p *engine.Pool) time.Duration {
			p.Start(demand(p) - p.Supply())
			p.StopSince(p.Now()-10*time.Minute, p.Supply()-p.Min())
			return p.Now()
		}),
	}
}

// taskscaler is GitLab Runner's, with an idle count of 1, an idle scale factor of 0.2 and an idle time of 10 min.
func taskscaler() Peer {
	return Peer{
		Name: "GitLab taskscaler, idle 1, factor 0.2", Rule: "queued and running jobs + the larger of 1 and a fifth of the running ones; an agent above that stops after 10 min without a job",
		World: always,
		New: stateless(func(p *engine.Pool) time.Duration {
			want := demand(p) + max(1, int(math.Ceil(0.2*float64(p.Busy()))))
			p.Start(want - p.Supply())
			return timeout(p, 10*time.Minute, p.Supply()-want)
		}),
	}
}

// scaleSet is the actions runner controller's: ephemeral runners, so many as there are assigned jobs, and a minimum of idle ones.
func scaleSet(name string, least int) Peer {
	return Peer{
		Name: name, Rule: "assigned jobs + the minimum, at each message; a runner has one job",
		World: func(o *engine.Options) { o.Events, o.Ephemeral, o.Initial = true, true, least },
		New: stateless(func(p *engine.Pool) time.Duration {
			want := p.Queued() + p.Running() + least
			p.Start(want - p.Supply())
			if over := p.Supply() - want; over > 0 {
				p.Stop(over - p.Cancel(over))
			}
			return engine.Never
		}),
	}
}
