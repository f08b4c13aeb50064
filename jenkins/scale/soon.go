package scale

import (
	"fmt"
	"time"
)

// surest is the part of the starts by whose time agents start for demand that is known, at most.
const surest = 0.95

// overdue is how long demand that was announced is still waited for.
const overdue = time.Minute

// lead is how long before a known build its agent starts: a wait costs rho times what an idle agent does, so that it should come too late
// in one of 1 + rho cases.
func (s *State) lead(p *pool) time.Duration {
	part := min(p.rho/(1+p.rho), surest)
	if part == 0 {
		return 0
	}
	return time.Duration(s.starts.quantile(part) * float64(time.Second))
}

// soon wants agents for builds that are known to come while an agent starts.
func soon(s *State, p *pool) (int, string) {
	lead := s.lead(p)
	builds, why := 0, ""
	for _, x := range p.Soon {
		if wait := x.At.Sub(p.Now); x.Builds <= 0 || wait > lead || wait < -overdue {
			continue
		}
		if builds == 0 {
			why = x.Reason
		}
		builds = min(builds+min(x.Builds, most), most)
	}
	if builds == 0 {
		return p.agents(p.demand), "no build is known to come within " + span(lead)
	}
	return p.agents(p.demand + builds), fmt.Sprintf("%s within %s, as long as a start may take: %s", verb(builds, "build", "comes", "come"), span(lead), why)
}

// soonEnds returns when demand that was announced is given up.
func soonEnds(s *State, p *pool) (clock, string) {
	lead := s.lead(p)
	var at clock
	for _, x := range p.Soon {
		if wait := x.At.Sub(p.Now); x.Builds > 0 && wait <= lead && wait >= -overdue {
			if ends := p.at + millis(wait+overdue) + 1; at == 0 || ends < at {
				at = ends
			}
		}
	}
	return at, "a build that was announced has not come"
}

func soonComes(s *State, p *pool) (clock, int, string) {
	lead := s.lead(p)
	var at clock
	n, why := 0, ""
	for _, x := range p.Soon {
		wait := x.At.Sub(p.Now)
		if x.Builds <= 0 || wait <= lead {
			continue
		}
		if when := p.at + millis(min(wait-lead, time.Duration(leap)*time.Millisecond)) + 1; at == 0 || when < at {
			at, n, why = when, min(x.Builds, most), x.Reason
		}
	}
	now, _ := soon(s, p)
	return at, now + p.agents(n), why
}
