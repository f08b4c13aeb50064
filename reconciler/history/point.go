package history

// The columns of a point: of the first ones it has the largest, of the others the sum over its looks.
const (
	queued = iota
	oldest
	desired
	busy
	idle
	starting
	draining
	offline
	least
	most
	looks // how many samples it was made of
	columns

	firstSum = busy
)

// most that a column of one sample may be: sums over all looks of the longest step stay in an int32.
const maxValue = 10_000_000

// point is what was seen in one step of time. Points join in any order, and nothing is lost by rounding.
type point struct {
	slot int64 // time, in steps
	v    [columns]int32
}

func pointOf(s Sample, slot int64) point {
	p := point{slot: slot}
	for column, n := range [...]int{
		queued: s.Queued, oldest: s.Oldest, desired: s.Desired, busy: s.Busy, idle: s.Idle, starting: s.Starting, draining: s.Draining,
		offline: s.Offline, least: s.Min, most: s.Max, looks: 1,
	} {
		p.v[column] = int32(min(max(n, 0), maxValue)) //nolint:gosec // bounded
	}
	return p
}

// join adds what was seen at another time of the same step.
func (p *point) join(o point) {
	for i := range firstSum {
		p.v[i] = max(p.v[i], o.v[i])
	}
	for i := firstSum; i < columns; i++ {
		p.v[i] += o.v[i]
	}
}
