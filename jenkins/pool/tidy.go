package pool

import (
	"encoding/json"
	"slices"
	"time"
)

// Tidy returns the status as it is written: lists and texts within their bounds, times in whole seconds, so that what did not change is
// the same bytes.
func (s Status) Tidy() Status {
	s.OldestQueued, s.Reason = second(s.OldestQueued), cut(s.Reason)
	s.Jenkins.LastRead, s.Jenkins.Error = second(s.Jenkins.LastRead), cut(s.Jenkins.Error)
	if more := len(s.Agents) - MaxAgents; more > 0 {
		s.Agents, s.AgentsOmitted = s.Agents[:MaxAgents], s.AgentsOmitted+more
	}
	s.Agents = each(s.Agents, func(a *Agent) { a.Since, a.Reason, a.Build = seconds(a.Since), cut(a.Reason), cut(a.Build) })
	s.Unmatched = each(s.Unmatched[:min(len(s.Unmatched), MaxUnmatched)], func(u *Unmatched) { u.Label, u.Why = cut(u.Label), cut(u.Why) })
	s.History = each(s.History[:min(len(s.History), MaxHistory)], func(c *Change) { c.At, c.Reason = seconds(c.At), cut(c.Reason) })
	s.Conditions = each(s.Conditions, func(c *Condition) { c.LastTransitionTime, c.Message = seconds(c.LastTransitionTime), cut(c.Message) })
	if s.Decision != nil {
		d := *s.Decision
		d.At, d.Next, d.Reason, d.NextReason, d.Spec = seconds(d.At), second(d.Next), cut(d.Reason), cut(d.NextReason), cut(d.Spec)
		d.Terms = each(d.Terms, func(t *Term) { t.Reason = cut(t.Reason) })
		d.Limits = each(d.Limits, func(l *Limit) { l.Reason = cut(l.Reason) })
		d.Gates = each(d.Gates, func(g *Gate) { g.Reason = cut(g.Reason) })
		s.Decision = &d
	}
	if s.Rollout != nil {
		r := *s.Rollout
		r.Since, r.Reason = seconds(r.Since), cut(r.Reason)
		s.Rollout = &r
	}
	return s
}

// Object returns the status, tidied, as the API server takes it.
func (s Status) Object() (map[string]any, error) {
	data, err := json.Marshal(s.Tidy())
	if err != nil {
		return nil, err
	}
	var o map[string]any
	return o, json.Unmarshal(data, &o)
}

// each returns a copy of a list with every element changed.
func each[E any](list []E, change func(*E)) []E {
	list = slices.Clone(list)
	for i := range list {
		change(&list[i])
	}
	return list
}

func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

func second(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	of := seconds(*t)
	return &of
}
