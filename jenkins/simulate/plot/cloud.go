package plot

import (
	"fmt"
	"math"
)

// cloud draws every policy by its wait and its cost, both on logarithmic axes, with a numbered list beside.
func (d *drawing) cloud(points []Point, top float64) {
	const (
		side   = 400.0 // width of the field
		height = cloud - 60
		least  = 0.1 // seconds: what is below is drawn there
	)
	d.text(left, top+16, "name", "All policies: further down waits less, further left costs less")
	base := top + 32 + height
	ratios, waits := logarithm{1, 2}, logarithm{10, 20}
	for _, p := range points {
		ratios = ratios.with(p.Ratio)
		waits = waits.with(max(p.Wait.Seconds(), least))
	}
	x := func(v float64) float64 { return left + side*ratios.at(v) }
	y := func(v float64) float64 { return base - height*waits.at(v) }
	for _, v := range ratios.ticks() {
		d.line(x(v), base-height, x(v), base, "grid")
		d.text(x(v), base+14, "tick m", fmt.Sprintf("%g", v))
	}
	for _, v := range waits.ticks() {
		d.line(left, y(v), left+side, y(v), "grid")
		d.text(left-6, y(v)+4, "tick r", fmt.Sprintf("%g", v))
	}
	d.text(left+side/2, base+30, "tick m", "agent-hours, times those of a clairvoyant without wait")
	d.printf(`<text transform="translate(%.1f %.1f) rotate(-90)" class="tick m">mean wait, s</text>`+"\n", 14.0, base-height/2)
	for i, p := range points {
		line := top + 46 + float64(i)*rowPace
		d.mark(left+side+40, line-4, i, p)
		d.text(left+side+56, line, "entry", p.Name)
		d.text(right, line, "note r", fmt.Sprintf("%.1f s, %.2f x", p.Wait.Seconds(), p.Ratio))
	}
	for _, own := range []bool{false, true} { // so that one's own are on top
		for i, p := range points {
			if p.Own == own {
				d.mark(x(p.Ratio), y(max(p.Wait.Seconds(), least)), i, p)
			}
		}
	}
}

// mark draws the number of a policy.
func (d *drawing) mark(x, y float64, i int, p Point) {
	class, number := "other", "number"
	if p.Own {
		class, number = "own", "number inside"
	}
	d.printf(`<circle class="%s" cx="%.1f" cy="%.1f" r="8"/>`+"\n", class, x, y)
	d.text(x, y+3.5, number, fmt.Sprint(i+1))
}

// logarithm is an axis from one number to another, both above 0.
type logarithm struct{ from, to float64 }

// steps are where ticks may be in each power of ten.
var steps = [3]float64{1, 2, 5}

// with widens the axis so that the number is on it.
func (l logarithm) with(v float64) logarithm {
	for _, s := range steps {
		power := math.Pow(10, math.Floor(math.Log10(v)))
		if s*power <= v {
			l.from = min(l.from, s*power)
		}
	}
	for power := math.Pow(10, math.Floor(math.Log10(v))); l.to < v; power *= 10 {
		for _, s := range steps {
			if s*power >= v {
				l.to = max(l.to, s*power)
				break
			}
		}
	}
	return l
}

func (l logarithm) at(v float64) float64 {
	return math.Log(v/l.from) / math.Log(l.to/l.from)
}

func (l logarithm) ticks() []float64 {
	var out []float64
	for power := math.Pow(10, math.Floor(math.Log10(l.from))); power <= l.to; power *= 10 {
		for _, s := range steps {
			const slack = 1e-9
			if v := s * power; v >= l.from*(1-slack) && v <= l.to*(1+slack) {
				out = append(out, v)
			}
		}
	}
	return out
}
