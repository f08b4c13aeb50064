package scale

import "fmt"

// limit bounds what the terms want: by the floor, max, the quota, a pool that cannot grow and the step. What is kept while nothing may stop
// is not above max; that no busy agent is given up is above all.
func (p *pool) limit(floor, other int, hold bool) (int, []Limit) {
	n := max(floor, other)
	if hold || p.Queued > 0 && p.supply > p.Max {
		n = max(n, min(p.supply, p.Max))
	}
	limits := make([]Limit, 1, 6)
	limits[0] = Limit{Name: "min", Value: floor, Cut: floor > other, Reason: "spec.min, schedules and manual floor"}
	cut := func(name string, value int, why string) {
		limits = append(limits, Limit{Name: name, Value: value, Cut: n > value, Reason: why})
		n = min(n, value)
	}
	cut("max", p.Max, "spec.max")
	if p.Quota >= 0 { // it stops growth; it is no reason to stop what is there
		cut("quota", max(p.Quota, min(p.supply, n)), fmt.Sprintf("the namespace has room for %s", count(p.Quota, "agent")))
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

// setBy names the term or limit that set the number, held if nothing may be stopped.
func (p *pool) setBy(d Decision, set int) string {
	if l := cutting(d); l != nil {
		return l.Name
	}
	if d.Agents > d.Terms[set].Agents {
		return "held"
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
