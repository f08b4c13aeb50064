package plot

import (
	"fmt"
	"math"
	"strings"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
)

// scale is what all panels share, so that they can be compared.
type scale struct {
	agents  float64
	seconds float64 // of waiting
	span    time.Duration
}

func scales(panels []Panel) scale {
	s := scale{agents: 1, seconds: 1, span: time.Minute}
	for _, p := range panels {
		for _, c := range p.Course {
			s.agents = max(s.agents, c.Busy+c.Starting+c.Idle+c.Draining, demand(p, c))
			s.seconds = max(s.seconds, c.Longest.Seconds())
			s.span = max(s.span, c.To)
		}
	}
	s.agents, s.seconds = ceiling(s.agents), ceiling(s.seconds)
	return s
}

// demand returns the agents that all builds would need.
func demand(p Panel, c engine.Sample) float64 {
	return (c.Queued + c.Running) / float64(max(p.Executors, 1))
}

// ceiling returns the next number that divides well into ticks.
func ceiling(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 4, 5, 6, 8} {
		if step*power >= v {
			return step * power
		}
	}
	return 10 * power
}

func (s scale) x(t time.Duration) float64 {
	return left + (right-left)*float64(t)/float64(s.span)
}

// panel draws one policy: what its agents did above, how long builds waited below.
func (d *drawing) panel(p Panel, top float64, s scale) {
	d.text(left, top+16, "name", p.Name)
	d.text(left, top+32, "note", p.Note)
	base := top + agentsTop + agents
	y := func(v float64) float64 { return base - agents*v/s.agents }
	d.axis(base, agents, s.agents, "agents")
	floor := make([]float64, len(p.Course))
	for _, layer := range []struct {
		class string
		of    func(engine.Sample) float64
	}{
		{"busy", func(c engine.Sample) float64 { return c.Busy }},
		{"starting", func(c engine.Sample) float64 { return c.Starting }},
		{"idle", func(c engine.Sample) float64 { return c.Idle }},
		{"draining", func(c engine.Sample) float64 { return c.Draining }},
	} {
		ceil := make([]float64, len(p.Course))
		for i, c := range p.Course {
			ceil[i] = floor[i] + layer.of(c)
		}
		d.area(p.Course, floor, ceil, s, y, layer.class)
		floor = ceil
	}
	d.curve(p.Course, func(c engine.Sample) float64 { return y(demand(p, c)) }, s, "demand")

	foot := top + waitTop + waits
	late := func(v float64) float64 { return foot - waits*v/s.seconds }
	d.axis(foot, waits, s.seconds, "wait, s")
	zero, mean := make([]float64, len(p.Course)), make([]float64, len(p.Course))
	for i, c := range p.Course {
		mean[i] = c.Wait.Seconds()
	}
	d.area(p.Course, zero, mean, s, late, "mean")
	d.curve(p.Course, func(c engine.Sample) float64 { return late(c.Longest.Seconds()) }, s, "longest")
	d.times(foot+14, top+agentsTop, foot, s)
}

// axis draws the lines of an axis up from its base.
func (d *drawing) axis(base, height, most float64, name string) {
	const ticks = 2
	for i := range ticks + 1 {
		at := base - height*float64(i)/ticks
		class := "grid"
		if i == 0 {
			class = "base"
		}
		d.line(left, at, right, at, class)
		d.text(left-6, at+4, "tick r", fmt.Sprintf("%g", most*float64(i)/ticks))
	}
	d.printf(`<text transform="translate(%.1f %.1f) rotate(-90)" class="tick m">%s</text>`+"\n", 14.0, base-height/2, escape(name))
}

// times draws the ticks of time.
func (d *drawing) times(label, top, foot float64, s scale) {
	const most = 9
	day := 24 * time.Hour
	step := time.Minute
	for _, step = range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day} {
		if s.span/step <= most {
			break
		}
	}
	for t := time.Duration(0); t <= s.span; t += step {
		d.line(s.x(t), top, s.x(t), foot, "grid")
		d.text(s.x(t), label, "tick m", ago(t))
	}
}

// ago writes a time since the start.
func ago(t time.Duration) string {
	switch day := 24 * time.Hour; {
	case t == 0:
		return "0"
	case t%day == 0:
		return fmt.Sprintf("%d d", t/day)
	case t%time.Hour == 0:
		return fmt.Sprintf("%d h", t/time.Hour)
	}
	return fmt.Sprintf("%d min", t/time.Minute)
}

// area fills what is between two curves, in steps.
func (d *drawing) area(course []engine.Sample, floor, ceil []float64, s scale, y func(float64) float64, class string) {
	if len(course) == 0 {
		return
	}
	var path strings.Builder
	for i, c := range course {
		fmt.Fprintf(&path, "%s%.1f %.1fH%.1f", move(i), s.x(c.From), y(ceil[i]), s.x(c.To))
	}
	for i := len(course) - 1; i >= 0; i-- {
		fmt.Fprintf(&path, "L%.1f %.1fH%.1f", s.x(course[i].To), y(floor[i]), s.x(course[i].From))
	}
	d.printf(`<path class="%s" d="%sZ"/>`+"\n", class, path.String())
}

func (d *drawing) curve(course []engine.Sample, y func(engine.Sample) float64, s scale, class string) {
	if len(course) == 0 {
		return
	}
	var path strings.Builder
	for i, c := range course {
		fmt.Fprintf(&path, "%s%.1f %.1fH%.1f", move(i), s.x(c.From), y(c), s.x(c.To))
	}
	d.printf(`<path class="%s" d="%s"/>`+"\n", class, path.String())
}

func move(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

func (d *drawing) legend(x, y float64) {
	for _, e := range []struct{ class, text string }{
		{"busy", "busy"},
		{"starting", "starting"},
		{"idle", "idle"},
		{"draining", "draining"},
		{"demand", "demand: builds that wait or run"},
		{"mean", "mean wait"},
		{"longest", "longest wait"},
	} {
		switch e.class {
		case "demand", "longest":
			d.line(x, y-4, x+18, y-4, e.class)
		default:
			d.printf(`<rect class="%s" x="%.1f" y="%.1f" width="18" height="10"/>`+"\n", e.class, x, y-9)
		}
		d.text(x+24, y, "note", e.text)
		x += 52 + 6.2*float64(len(e.text))
	}
}
