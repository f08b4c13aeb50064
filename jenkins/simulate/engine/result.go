package engine

import (
	"slices"
	"time"

	"majordomo.dev/jenkins/simulate/trace"
)

// Result is what a run came to. Times of agents are in seconds, all agents together.
type Result struct {
	Builds    int
	Span      time.Duration // from the first submission to the end of the last build
	Waited    float64       // seconds, all builds together
	Mean      time.Duration // wait from submission to the beginning of the run that finished
	P50       time.Duration
	P95       time.Duration
	P99       time.Duration
	Max       time.Duration
	Starts    int     // of agents
	Cancelled int     // starts that were given up
	Paid      float64 // all that agents cost
	Starting  float64 // part of it, before they came up
	Idle      float64 // part of it, without a build
	Busy      float64 // part of it, with a build
	Draining  float64 // part of it, on their way out
	Work      float64 // seconds of builds, those that were killed included
	Killed    int     // builds that lost their agent and began again
	Lost      float64 // seconds that killed builds had run for nothing
	Peak      int     // agents at most
	Course    []Sample
}

// Sample is the mean of one piece of time.
type Sample struct {
	From, To                       time.Duration
	Queued, Running                float64 // builds
	Starting, Idle, Busy, Draining float64 // agents
	Wait                           time.Duration
	Longest                        time.Duration // wait of a build that began
	Began                          int
}

// advance moves the clock and counts what passes.
func (p *Pool) advance(to time.Duration) {
	t := &p.totals
	t.Peak = max(t.Peak, p.Supply()+p.Draining())
	if to <= p.now {
		return
	}
	s := (to - p.now).Seconds()
	t.Starting += s * float64(p.starting.n)
	t.Idle += s * float64(p.idle.n)
	t.Busy += s * float64(p.busy)
	t.Draining += s * float64(p.Draining())
	t.Work += s * float64(p.running)
	if p.course != nil {
		p.course.pass(p, p.now, to)
	}
	p.now = to
}

func (p *Pool) result() *Result {
	r := p.totals
	r.Builds, r.Span = len(p.waits), p.now
	r.Starting += r.Paid // of those that were there at the beginning
	r.Paid = r.Starting + r.Idle + r.Busy + r.Draining
	for _, w := range p.waits {
		r.Waited += w.Seconds()
	}
	slices.Sort(p.waits)
	at := func(part float64) time.Duration { return p.waits[min(int(part*float64(len(p.waits))), len(p.waits)-1)] }
	if len(p.waits) > 0 {
		r.Mean = time.Duration(r.Waited / float64(len(p.waits)) * float64(time.Second))
		r.P50, r.P95, r.P99, r.Max = at(0.50), at(0.95), at(0.99), p.waits[len(p.waits)-1]
	}
	if p.course != nil {
		r.Course = p.course.until(p.now)
	}
	return &r
}

// course gathers samples of equal length. When there are twice as many as asked for, pairs of them become one.
type course struct {
	width   time.Duration
	most    int
	samples []Sample
}

func newCourse(t *trace.Trace, samples int) *course {
	return &course{width: max(t.Demand().Span/time.Duration(samples), time.Second), most: 2 * samples}
}

func (c *course) pass(p *Pool, from, to time.Duration) {
	for from < to {
		s := c.at(from)
		end := min(to, s.To)
		part := float64(end-from) / float64(c.width)
		s.Queued += part * float64(p.queue.len())
		s.Running += part * float64(p.running)
		s.Starting += part * float64(p.starting.n)
		s.Idle += part * float64(p.idle.n)
		s.Busy += part * float64(p.busy)
		s.Draining += part * float64(p.Draining())
		from = end
	}
}

// until ends the last sample, whose means are over what has passed of it.
func (c *course) until(now time.Duration) []Sample {
	n := len(c.samples)
	if n == 0 || now >= c.samples[n-1].To {
		return c.samples
	}
	s := &c.samples[n-1]
	part := float64(c.width) / float64(now-s.From)
	for _, v := range []*float64{&s.Queued, &s.Running, &s.Starting, &s.Idle, &s.Busy, &s.Draining} {
		*v *= part
	}
	s.To = now
	return c.samples
}

// waited counts a build that begins now.
func (c *course) waited(wait time.Duration) {
	if len(c.samples) == 0 {
		return
	}
	s := &c.samples[len(c.samples)-1]
	s.Wait = (s.Wait*time.Duration(s.Began) + wait) / time.Duration(s.Began+1)
	s.Longest = max(s.Longest, wait)
	s.Began++
}

// at returns the sample of a time, which is not before that of the last call.
func (c *course) at(t time.Duration) *Sample {
	for {
		n := len(c.samples)
		if n > 0 && t < c.samples[n-1].To {
			return &c.samples[n-1]
		}
		if n == c.most {
			c.halve()
			continue
		}
		from := time.Duration(n) * c.width
		c.samples = append(c.samples, Sample{From: from, To: from + c.width})
	}
}

func (c *course) halve() {
	for i := range len(c.samples) / 2 {
		c.samples[i] = join(c.samples[2*i], c.samples[2*i+1])
	}
	c.samples = c.samples[:len(c.samples)/2]
	c.width *= 2
}

func join(a, b Sample) Sample {
	s := Sample{
		From: a.From, To: b.To, Queued: (a.Queued + b.Queued) / 2, Running: (a.Running + b.Running) / 2, Starting: (a.Starting + b.Starting) / 2,
		Idle: (a.Idle + b.Idle) / 2, Busy: (a.Busy + b.Busy) / 2, Draining: (a.Draining + b.Draining) / 2,
		Longest: max(a.Longest, b.Longest), Began: a.Began + b.Began,
	}
	if s.Began > 0 {
		s.Wait = (a.Wait*time.Duration(a.Began) + b.Wait*time.Duration(b.Began)) / time.Duration(s.Began)
	}
	return s
}
