package world

import (
	"math"
	"time"

	"majordomo.dev/reconciler/window"
)

// farm is a pool whose builds come and go like the tide, so that what it was at any moment is a function of that moment.
type farm struct {
	environment, namespace, name string
	target, jenkins              string
	labels                       []string
	min, max                     int
	origin                       time.Time     // when the world begins to be looked at
	period                       time.Duration // of the tide
	phase                        float64       // 0 to 1: where in it the farm is then
	builds                       int           // at high tide
	burst                        int           // builds that come at once each half hour, and are worked off in four minutes
	job                          string
}

const (
	startup = 54 * time.Second // from the pod to its registration
	linger  = 4 * time.Minute  // what stays after the last build
	grid    = 20 * time.Second // how often builds come
	bursts  = 30 * time.Minute // from one to the next
	fresh   = 50 * time.Second // what the last one is old at the origin
)

// wanted is how many builds there are at a moment, running and waiting.
func (f farm) wanted(at time.Time) int {
	at = at.Truncate(grid)
	gone := at.Sub(f.origin)
	turn := 2 * math.Pi * (gone.Seconds()/f.period.Seconds() + f.phase)
	tide := 0.5 + 0.36*math.Sin(turn) + 0.14*math.Sin(3.7*turn+1)
	n := float64(f.builds)*max(tide-0.12, 0) + float64(noise(at.Unix()+int64(len(f.name))*7919)%3)*min(1, float64(f.builds)/8)
	if since := (gone + fresh + 1000*bursts) % bursts; since < linger {
		n += float64(f.burst) * (1 - float64(since)/float64(linger))
	}
	return int(n)
}

// desired is how many agents are to be there: what is wanted now or was a while ago, within the bounds.
func (f farm) desired(at time.Time) int {
	n := 0
	for back := time.Duration(0); back <= linger; back += grid {
		n = max(n, f.wanted(at.Add(-back)))
	}
	return min(max(n, f.min), f.max)
}

// fill writes the numbers of a moment into a pool.
func (f farm) fill(p *window.Pool, at time.Time) {
	desired, before, wanted := f.desired(at), f.desired(at.Add(-startup)), f.wanted(at)
	p.Desired, p.Min, p.Max, p.Replicas = desired, f.min, f.max, desired
	p.Starting = max(desired-before, 0)
	p.Draining = max(f.desired(at.Add(-30*time.Second))-desired, 0)
	p.Busy = min(wanted, desired-p.Starting)
	p.Idle = desired - p.Starting - p.Busy
	p.Queued, p.Oldest = wanted-p.Busy, nil
	if p.Queued > 0 {
		since := at
		for f.queued(since.Add(-grid)) > 0 && at.Sub(since) < time.Hour {
			since = since.Add(-grid)
		}
		since = since.Truncate(grid)
		p.Oldest = &since
	}
}

func (f farm) queued(at time.Time) int {
	ready := f.desired(at) - max(f.desired(at)-f.desired(at.Add(-startup)), 0)
	return max(f.wanted(at)-ready, 0)
}

// Pool returns a pool as it is at a later moment: its numbers, agents and decisions; what else is special about it stays.
func (w *World) Pool(was window.Pool, now time.Time) window.Pool {
	for _, f := range w.farms {
		if f.key() == was.Key() {
			is := f.pool(now.UTC().Truncate(time.Second))
			is.Floor, is.Rollout, is.Unmatched, is.Checks, is.State = was.Floor, was.Rollout, was.Unmatched, was.Checks, was.State
			if was.State != window.Ready {
				is.Reason = was.Reason
			}
			return is
		}
	}
	return was
}

func (f farm) key() string {
	return window.Pool{Environment: f.environment, Namespace: f.namespace, Name: f.name}.Key()
}

// At returns what a pool was at a moment, its numbers only; false where there is no such pool.
func (w *World) At(key string, at time.Time) (window.Pool, bool) {
	for _, f := range w.farms {
		if f.key() == key {
			var p window.Pool
			f.fill(&p, at)
			return p, true
		}
	}
	return window.Pool{}, false
}

// noise is a number that looks like chance and is the same each time.
func noise(n int64) uint32 {
	x := uint64(n)*0x9e3779b97f4a7c15 + 0x7f4a7c15 //nolint:gosec // any bits will do
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	return uint32(x)
}
