package history

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// chunk is some points in a row, packed: of each point only what differs from the one before it, and how often one repeats.
//
// A point is a mask of the columns that differ, then the difference of each; the bit after the columns tells that slots are missing
// before it, and their number follows the mask. A mask of 0 is followed by how many points are as the one before.
type chunk struct {
	first  int64 // slot of the first point
	length int64 // from the first slot to the last one
	points int
	data   []byte
}

const gapBit = 1 << columns

func (c chunk) last() int64 { return c.first + c.length }

func (c chunk) size() int { return chunkBytes + cap(c.data) }

// pack packs points, of which there is at least one.
func pack(points []point) chunk {
	first := points[0].slot
	c := chunk{first: first, length: points[len(points)-1].slot - first, points: len(points)}
	was := point{slot: first - 1}
	var data []byte
	same := uint64(0)
	repeat := func() {
		if same > 0 {
			data = binary.AppendUvarint(append(data, 0), same)
			same = 0
		}
	}
	for _, p := range points {
		mask := uint64(0)
		for i := range p.v {
			if p.v[i] != was.v[i] {
				mask |= 1 << i
			}
		}
		gap := p.slot - was.slot - 1
		if gap > 0 {
			mask |= gapBit
		}
		if mask == 0 {
			same++
			was = p
			continue
		}
		repeat()
		data = binary.AppendUvarint(data, mask)
		if gap > 0 {
			data = binary.AppendUvarint(data, uint64(gap))
		}
		for i := range p.v {
			if p.v[i] != was.v[i] {
				data = binary.AppendVarint(data, int64(p.v[i])-int64(was.v[i]))
			}
		}
		was = p
	}
	repeat()
	c.data = append(make([]byte, 0, len(data)), data...)
	return c
}

// each calls yield with the points, as long as it wants more. What cannot be unpacked ends them: checked tells that there is no such thing.
func (c chunk) each(yield func(point) bool) { _, _ = c.unpack(yield) }

var errChunk = errors.New("is not packed points")

// checked tells whether the data is what pack has written.
func (c chunk) checked() error {
	last := point{slot: c.first - 1}
	n, err := c.unpack(func(p point) bool { last = p; return true })
	switch {
	case err != nil:
		return err
	case n != c.points, last.slot != c.last():
		return fmt.Errorf("%w: %d points to slot %d, want %d to slot %d", errChunk, n, last.slot, c.points, c.last())
	}
	return nil
}

// unpack is each; it returns how many points there were.
func (c chunk) unpack(yield func(point) bool) (int, error) {
	p, n := point{slot: c.first - 1}, 0
	r := reader{rest: c.data}
	for len(r.rest) > 0 {
		mask := r.unsigned()
		same := uint64(1)
		if mask == 0 {
			same = r.unsigned()
		}
		r.apply(mask, &p)
		if r.failed || same == 0 || same > chunkPoints || mask >= 2*gapBit {
			return n, errChunk
		}
		for range same {
			p.slot++
			n++
			if n > chunkPoints {
				return n, errChunk
			}
			if !yield(p) {
				return n, nil
			}
		}
	}
	return n, nil
}

// apply reads what the mask says differs.
func (r *reader) apply(mask uint64, p *point) {
	const most = 1 << 40 // slots; times beyond are not of this world
	if mask&gapBit != 0 {
		gap := r.unsigned()
		r.failed = r.failed || gap > most
		p.slot += int64(gap & (2*most - 1)) //nolint:gosec // masked
	}
	for i := range p.v {
		if mask&(1<<i) == 0 {
			continue
		}
		v := int64(p.v[i]) + r.signed()
		if v < 0 || v > maxValue*int64(scales[len(scales)-1].step/Look) {
			r.failed = true
			return
		}
		p.v[i] = int32(v) //nolint:gosec // bounded by the line before
	}
}

// reader reads numbers and texts, and remembers that something was not there.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes reads a length and so many bytes.
func (r *reader) bytes() []byte {
	n := r.unsigned()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// count reads a number of at most limit.
func (r *reader) count(limit int) int {
	n := r.unsigned()
	if n > uint64(limit) { //nolint:gosec // a limit is not negative
		r.failed, r.rest = true, nil
		return 0
	}
	return int(n) //nolint:gosec // bounded by limit
}
