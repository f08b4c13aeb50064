package scale

import (
	"math"
	"slices"
	"time"
)

// enough start-up times are a measurement; fewer are not.
const (
	enough     = 20
	remembered = 64
	longest    = time.Hour // a start-up time above it is no start-up time
)

// startups are the last start-up times of a pool, in seconds. It never changes; nil has seen none.
type startups struct {
	times  []float32 // oldest first
	sorted []float64 // those, or the assumed ones while there are not enough
	mean   float64
}

// assumed are start-up times until there are measured ones: 54 s in the mean, one of twenty above two minutes.
var assumed = assume()

func assume() *startups {
	const median, spread, n = 45, 0.596, 40
	t := &startups{}
	for i := range n {
		t.sorted = append(t.sorted, median*math.Exp(spread*math.Sqrt2*math.Erfinv(2*(float64(i)+0.5)/n-1)))
	}
	t.average()
	for i := range t.sorted {
		t.sorted[i] *= 54 / t.mean
	}
	t.mean = 54
	return t
}

func (t *startups) average() {
	sum := 0.0
	for _, x := range t.sorted {
		sum += x
	}
	t.mean = sum / float64(len(t.sorted))
}

func (t *startups) seen() int {
	if t == nil {
		return 0
	}
	return len(t.times)
}

// with returns the times with further ones.
func (t *startups) with(started []time.Duration) *startups {
	var times []float32
	if t != nil {
		times = t.times
	}
	times = slices.Clip(times)
	for _, d := range started {
		if d > 0 && d <= longest {
			times = append(times, float32(d.Seconds()))
		}
	}
	if len(times) == t.seen() {
		return t
	}
	return newStartups(times[max(len(times)-remembered, 0):])
}

func newStartups(times []float32) *startups {
	t := &startups{times: times}
	if len(times) < enough {
		t.sorted, t.mean = assumed.sorted, assumed.mean
		return t
	}
	for _, x := range times {
		t.sorted = append(t.sorted, float64(x))
	}
	slices.Sort(t.sorted)
	t.average()
	return t
}

// usual returns the times to reckon with.
func (t *startups) usual() *startups {
	if t == nil {
		return assumed
	}
	return t
}

// seconds returns the mean.
func (t *startups) seconds() float64 { return t.usual().mean }

// quantile returns the time that this part of the starts does not exceed, in seconds.
func (t *startups) quantile(part float64) float64 {
	sorted := t.usual().sorted
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// fastest returns the mean and the longest of the fastest part.
func (t *startups) fastest(part float64) (mean, last float64) {
	sorted := t.usual().sorted
	n := min(max(int(math.Ceil(part*float64(len(sorted)))), 1), len(sorted))
	for _, x := range sorted[:n] {
		mean += x
	}
	return mean / float64(n), sorted[n-1]
}
