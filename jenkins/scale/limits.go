package scale

import "fmt"

// limit bounds what the terms want, in this order: what is kept while nothing may stop, min, max, quota, a pool that cannot grow, the
// step, and last that no busy agent is given up. Min is here for max only: the terms have it already.
func (p *pool) limit(wanted int, hold bool) (int, []Limit) {
	n := wanted
	if hold || p.Queued > 0 && p.supply > p.Max {
		n = max(n, min(p.supply, p.Max))
	}
	limits := []Limit{{Name: "min", Value: p.Min, Cut: wanted == p.Min && p.Min > 0 && p.Min > p.agents(p.demand), Reason: "spec.min"}}
	cut := func(name string, value int, why string) {
		l := Limit{Name: name, Value: value, Cut: n > value, Reason: why}
		n = min(n, value)
		limits = append(limits, l)
	}
	cut("max", p.Max, "spec.max")
	if p.Quota >= 0 {
		cut("quota", p.Quota, fmt.Sprintf("the namespace has room for %s", count(p.Quota, "agent")))
	}
	if p.Blocked != "" {
		cut("blocked", p.supply, p.Blocked)
	}
	if p.MaxStep > 0 {
		cut("step", p.supply+p.MaxStep, fmt.Sprintf("at most %s by one decision", verb(p.MaxStep, "agent", "starts", "start")))
	}
	if n < p.Busy {
		n = p.Busy
		limits = append(limits, Limit{Name: "busy", Value: p.Busy, Cut: true, Reason: "no busy agent is given up"})
	}
	return n, limits
}

// setBy names the term or limit that set the number.
func (p *pool) setBy(d Decision, set int) string {
	if l := cutting(d); l != nil {
		return l.Name
	}
	if d.Agents > d.Terms[set].Agents {
		return "hold" // nothing may be stopped
	}
	return d.Terms[set].Name
}

// cutting returns the limit that set the number, nil for none.
func cutting(d Decision) *Limit {
	for i := len(d.Limits) - 1; i > 0; i-- {
		if l := &d.Limits[i]; l.Cut && l.Value == d.Agents {
			return l
		}
	}
	return nil
}
