package scale

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count returns "1 agent", "2 agents".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// verb returns "1 build waits", "2 builds wait".
func verb(n int, noun, one, many string) string {
	if n == 1 {
		return "1 " + noun + " " + one
	}
	return count(n, noun) + " " + many
}

// number returns a number as short as it can be.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }

// span returns a duration as people write it: "50 s", "4m10s", "5m".
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d/time.Second)) + " s"
	case d < time.Hour && d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	s := d.String()
	if s, zero := strings.CutSuffix(s, "m0s"); zero {
		if s, zero := strings.CutSuffix(s, "h0"); zero {
			return s + "h"
		}
		return s + "m"
	}
	return s
}

// seconds returns a number of seconds as people write it.
func seconds(s float64) string { return span(time.Duration(min(s, 1e9) * float64(time.Second))) }

// percent returns a part as people write it.
func percent(part float64) string { return strconv.Itoa(int(math.Round(100*part))) + " %" }

// builds says what the pool has to do.
func (p *pool) builds() string {
	switch {
	case p.demand == 0:
		return "no build waits or runs"
	case p.Queued == 0:
		return verb(p.Running, "build", "runs", "run") + ", none waits"
	case p.Running == 0:
		return verb(p.Queued, "build", "waits", "wait") + ", none runs"
	}
	run := " run"
	if p.Running == 1 {
		run = " runs"
	}
	return verb(p.Queued, "build", "waits", "wait") + ", " + strconv.Itoa(p.Running) + run
}

// spares says what agents there are besides the busy ones, "" for none.
func (p *pool) spares() string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{p.Idle, "idle"}, {len(p.Starting), "starting"}, {p.Draining, "draining"}} {
		switch {
		case x.n == 0:
		case len(parts) == 0:
			parts = append(parts, count(x.n, "agent")+" "+x.what)
		default:
			parts = append(parts, strconv.Itoa(x.n)+" "+x.what)
		}
	}
	return strings.Join(parts, ", ")
}

// facts says what the pool has to do, and with what.
func (p *pool) facts() string {
	if s := p.spares(); s != "" {
		return p.builds() + "; " + s
	}
	return p.builds()
}

// say makes the sentence of a decision.
func (p *pool) say(d Decision, set int) string {
	t := d.Terms[set]
	l := cutting(d)
	limited := ""
	if l != nil && l.Name != "busy" {
		limited = fmt.Sprintf(", %d wanted: %s is %d (%s)", t.Agents, l.Name, l.Value, l.Reason)
	}
	switch more := d.Agents - p.supply; {
	case more > 0 && l != nil:
		return fmt.Sprintf("%s: %d more started%s", p.facts(), more, limited)
	case more > 0:
		return fmt.Sprintf("%s: %d more started (%s)", p.facts(), more, t.Reason)
	case d.Hold && d.Agents > t.Agents:
		return fmt.Sprintf("%s: %s stay, %s", p.facts(), count(d.Agents, "agent"), d.HoldReason)
	case l != nil:
		return fmt.Sprintf("%s: %s%s", p.facts(), count(d.Agents, "agent"), limited)
	case more < 0 && d.Agents == 0:
		return p.facts() + ": no agent is needed"
	case more < 0 && t.Name == "demand":
		return fmt.Sprintf("%s: %d fewer, %s what the builds need", p.facts(), -more, verb(d.Agents, "agent", "is", "are"))
	case more < 0:
		return fmt.Sprintf("%s: %d fewer, %s stay (%s)", p.facts(), -more, strconv.Itoa(d.Agents), t.Reason)
	case t.Name == "demand":
		return p.facts()
	}
	return t.Reason
}

// spec says what the computation rests on.
func (s *State) spec(p *pool) string {
	known := "measured"
	if n := s.starts.seen(); n < enough {
		known = "assumed, " + strconv.Itoa(n) + " of " + strconv.Itoa(enough) + " seen"
	}
	rho := number(p.rho)
	switch p.rho {
	case 3:
		rho = "cost (3)"
	case usualPriority:
		rho = "balanced (10)"
	case 50:
		rho = "speed (50)"
	}
	return "priority " + rho + ", start-up " + seconds(s.starts.seconds()) + " (" + known + ")"
}
