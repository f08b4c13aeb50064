package scale

import (
	"fmt"
	"time"
)

// minimum wants the agents that the pool always has.
func minimum(_ *State, p *pool) (int, string) {
	if p.Min == 0 {
		return 0, "no minimum"
	}
	return p.Min, fmt.Sprintf("min keeps %s", count(p.Min, "agent"))
}

// scheduled wants the agents of the schedules that are open.
func scheduled(s *State, _ *pool) (int, string) {
	switch {
	case s.floors == nil:
		return 0, "no schedule"
	case s.floors.bad != "":
		return s.floors.min, s.floors.bad
	case s.floors.min == 0:
		return 0, "no schedule is open"
	}
	return s.floors.min, s.floors.why
}

func scheduleEnds(s *State, p *pool) (clock, string) {
	if s.floors == nil || s.floors.ends.IsZero() {
		return 0, ""
	}
	return p.when(s.floors.ends), "the schedule ends"
}

func scheduleComes(s *State, p *pool) (clock, int, string) {
	if s.floors == nil || s.floors.comes.IsZero() {
		return 0, 0, ""
	}
	return p.when(s.floors.comes), s.floors.more, s.floors.moreWhy
}

// manual wants the agents that a person asked for.
func manual(_ *State, p *pool) (int, string) {
	m := p.Manual
	switch {
	case m.Agents <= 0:
		return 0, "no manual floor"
	case !m.Until.IsZero() && !p.Now.Before(m.Until):
		return 0, fmt.Sprintf("the manual floor of %s ended at %s", count(m.Agents, "agent"), m.Until.UTC().Format("15:04 MST"))
	}
	why := fmt.Sprintf("a person keeps %s", count(min(m.Agents, most), "agent"))
	if !m.Until.IsZero() {
		why += " until " + m.Until.UTC().Format("15:04 MST")
	}
	if m.Reason != "" {
		why += ": " + m.Reason
	}
	return min(m.Agents, most), why
}

func manualEnds(_ *State, p *pool) (clock, string) {
	if p.Manual.Until.IsZero() {
		return 0, ""
	}
	return p.when(p.Manual.Until), "the manual floor ends"
}

// when returns a time by the clock of the state, not before it comes.
func (p *pool) when(t time.Time) clock {
	wait := t.Sub(p.Now)
	return p.at + min(millis(wait+time.Millisecond-1), leap)
}

// floors are the terms that hold whatever the demand.
var floors = map[string]bool{"min": true, "schedule": true, "manual": true}

// floor returns what the terms want whatever the demand, and what the others want.
func floor(terms []Term) (floor, other int) {
	for _, t := range terms {
		if floors[t.Name] {
			floor = max(floor, t.Agents)
		} else {
			other = max(other, t.Agents)
		}
	}
	return floor, other
}
