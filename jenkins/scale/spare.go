package scale

import "strconv"

const (
	// worth is the part of a mean start-up time that a build waits for which there is no agent: the fastest of those that start serves it.
	worth = 0.6
	// sampled moments tell what to expect.
	sampled = 40
	// common is how many moments the whole pool counts for beside those of a context.
	common = 20
	// settle is how long what was started as a spare stays at least, in start-up times.
	settle = 0.4
)

// outlook is how many levels above demand are worth an agent.
type outlook struct {
	start, keep   int     // to start one, to keep one
	starts, keeps float64 // the part of the moments in which demand rose that far
}

// expects returns the outlook in the contexts. A moment in which demand rises far enough is worth the waiting that an agent spares, less the
// time for which it was idle; one in which it does not costs an idle agent. Its contexts speak with equal weight.
func (s *State) expects(p *pool, in contexts) outlook {
	var o outlook
	t := &s.samples
	if t.all == nil || t.all.moments < sampled {
		return o
	}
	start := s.starts.seconds()
	ahead := horizon * float64(s.width()) / 1000
	starts, keeps := true, true
	for i := range rises {
		var toStart, toKeep, part float64
		whole, always, all := t.all.pays(i, p.rho, start, ahead)
		n := float64(t.all.moments)
		whole, always, all = whole/n, always/n, all/n
		for _, j := range in {
			a, b, c, n := common*whole, common*always, common*all, float64(common)
			if x := t.at(j); x != nil {
				xa, xb, xc := x.pays(i, p.rho, start, ahead)
				a, b, c, n = a+xa, b+xb, c+xc, n+float64(x.moments)
			}
			toStart, toKeep, part = toStart+a/n, toKeep+b/n, part+c/n
		}
		if starts = starts && toStart > 0; starts {
			o.start, o.starts = rises[i], part/float64(len(in))
		}
		if keeps = keeps && toKeep > 0; keeps {
			o.keep, o.keeps = rises[i], part/float64(len(in))
		}
		if !starts && !keeps {
			break
		}
	}
	return o
}

// pays returns what it would have been worth to start an agent at each of the moments, and to keep one, in seconds of an idle agent, and
// at how many of them demand rose that far.
func (c *cell) pays(rise int, rho, start, ahead float64) (toStart, toKeep, rose float64) {
	rose = float64(c.rose[rise])
	never := float64(c.moments) - rose
	took := float64(c.took[rise])
	spared := min(took, rose*start)
	toStart = rho*worth*spared - (took - spared) - never*ahead
	toKeep = rose*(rho*worth+1)*start - took - never*ahead
	return toStart, toKeep, rose
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
		if lower(s.expects(p, s.context(at)), at) {
			return at
		}
		next := s.turns(at)
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
