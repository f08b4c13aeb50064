package history

import (
	"time"

	"majordomo.dev/reconciler/window"
)

// MaxPoints is how many points a series has at most: its step grows with the time that is asked for.
const MaxPoints = 2000

// Series returns what became of a pool from one time to another, which is not in it. The step is at least what is asked for; it is longer
// where the time is longer than MaxPoints of them, or so long ago that no finer ones are kept. Steps begin at multiples of their
// length, so that two series with one step have the same ones: from is rounded down to one.
func (h *History) Series(pool string, from, to time.Time, step time.Duration) window.Series {
	t := h.tracks[pool]
	if t == nil {
		t = &track{}
	}
	i := 0
	for i < len(scales)-1 && !t.levels[i].reaches(slotOf(from, scales[i].step)) {
		i++
	}
	unit := seconds(i)
	per := max(ceil(int64(step/time.Second), unit), ceil(ceil(to.Unix()-from.Unix(), MaxPoints-1), unit), 1)
	s := builder{step: per * unit, unit: per, Series: empty(pool)}
	s.Step = time.Duration(s.step) * time.Second
	t.levels[i].between(floor(from.Unix(), s.step)*per, ceil(to.Unix(), unit), s.add)
	s.flush()
	s.Cost.Fixed = float64(s.top*s.looks) * Look.Hours()
	return s.Series
}

// ceil divides, and rounds up.
func ceil(a, b int64) int64 { return -floor(-a, b) }

// empty is a series without points: columns are lists also then.
func empty(pool string) window.Series {
	return window.Series{
		Pool: pool, At: []int64{}, Queued: []int{}, Oldest: []int{}, Busy: []int{}, Idle: []int{}, Starting: []int{}, Draining: []int{},
		Offline: []int{}, Desired: []int{}, Min: []int{}, Max: []int{},
	}
}

// builder joins points of a level to those of a series.
type builder struct {
	window.Series
	step int64 // seconds
	unit int64 // points of the level in a step
	slot int64
	sums [columns]int64

	top   int64 // largest number of agents that were wanted
	looks int64 // in all
}

func (b *builder) add(p point) {
	if slot := floor(p.slot, b.unit); slot != b.slot {
		b.flush()
		b.slot = slot
	}
	for i, v := range p.v {
		if i < firstSum {
			b.sums[i] = max(b.sums[i], int64(v))
			continue
		}
		b.sums[i] += int64(v)
	}
}

// flush ends a point of the series.
func (b *builder) flush() {
	n := b.sums[looks]
	if n == 0 {
		return
	}
	largest := func(column int) int { return int(b.sums[column]) }
	mean := func(column int) int { return int((b.sums[column] + n/2) / n) }
	b.At = append(b.At, b.slot*b.step)
	b.Queued, b.Oldest, b.Desired = append(b.Queued, largest(queued)), append(b.Oldest, largest(oldest)), append(b.Desired, largest(desired))
	b.Busy, b.Idle, b.Starting = append(b.Busy, mean(busy)), append(b.Idle, mean(idle)), append(b.Starting, mean(starting))
	b.Draining, b.Offline = append(b.Draining, mean(draining)), append(b.Offline, mean(offline))
	b.Min, b.Max = append(b.Min, mean(least)), append(b.Max, mean(most))
	hours := func(column int) float64 { return float64(b.sums[column]) * Look.Hours() }
	b.Cost.Busy += hours(busy)
	b.Cost.Idle += hours(idle)
	b.Cost.Hours += hours(busy) + hours(idle) + hours(starting) + hours(draining) + hours(offline)
	b.top, b.looks = max(b.top, b.sums[desired]), b.looks+n
	b.sums = [columns]int64{}
}
