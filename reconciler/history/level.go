package history

import "slices"

// level is a ring of points with one step: packed chunks, and the newest points as they are.
type level struct {
	lost   int64 // the newest slot that has made room for others; 0: none
	held   int   // points in chunks
	packed int   // bytes of chunks
	chunks []chunk
	open   []point
}

// chunkPoints is how many points are packed together.
const chunkPoints = 120

// Bytes that a point and a chunk take beside the packed data.
const (
	pointBytes = 8 + 4*columns + 4
	chunkBytes = 48
)

func (l *level) size() int { return l.packed + pointBytes*cap(l.open) }

// newest returns the slot of the newest point.
func (l *level) newest() (int64, bool) {
	if n := len(l.open); n > 0 {
		return l.open[n-1].slot, true
	}
	if n := len(l.chunks); n > 0 {
		return l.chunks[n-1].last(), true
	}
	return 0, false
}

// add joins a point to the newest one, or makes it the newest, and keeps at least limit points. One that is older is left out.
func (l *level) add(p point, limit int) {
	if newest, ok := l.newest(); ok && p.slot < newest {
		return
	}
	if n := len(l.open); n > 0 && l.open[n-1].slot == p.slot {
		l.open[n-1].join(p)
		return
	}
	if len(l.open) >= chunkPoints {
		l.pack(pack(l.open))
		l.open = l.open[:0]
		for l.held-l.chunks[0].points >= limit {
			l.drop()
		}
	}
	l.open = append(l.open, p)
}

func (l *level) pack(c chunk) {
	l.chunks = append(l.chunks, c)
	l.held += c.points
	l.packed += c.size()
}

// drop lets the oldest chunk go, and returns how many bytes that frees.
func (l *level) drop() int {
	c := l.chunks[0]
	l.lost = c.last()
	l.held -= c.points
	l.packed -= c.size()
	l.chunks = slices.Delete(l.chunks, 0, 1)
	return c.size()
}

// cut takes away the points from this slot on.
func (l *level) cut(slot int64) {
	for len(l.open) == 0 || l.open[0].slot >= slot {
		n := len(l.chunks)
		if n == 0 {
			l.open = nil
			return
		}
		c := l.chunks[n-1]
		l.chunks = l.chunks[:n-1]
		l.held -= c.points
		l.packed -= c.size()
		l.open = slices.Collect(c.each)
	}
	l.open = slices.DeleteFunc(l.open, func(p point) bool { return p.slot >= slot })
}

// between calls yield with the points of the slots from first up to, and without, end.
func (l *level) between(first, end int64, yield func(point)) {
	for _, c := range l.chunks {
		if c.last() < first || c.first >= end {
			continue
		}
		for p := range c.each {
			if p.slot >= first && p.slot < end {
				yield(p)
			}
		}
	}
	for _, p := range l.open {
		if p.slot >= first && p.slot < end {
			yield(p)
		}
	}
}

// reaches tells whether the level has all that was ever seen since this slot.
func (l *level) reaches(slot int64) bool { return l.lost == 0 || slot > l.lost }

func (l *level) clone() level {
	out := *l
	out.chunks, out.open = slices.Clone(l.chunks), slices.Clone(l.open)
	return out
}
