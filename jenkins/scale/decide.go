package scale

import (
	"fmt"
	"math"
	"time"
)

// A rule is one term of the computation.
type rule struct {
	name string
	// wants returns how many agents there should be by this rule alone, and why.
	wants func(s *State, p *pool) (int, string)
	// ends returns when that falls though nothing else happens, and what happens then; nil if it does not.
	ends func(s *State, p *pool) (clock, string)
	// comes returns when it rises though nothing else happens, to how many agents, and why; nil if it does not.
	comes func(s *State, p *pool) (clock, int, string)
}

// rules are all terms. Of those that want the same, the first is named.
var rules = []rule{
	{name: "demand", wants: demand},
	{name: "short", wants: short},
	{name: "soon", wants: soon, ends: soonEnds, comes: soonComes},
	{name: "successors", wants: successors, ends: successorsEnd},
	{name: "hold", wants: hold, ends: holdEnds},
	{name: "spare", wants: spare, ends: spareEnds},
	{name: "keep", wants: keep, ends: keepEnds},
	{name: "min", wants: minimum},
	{name: "schedule", wants: scheduled, ends: scheduleEnds, comes: scheduleComes},
	{name: "manual", wants: manual, ends: manualEnds},
}

// Decide computes the number of agents from the input and what was learned, and returns it with what was learned now. It is to be called
// at each poll, or at each change and at Next.
func Decide(s State, in Input) (Decision, State) {
	p := survey(&in)
	if in.Unknown != "" {
		s.blind = true
		return p.held(&s, "unknown", in.Unknown), s
	}
	if back := s.Seen.Sub(in.Now); !s.fresh() && back > 0 {
		return p.held(&s, "clock", fmt.Sprintf("the clock went back by %s: everything stays until the next look", span(back))), s.turned(in.Now)
	}
	s = s.learn(p)
	if in.Drained {
		return drained(&s, p), s
	}
	d := Decision{Terms: make([]Term, 0, len(rules)), Spec: s.spec(p)}
	set := 0
	for i, r := range rules {
		n, why := r.wants(&s, p)
		d.Terms = append(d.Terms, Term{Name: r.name, Agents: n, Reason: why})
		if n > d.Terms[set].Agents {
			set = i
		}
	}
	low, other := floor(d.Terms)
	d.Floor = min(low, p.Max)
	d.Hold, d.HoldReason = p.holds()
	d.Agents, d.Limits = p.limit(low, other, d.Hold)
	d.Term = p.setBy(d, set)
	d.Reason = p.say(d, set)
	p.next(&s, &d, set)
	return d, s
}

// held is a decision that leaves all as it is.
func (p *pool) held(s *State, term, why string) Decision {
	return Decision{
		Agents: p.supply, Term: term, Reason: why, Hold: true, HoldReason: why, Floor: p.Min,
		Terms: []Term{{Name: term, Agents: p.supply, Reason: why}}, Spec: s.spec(p),
	}
}

// drained is the decision for a pool that is emptied.
func drained(s *State, p *pool) Decision {
	why := "the pool is drained: no agent runs a build"
	if p.Busy > 0 {
		why = fmt.Sprintf("the pool is drained: %s finish what they run, none starts", count(p.Busy, "agent"))
	}
	d := Decision{Agents: p.Busy, Term: "drained", Reason: why, Terms: []Term{{Name: "drained", Agents: p.Busy, Reason: why}}, Spec: s.spec(p)}
	if p.Keep != "" {
		d.Hold, d.HoldReason = true, p.Keep
	}
	return d
}

// next finds out when the decision changes by itself.
func (p *pool) next(s *State, d *Decision, set int) {
	at, why := clock(math.MaxInt64), ""
	if !d.Hold && d.Agents == d.Terms[set].Agents {
		at, why = p.fall(s, d)
	}
	for _, r := range rules {
		if r.comes == nil {
			continue
		}
		if when, n, reason := r.comes(s, p); when > p.at && when < at && n > d.Agents {
			at, why = when, reason
		}
	}
	if at != math.MaxInt64 {
		d.Next, d.NextReason = p.Now.Add(time.Duration(at-p.at)*time.Millisecond), why
	}
}

// fall returns when the last of the terms that want the most wants less.
func (p *pool) fall(s *State, d *Decision) (clock, string) {
	at, why := clock(0), ""
	for i, t := range d.Terms {
		if t.Agents < d.Agents {
			continue
		}
		if rules[i].ends == nil {
			return math.MaxInt64, ""
		}
		when, reason := rules[i].ends(s, p)
		if when <= p.at {
			return math.MaxInt64, ""
		}
		if when > at {
			at, why = when, reason
		}
	}
	return at, why
}
