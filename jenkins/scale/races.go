package scale

import (
	"math"
	"slices"
)

// Starting more agents than are short pays as far as agents that start together differ. What they have in common, such as a new machine or a
// slow registry, makes their times differ from those of others only.
const (
	together  = 15000 // milliseconds within which agents start together
	racesMost = 4     // groups that are open
	raceFade  = 0.995 // what a group counts after another
	believed  = 2     // for how many differences the belief counts that agents have nothing in common
)

// race is agents that started together: the logarithms of how long they took.
type race struct {
	begun clock
	n     float64
	mean  float64
	sum   float64 // of squared differences from the mean
}

// races is how much agents differ that start together. It never changes.
type races struct {
	open   []race // the one that began last in the end
	within float64
	n      float64 // independent differences in within
}

// with returns the races with an agent that began then and took so many seconds.
func (r races) with(begun clock, seconds float64) races {
	open := slices.Clone(r.open)
	i := slices.IndexFunc(open, func(x race) bool { return max(begun-x.begun, x.begun-begun) <= together })
	if i < 0 {
		if len(open) == racesMost {
			if open[0].n > 1 {
				r.within, r.n = r.within*raceFade+open[0].sum, r.n*raceFade+open[0].n-1
			}
			open = open[1:]
		}
		open = append(open, race{begun: begun})
		i = len(open) - 1
	}
	x := &open[i]
	x.n++
	more := math.Log(seconds) - x.mean
	x.mean += more / x.n
	x.sum += more * (math.Log(seconds) - x.mean)
	r.open = open
	return r
}

// own returns which part of the differences of start-up times agents have that start together, when all differ so much.
func (r races) own(variance float64) float64 {
	within, n := r.within, r.n
	for _, x := range r.open {
		within, n = within+x.sum, n+x.n-1
	}
	if variance <= 0 {
		return 1
	}
	return min((within+believed*variance)/(n+believed)/variance, 1)
}
