package scale

import (
	"math"
	"time"
)

// What an input may hold at most: numbers beyond are mistakes, and are cut so that sums stay numbers.
const (
	most          = 1 << 40
	mostExecutors = 1 << 16
	mostPriority  = 1e6
	usualPriority = 10
)

// pool is the input made sane, with what follows from it directly.
type pool struct {
	*Input
	at     clock   // now
	per    int     // executors of an agent
	demand int     // builds that wait or run
	free   int     // executors that take a build now
	supply int     // agents that are there or come, draining ones not counted
	rho    float64 // what a second of a build's waiting is worth, in idle agent-seconds

	voters  voters
	outlook outlook // of the moment
	kept    kept    // above demand
}

func survey(in *Input) *pool {
	for _, n := range []*int{&in.Queued, &in.Running, &in.Idle, &in.Busy, &in.Draining, &in.Min, &in.Max, &in.MaxStep} {
		*n = min(max(*n, 0), most)
	}
	in.Now = in.Now.Round(0) // without the monotonic clock, which does not survive a restart
	p := &pool{Input: in, per: min(max(in.Executors, 1), mostExecutors), rho: in.Priority}
	in.Running = max(in.Running, in.Busy)
	p.demand = in.Queued + in.Running
	p.free = in.Idle*p.per + max(in.Busy*p.per-in.Running, 0)
	p.supply = in.Idle + in.Busy + len(in.Starting)
	if math.IsNaN(p.rho) {
		p.rho = usualPriority
	}
	p.rho = min(max(p.rho, 0), mostPriority)
	return p
}

// agents returns how many agents so many builds need.
func (p *pool) agents(builds int) int { return (builds + p.per - 1) / p.per }

// lacking returns how many builds wait for which there is no executor.
func (p *pool) lacking() int { return max(p.Queued-p.free, 0) }

// patience is how long a build may wait beside free executors before it is believed to wait for something else.
const patience = 5 * time.Minute

// holds tells whether agents may be stopped now, and why not.
func (p *pool) holds() (bool, string) {
	switch {
	case p.Keep != "":
		return true, p.Keep
	case p.Queued == 0:
		return false, ""
	case p.Queued <= p.free && !p.Oldest.IsZero() && p.Now.Sub(p.Oldest) > patience:
		return false, "" // they do not wait for an agent
	case p.supply > p.Max:
		return false, "" // those above max go, and no others
	}
	return true, "no agent stops while " + verb(p.Queued, "build", "waits", "wait")
}
