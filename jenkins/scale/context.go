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

// moment is a time at which nothing has changed since the state was made.
type moment struct {
	at     clock
	rates  rates
	fallen int // class of how much higher demand was lately
}

func (s *State) moment(at clock) moment {
	return moment{at, s.rates.later(at.since(s.at)), heightOf[s.fallen(at)]}
}

// context returns the contexts of a moment.
func (s *State) context(m moment) contexts {
	var c contexts
	size := sizeOf[s.demand]
	for i, x := range m.rates {
		course := 0
		if x >= faint {
			_, e := math.Frexp(x / faint)
			course = min(e, courses-1)
		}
		c[i] = index(i, size, course)
	}
	c[views-1] = index(views-1, size, m.fallen)
	return c
}

// sizeOf has the class of each demand, heightOf of each number of levels that it fell.
var sizeOf, heightOf = classes(3, sizes), classes(1.6, courses)

func classes(factor float64, n int) (of [highest + 1]int) {
	for k := 1; k <= highest; k++ {
		of[k] = min(1+int(math.Log(float64(k)+0.5)/math.Log(factor)), n-1)
	}
	return of
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
func (s *State) turns(m moment) clock {
	var next clock
	sooner := func(t clock) {
		if t > m.at && (next == 0 || t < next) {
			next = t
		}
	}
	for i, x := range m.rates {
		if x >= faint {
			above, _ := math.Frexp(x / faint) // half of by how much it is above the end of its class
			sooner(m.at.after(memories[i]*math.Log(2*above) + 0.002))
		}
	}
	if m.fallen > 0 {
		for r := s.levels; r != nil; r = r.next { // the first that makes it so high is the last to be forgotten
			if heightOf[r.top-s.demand] == m.fallen {
				sooner(r.left.after(s.starts.seconds()*lately) + 1)
				break
			}
		}
	}
	return next
}
