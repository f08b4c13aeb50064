package engine

import (
	"math"
	"slices"
	"time"

	"majordomo.dev/jenkins/simulate/random"
	"majordomo.dev/jenkins/simulate/trace"
)

// Pool is the agents and the queue at one moment, as a policy sees and changes them.
type Pool struct {
	trace  *trace.Trace
	o      Options
	random *random.Source
	now    time.Duration

	queue    queue           // builds that wait
	arrived  int             // builds that were submitted
	notices  []time.Duration // when builds become known before they are submitted, those to come
	finished int
	moved    time.Duration // when a build last started, or the queue was empty
	events   events
	changed  bool // since the last decision

	idle, starting, draining list
	ready                    []*Agent // idle and busy, in any order
	free                     []*Agent // those of them with a free executor
	busy                     int      // agents
	retiring                 int      // agents
	running                  int      // builds

	started []time.Duration // start-up times since the last decision
	jobs    []Job           // since the last decision

	waits  []time.Duration // of each build, the last time that it began
	totals Result
	course *course
}

// Job is a change of a build since the last decision.
type Job struct {
	Job   int // index of trace.Jobs
	Ended bool
	At    time.Duration
}

func newPool(t *trace.Trace, o Options) *Pool {
	p := &Pool{trace: t, o: o, random: random.New(o.Seed), waits: make([]time.Duration, len(t.Builds))}
	if o.Samples > 0 {
		p.course = newCourse(t, o.Samples)
	}
	for _, b := range t.Builds {
		if b.Known > 0 {
			p.notices = append(p.notices, b.Submit-b.Known)
		}
	}
	slices.Sort(p.notices)
	p.totals.Paid = float64(o.Initial) * o.Startup.Mean().Seconds()
	for range o.Initial {
		p.totals.Starts++
		p.up(&Agent{})
	}
	return p
}

// Now returns the time since the start of the trace.
func (p *Pool) Now() time.Duration { return p.now }

// Trace returns what is replayed.
func (p *Pool) Trace() *trace.Trace { return p.trace }

// Executors returns the executors of an agent.
func (p *Pool) Executors() int { return p.o.Executors }

// Min returns how many agents no policy goes below by itself.
func (p *Pool) Min() int { return p.o.Min }

// Queued returns how many builds wait.
func (p *Pool) Queued() int { return p.queue.len() }

// Oldest returns when the build was submitted that waits longest; some build has to wait.
func (p *Pool) Oldest() time.Duration { return p.trace.Builds[p.queue.first()].Submit }

// Running returns how many builds run.
func (p *Pool) Running() int { return p.running }

// Idle returns how many agents have no build and take one.
func (p *Pool) Idle() int { return p.idle.n }

// Busy returns how many agents have a build.
func (p *Pool) Busy() int { return p.busy }

// Starting returns how many agents have not come up yet.
func (p *Pool) Starting() int { return p.starting.n }

// Pending returns how many agents are in the first part of their start-up.
func (p *Pool) Pending(part float64) int {
	n := 0
	for a := p.starting.head; a != nil; a = a.next {
		if float64(p.now-a.since) <= part*float64(a.until-a.since) {
			n++
		}
	}
	return n
}

// Draining returns how many agents are on their way out.
func (p *Pool) Draining() int { return p.draining.n + p.retiring }

// Supply returns how many agents there are that serve builds or soon will.
func (p *Pool) Supply() int { return p.idle.n + p.busy + p.starting.n }

// Ages appends the ages of the starting agents, oldest first.
func (p *Pool) Ages(to []time.Duration) []time.Duration {
	for a := p.starting.head; a != nil; a = a.next {
		to = append(to, p.now-a.since)
	}
	return to
}

// Started returns the start-up times of the agents that came up since the last decision. The slice is used again.
func (p *Pool) Started() []time.Duration { return p.started }

// Jobs returns what was submitted or ended since the last decision. The slice is used again.
func (p *Pool) Jobs() []Job { return p.jobs }

// Announced calls visit with the builds that are known before they are submitted, the earliest first as far as it is called.
func (p *Pool) Announced(visit func(b trace.Build)) {
	for i := p.arrived; i < len(p.trace.Builds) && p.trace.Builds[i].Submit-p.now <= p.trace.Lead; i++ {
		if b := p.trace.Builds[i]; b.Known > 0 && b.Submit-b.Known <= p.now {
			visit(b)
		}
	}
}

// Start starts agents, as far as there may be more.
func (p *Pool) Start(n int) {
	if p.o.Max > 0 {
		n = min(n, p.o.Max-p.Supply()-p.Draining())
	}
	for range max(n, 0) {
		a := &Agent{state: starting, since: p.now}
		took := p.o.Startup.draw(p.random, p.o.Seed, p.now)
		a.until = p.now + took
		p.starting.push(a)
		p.events.push(event{at: a.until, kind: comesUp, agent: a, token: a.token})
		p.totals.Starts++
	}
}

// Resume takes draining agents back, the last first, and returns how many.
func (p *Pool) Resume(n int) int {
	done := 0
	for ; done < n && p.draining.tail != nil; done++ {
		a := p.draining.tail
		p.draining.remove(a)
		a.token++
		p.up(a)
	}
	return done
}

// Cancel gives up agents that start and whose container does not run yet, the youngest first, and returns how many.
func (p *Pool) Cancel(n int) int {
	done := 0
	for a := p.starting.tail; a != nil && done < n; {
		before := a.prev
		if a.until-p.now > p.o.Register {
			p.starting.remove(a)
			p.gone(a)
			p.totals.Cancelled++
			done++
		}
		a = before
	}
	return done
}

// Expire gives up agents that have been starting for longer than the limit, and returns how many.
func (p *Pool) Expire(limit time.Duration) int {
	done := 0
	for a := p.starting.head; a != nil && p.now-a.since > limit; a = p.starting.head {
		p.starting.remove(a)
		p.gone(a)
		p.totals.Cancelled++
		done++
	}
	return done
}

// Stop drains idle agents, those that were used last in the end, and returns how many.
func (p *Pool) Stop(n int) int {
	if p.o.Part > 0 {
		n = min(n, max(1, int(math.Ceil(p.o.Part*float64(p.Supply()))))-p.draining.n)
	}
	return p.StopSince(p.now, n)
}

// StopSince drains the agents that have been idle since the time or longer, at most n, and returns how many.
func (p *Pool) StopSince(since time.Duration, n int) int {
	done := 0
	for ; done < n && p.idle.head != nil && p.idle.head.since <= since; done++ {
		p.stop(p.idle.head)
	}
	return done
}

// Longest returns since when the agent is idle that is so the longest; some agent has to be idle.
func (p *Pool) Longest() time.Duration { return p.idle.head.since }

func (p *Pool) stop(a *Agent) {
	p.idle.remove(a)
	p.down(a)
	if p.o.Drain <= 0 {
		p.gone(a)
		return
	}
	a.state, a.since = draining, p.now
	p.draining.push(a)
	p.events.push(event{at: p.now + p.o.Drain, kind: drained, agent: a, token: a.token})
}

// Retire stops agents that are up, whichever: those without a build at once, the others when their builds are done.
func (p *Pool) Retire(n int) {
	for ; n > 0 && len(p.ready) > 0; n-- {
		a := p.ready[p.random.Below(len(p.ready))]
		p.down(a)
		if a.state == idle {
			p.idle.remove(a)
			p.gone(a)
			continue
		}
		p.busy--
		p.retiring++
		a.state = retiring
	}
}

// Kill ends agents that are up without looking whether they have builds. Those builds are lost and wait again.
func (p *Pool) Kill(n int) {
	for ; n > 0 && len(p.ready) > 0; n-- {
		a := p.ready[p.random.Below(len(p.ready))]
		if a.state == idle {
			p.idle.remove(a)
		} else {
			p.busy--
		}
		p.down(a)
		for _, r := range a.builds {
			p.totals.Killed++
			p.totals.Lost += (p.now - r.began).Seconds()
			p.running--
			p.queue.push(r.build)
		}
		a.builds = nil
		p.gone(a)
	}
}
