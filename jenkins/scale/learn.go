package scale

import (
	"math"
	"time"
)

// blindness is how long queue and agents may be unknown before the course of demand counts as interrupted.
const blindness = clock(time.Minute / time.Millisecond)

// learn returns the state with what the input tells.
func (s State) learn(p *pool) State {
	old := s
	now, passed := min(p.demand, highest), s.passed(p.Now)
	came := max(now-old.demand, 0)
	s.at += passed
	p.at = s.at
	if passed > 0 || old.fresh() { // the same look twice tells nothing new
		s.starts = s.starts.with(p.Started, s.at)
		s.jobs = s.jobs.with(p.Jobs, p.Now, s.at)
		came = max(came, queued(p.Jobs))
	}
	switch {
	case old.fresh():
		came = 0
	case old.blind && passed > blindness:
		s.closed, s.open, came = nil, bin{}, 0
		s.levels = s.levels.moved(old.demand, now, s.at, nil)
	default:
		s.roll(&old, now)
		s.levels = s.levels.moved(old.demand, now, s.at, &s.gaps)
	}
	if s.open.none() {
		s.open, s.opened = old.begin(now, s.at), s.at
	}
	s.open.peak = max(s.open.peak, int32(now))
	s.rates = s.rates.later(s.at.since(old.at)).with(came)
	s.demand, s.blind, s.Seen = now, false, p.Now.UTC()
	s.floors = s.floors.at(p.Schedules, p.Now)
	p.outlook = s.expects(p, s.open.in)
	p.kept = s.kept(p)
	s.stay = s.stay.with(&s, p.outlook.start)
	return s
}

// queued counts the builds that were queued.
func queued(jobs []Job) int {
	n := 0
	for _, j := range jobs {
		if !j.Ended {
			n++
		}
	}
	return n
}

// rates are the builds that came lately, each counted the less the longer ago it came, over several lengths of time.
type rates [3]float64

// memories are those lengths, in seconds.
var memories = rates{10, 60, 300}

// later returns the rates after so many seconds without an arrival.
func (r rates) later(seconds float64) rates {
	if seconds <= 0 {
		return r
	}
	for i := range r {
		r[i] *= math.Exp(-seconds / memories[i])
	}
	return r
}

// with returns the rates after so many builds came.
func (r rates) with(n int) rates {
	for i := range r {
		r[i] += float64(n)
	}
	return r
}
