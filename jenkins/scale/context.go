package scale

import "math"

// Contexts are several views of a moment: the demand with the arrivals of the last seconds, of the last minute, of the last minutes, and
// with how much higher demand was lately. Each moment is in one context of each view.
const (
	views   = len(rates{}) + 1
	sizes   = 8  // of demand, by factors of three
	courses = 16 // of what a view adds, by factors
	// faint is where arrivals begin to count.
	faint = 0.05
	// lately is how long a peak counts, in start-up times.
	lately = 5.5
)

type contexts [views]uint16

// context returns the contexts of a moment at which nothing has changed since the state was made.
func (s *State) context(at clock) contexts {
	var c contexts
	size := 0
	if s.demand > 0 {
		size = min(1+int(math.Log(float64(s.demand))/math.Log(3)), sizes-1)
	}
	for i, x := range s.rates.later(at.since(s.at)) {
		course := 0
		if x > faint {
			course = min(1+int(math.Log2(x/faint)), courses-1)
		}
		c[i] = index(i, size, course)
	}
	course := 0
	if n := s.fallen(at); n > 0 {
		course = min(1+int(math.Log(float64(n))/math.Log(1.6)), courses-1)
	}
	c[views-1] = index(views-1, size, course)
	return c
}

func index(view, size, course int) uint16 { return uint16((view*sizes+size)*courses + course) }

// fallen returns how much higher demand was lately.
func (s *State) fallen(at clock) int {
	high := s.demand
	for r := s.levels; r != nil && at.since(r.left) < s.starts.seconds()*lately; r = r.next {
		high = max(high, r.top)
	}
	return high - s.demand
}

// turns returns when the contexts of the moment change next without an arrival, 0 for never.
func (s *State) turns(at clock) clock {
	var next clock
	sooner := func(t clock) {
		if t > at && (next == 0 || t < next) {
			next = t
		}
	}
	for i, x := range s.rates {
		x *= math.Exp(-at.since(s.at) / memories[i])
		if x <= faint {
			continue
		}
		down := faint * math.Exp2(math.Floor(math.Log2(x/faint)))
		sooner(at.after(memories[i]*math.Log(x/down) + 0.002))
	}
	window := s.starts.seconds() * lately
	for r := s.levels; r != nil && at.since(r.left) < window; r = r.next {
		sooner(r.left.after(window) + 1)
	}
	return next
}
