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
	races  races
	fast   [len(surplus)]float64 // mean of those that serve when so many more start than are short
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

// with returns the times with further ones, of agents that are up now.
func (t *startups) with(started []time.Duration, at clock) *startups {
	var x startups
	if t != nil {
		x = startups{times: slices.Clip(t.times), races: t.races}
	}
	for _, d := range started {
		if d > 0 && d <= longest {
			x.times = append(x.times, float32(d.Seconds()))
			x.races = x.races.with(at-millis(d), d.Seconds())
		}
	}
	if len(x.times) == t.seen() {
		return t
	}
	x.times = x.times[max(len(x.times)-remembered, 0):]
	x.reckon()
	return &x
}

// reckon derives the rest from the times.
func (t *startups) reckon() {
	if len(t.times) < enough {
		t.sorted, t.mean = assumed.sorted, assumed.mean
		return
	}
	t.sorted = make([]float64, 0, len(t.times))
	for _, x := range t.times {
		t.sorted = append(t.sorted, float64(x))
	}
	slices.Sort(t.sorted)
	t.average()
	t.race()
}

// race finds out how fast the fastest of several agents are that start together: their times lie closer to each other than all times do.
func (t *startups) race() {
	n := float64(len(t.sorted))
	logs := make([]float64, 0, len(t.sorted))
	mean, variance := 0.0, 0.0
	for _, x := range t.sorted {
		logs = append(logs, math.Log(x))
		mean += math.Log(x) / n
	}
	for _, x := range logs {
		variance += (x - mean) * (x - mean) / n
	}
	closer := math.Sqrt(t.races.own(variance))
	sums := make([]float64, 1, len(logs)+1)
	for i, x := range logs {
		logs[i] = math.Exp(mean + closer*(x-mean))
		sums = append(sums, sums[i]+logs[i])
	}
	for i, f := range surplus {
		serve := min(max(int(math.Ceil(n/f)), 1), len(logs))
		t.fast[i] = sums[serve] / float64(serve)
	}
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
