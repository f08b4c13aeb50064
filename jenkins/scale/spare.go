package scale

import "strconv"

const (
	// worth is the part of a mean start-up time that a build waits for which there is no agent: the fastest of those that start serves it.
	worth = 0.6
	// sampled moments tell what to expect.
	sampled = 40
	// shared is for how many moments the whole pool counts beside those of a context.
	shared = 20
	// settle is how long what was started as a spare stays at least, in start-up times.
	settle = 0.4
)

// outlook is how many levels above demand are worth an agent.
type outlook struct {
	start, keep   int     // to start one, to keep one
	starts, keeps float64 // the part of the moments in which demand rose that far
}

// vote is what a context says of each rise: what it is worth to start an agent for it, and to keep one, in seconds of an idle agent, and in
// which part of its moments demand rose that far. All are means over its moments, with some of the whole pool.
type vote struct {
	in                uint16
	start, keep, rose [len(rises)]float64
}

// voters are the contexts of a decision that have voted, by view, and the whole pool.
type voters struct {
	views [views]vote
	voted [views]bool
	all   vote
	ready bool
}

// of returns the vote of a context. A moment in which demand rises far enough is worth the waiting that an agent spares, less the time for
// which it was idle; one in which it does not costs an idle agent.
func (v *voters) of(view int, in uint16, s *State, rho float64) *vote {
	x := &v.views[view]
	if v.voted[view] && x.in == in {
		return x
	}
	start, ahead := s.starts.seconds(), horizon*float64(s.width())/1000
	if !v.ready {
		s.samples.all.votes(&v.all, nil, rho, start, ahead)
		v.ready = true
	}
	s.samples.at(in).votes(x, &v.all, rho, start, ahead)
	x.in, v.voted[view] = in, true
	return x
}

func (c *cell) votes(v, common *vote, rho, start, ahead float64) {
	if c == nil {
		*v = *common
		return
	}
	moments := float64(c.moments)
	n := moments
	if common != nil {
		n += shared
	}
	for i := range rises {
		rose, took := float64(c.rose[i]), float64(c.took[i])
		spared := min(took, rose*start)
		never := (moments - rose) * ahead
		v.start[i] = rho*worth*spared - (took - spared) - never
		v.keep[i] = rose*(rho*worth+1)*start - took - never
		v.rose[i] = rose
		if common != nil {
			v.start[i] += shared * common.start[i]
			v.keep[i] += shared * common.keep[i]
			v.rose[i] += shared * common.rose[i]
		}
		v.start[i] /= n
		v.keep[i] /= n
		v.rose[i] /= n
	}
}

// expects returns the outlook in the contexts, which speak with equal weight.
func (s *State) expects(p *pool, in contexts) outlook {
	var o outlook
	if s.samples.all == nil || s.samples.all.moments < sampled {
		return o
	}
	var votes [views]*vote
	for i, j := range in {
		votes[i] = p.voters.of(i, j, s, p.rho)
	}
	starts, keeps := true, true
	for i, rise := range rises {
		var toStart, toKeep, rose float64
		for _, v := range votes {
			toStart, toKeep, rose = toStart+v.start[i], toKeep+v.keep[i], rose+v.rose[i]
		}
		if starts = starts && toStart > 0; starts {
			o.start, o.starts = rise, rose/float64(views)
		}
		if keeps = keeps && toKeep > 0; keeps {
			o.keep, o.keeps = rise, rose/float64(views)
		}
		if !starts && !keeps {
			break
		}
	}
	return o
}

// stay is a level that spares were started for, and until when they stay.
type stay struct {
	level int
	until clock
}

func (y stay) with(s *State, more int) stay {
	level := s.demand + more
	if level >= y.level || s.at >= y.until {
		return stay{level, s.at.after(settle * s.starts.seconds())}
	}
	return y
}

// spare wants agents for builds that are likely to come before an agent that starts then could serve them.
func spare(s *State, p *pool) (int, string) {
	o := p.outlook
	if o.start == 0 {
		return p.agents(p.demand), "no spare agent is worth its start"
	}
	return p.agents(p.demand + o.start), strconv.Itoa(o.start) + " spare: demand rose by that" + s.ahead(o.starts)
}

// keep wants the agents that are there already and are likely to be needed, or have been started as spares just now.
func keep(s *State, p *pool) (int, string) {
	o := p.outlook
	n := p.keeps(s, o.keep, s.at)
	switch {
	case n == p.agents(p.demand):
		return n, "no idle agent is worth its keep"
	case n > p.agents(p.demand+o.keep):
		return n, "spares that were started stay for " + seconds(s.stay.until.since(s.at)) + " more"
	}
	return n, strconv.Itoa(n-p.agents(p.demand)) + " kept: demand rose by " + strconv.Itoa(o.keep) + s.ahead(o.keeps)
}

// keeps returns how many agents keep wants at a time.
func (p *pool) keeps(s *State, more int, at clock) int {
	level := p.demand + more
	if at < s.stay.until {
		level = max(level, s.stay.level)
	}
	return max(min(p.agents(level), p.supply), p.agents(p.demand))
}

// ahead says in how many samples something happened.
func (s *State) ahead(part float64) string {
	return " within " + seconds(horizon*float64(s.width())/1000) + " in " + percent(part) + " of moments like this"
}

func spareEnds(s *State, p *pool) (clock, string) {
	now := p.agents(p.demand + p.outlook.start)
	at := s.until(p, func(o outlook, _ clock) bool { return p.agents(p.demand+o.start) < now })
	return at, "less is to be expected if no build comes"
}

func keepEnds(s *State, p *pool) (clock, string) {
	now := p.keeps(s, p.outlook.keep, s.at)
	at := s.until(p, func(o outlook, at clock) bool { return p.keeps(s, o.keep, at) < now })
	return at, "less is to be expected if no build comes"
}

// until returns when the outlook becomes such that the function holds, if nothing comes; 0 for never or late.
func (s *State) until(p *pool, lower func(outlook, clock) bool) clock {
	const looks = 64
	at := max(s.opened+s.width(), s.at+1)
	for range looks {
		m := s.moment(at)
		if lower(s.expects(p, s.context(m)), at) {
			return at
		}
		next := s.turns(m)
		if s.stay.until > at && (next == 0 || s.stay.until < next) {
			next = s.stay.until
		}
		if next == 0 {
			break
		}
		at = next
	}
	return 0
}
