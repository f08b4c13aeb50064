// Package history keeps what became of each pool over time, in little memory.
package history

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"majordomo.dev/reconciler/window"
)

// Sample is a pool at one moment.
type Sample struct {
	Queued   int `json:"queued"`
	Oldest   int `json:"oldest"` // seconds that the oldest build waits
	Busy     int `json:"busy"`
	Idle     int `json:"idle"`
	Starting int `json:"starting"`
	Draining int `json:"draining"`
	Offline  int `json:"offline"`
	Desired  int `json:"desired"`
	Min      int `json:"min"`
	Max      int `json:"max"`
}

// Of returns the sample of a pool as it is shown at this moment.
func Of(p window.Pool, now time.Time) Sample {
	s := Sample{
		Queued: p.Queued, Busy: p.Busy, Idle: p.Idle, Starting: p.Starting, Draining: p.Draining, Offline: p.Offline,
		Desired: p.Desired, Min: p.Min, Max: p.Max,
	}
	if p.Oldest != nil {
		s.Oldest = max(int(now.Sub(*p.Oldest)/time.Second), 0)
	}
	return s
}

// Look is the time between two samples of a pool. There is one in each such part of the hour; a second one does not count.
const Look = 10 * time.Second

// What is kept at most. Beyond MaxBytes, which is for all pools together, the oldest goes first.
const (
	MaxPools = 500
	MaxBytes = 20_000_000
	MaxAway  = 7 * 24 * time.Hour // of a pool that has left
)

// scales are the steps in which time is kept, the finest first, and how many of them.
var scales = [...]struct {
	step  time.Duration
	steps int
}{
	{Look, 6 * 360},
	{time.Minute, 7 * 24 * 60},
	{10 * time.Minute, 90 * 24 * 6},
}

// History is the samples of all pools. It is for one user at a time.
type History struct {
	tracks map[string]*track
}

// track is what is kept of one pool.
type track struct {
	away   int // looks since the pool was last there
	levels [len(scales)]level
}

// New returns an empty history.
func New() *History { return &History{tracks: map[string]*track{}} }

// Add takes one look at all pools that there are, by their keys. It returns how many of them are not kept because there are too many.
func (h *History) Add(now time.Time, samples map[string]Sample) int {
	refused := 0
	for _, key := range slices.Sorted(maps.Keys(samples)) {
		t := h.tracks[key]
		if t == nil {
			if t = h.room(samples); t == nil {
				refused++
				continue
			}
			h.tracks[key] = t
		}
		t.away = -1
		t.add(now, samples[key])
	}
	for key, t := range h.tracks {
		if t.away++; t.away > int(MaxAway/Look) {
			delete(h.tracks, key)
		}
	}
	h.shrink(MaxBytes)
	return refused
}

// room returns the track of a new pool, nil where all that are kept are there. The pool that left first makes room.
func (h *History) room(present map[string]Sample) *track {
	if len(h.tracks) < MaxPools {
		return &track{}
	}
	first := ""
	for key, t := range h.tracks {
		_, there := present[key]
		if there {
			continue
		}
		if first == "" || cmp.Or(cmp.Compare(t.away, h.tracks[first].away), cmp.Compare(first, key)) > 0 {
			first = key
		}
	}
	if first == "" {
		return nil
	}
	delete(h.tracks, first)
	return &track{}
}

// add takes one sample. Where the clock was set back, what lies after it goes: it has not been yet.
func (t *track) add(now time.Time, s Sample) {
	const tolerated = 6 // looks
	fine := &t.levels[0]
	slot := slotOf(now, scales[0].step)
	if newest, ok := fine.newest(); ok && slot <= newest {
		if newest-slot <= tolerated {
			return
		}
		for i := range t.levels {
			t.levels[i].cut(slotOf(now, scales[i].step))
		}
	}
	for i := range t.levels {
		t.levels[i].add(pointOf(s, slotOf(now, scales[i].step)), scales[i].steps)
	}
}

// Size is how many bytes the history takes.
func (h *History) Size() int {
	n := 0
	for key, t := range h.tracks {
		n += len(key) + trackBytes
		for i := range t.levels {
			n += t.levels[i].size()
		}
	}
	return n
}

// trackBytes is what a pool takes of which nothing is kept.
const trackBytes = 400

// shrink lets the oldest go until no more than so many bytes are left, but for what is not packed yet.
func (h *History) shrink(limit int) {
	for size := h.Size(); size > limit; {
		var oldest *level
		var at int64
		for _, t := range h.tracks {
			for i := range t.levels {
				l := &t.levels[i]
				if len(l.chunks) == 0 {
					continue
				}
				if end := l.chunks[0].last() * seconds(i); oldest == nil || end < at {
					oldest, at = l, end
				}
			}
		}
		if oldest == nil {
			return
		}
		size -= oldest.drop()
	}
}

// Clone returns a copy that shares nothing that changes.
func (h *History) Clone() *History {
	out := New()
	for key, t := range h.tracks {
		c := &track{away: t.away}
		for i, l := range t.levels {
			c.levels[i] = l.clone()
		}
		out.tracks[key] = c
	}
	return out
}

// Knows tells whether anything was seen of a pool, and is not forgotten.
func (h *History) Knows(pool string) bool { return h.tracks[pool] != nil }

// Pools returns the keys of the pools that are known, in order.
func (h *History) Pools() []string { return slices.Sorted(maps.Keys(h.tracks)) }

func seconds(level int) int64 { return int64(scales[level].step / time.Second) }

// slotOf is the number of a step of time.
func slotOf(at time.Time, step time.Duration) int64 { return floor(at.Unix(), int64(step/time.Second)) }

// floor divides, and rounds down also below zero.
func floor(a, b int64) int64 {
	if q := a / b; q*b <= a {
		return q
	}
	return a/b - 1
}
