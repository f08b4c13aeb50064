package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Version is that of the form in which Encode writes.
const Version = 1

// ErrForm is the cause of every error of Decode.
var ErrForm = errors.New("is not a history")

// Encode writes the history, the pools in order.
func (h *History) Encode(w io.Writer) error {
	b := binary.AppendUvarint(nil, uint64(len(h.tracks)))
	for _, key := range h.Pools() {
		t := h.tracks[key]
		b = appendBytes(b, []byte(key))
		b = binary.AppendUvarint(b, uint64(max(t.away, 0)))
		for i := range t.levels {
			b = t.levels[i].encode(b)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err := w.Write(b)
	return err
}

// encode appends the level; what is not packed yet is the last chunk.
func (l *level) encode(b []byte) []byte {
	chunks := l.chunks
	if len(l.open) > 0 {
		chunks = append(slices.Clone(chunks), pack(l.open))
	}
	b = binary.AppendVarint(b, l.lost)
	b = binary.AppendUvarint(b, uint64(len(chunks)))
	for _, c := range chunks {
		b = binary.AppendVarint(b, c.first)
		b = binary.AppendUvarint(b, uint64(c.length)) //nolint:gosec // the last slot is not before the first
		b = binary.AppendUvarint(b, uint64(c.points)) //nolint:gosec // at most chunkPoints
		b = appendBytes(b, c.data)
	}
	return b
}

func appendBytes(b, text []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// maxKey bounds the key of a pool: an environment, a namespace and a name.
const maxKey = 1000

// Decode reads what Encode has written. Data of any other kind is an error, and takes no more memory than its length.
func Decode(data []byte) (*History, error) {
	r := reader{rest: data}
	h := New()
	for range r.count(MaxPools) {
		key := r.bytes()
		t := &track{away: r.count(int(MaxAway / Look))}
		if r.failed || len(key) == 0 || len(key) > maxKey || h.tracks[string(key)] != nil {
			return nil, fmt.Errorf("%w: pool %d", ErrForm, len(h.tracks)+1)
		}
		for i := range t.levels {
			if err := t.levels[i].decode(&r, scales[i].steps); err != nil {
				return nil, fmt.Errorf("%w: pool %q, steps of %v: %w", ErrForm, key, scales[i].step, err)
			}
		}
		h.tracks[string(key)] = t
	}
	if r.failed || len(r.rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes are left", ErrForm, len(r.rest))
	}
	return h, nil
}

// decode reads a level. Its last chunk goes on to grow.
func (l *level) decode(r *reader, limit int) error {
	const times = math.MaxInt32 * 10 // seconds: far beyond the year 2600
	l.lost = r.signed()
	n := r.count(2*limit/chunkPoints + limit)
	before := int64(-times)
	for range n {
		c := chunk{first: r.signed(), length: int64(r.count(times)), points: r.count(chunkPoints), data: slices.Clone(r.bytes())}
		if r.failed || c.first <= before || c.first > times || c.points == 0 {
			return errChunk
		}
		if err := c.checked(); err != nil {
			return err
		}
		before = c.last()
		l.pack(c)
	}
	if r.failed || l.held > limit+2*chunkPoints {
		return errChunk
	}
	if n > 0 {
		c := l.chunks[n-1]
		l.chunks = l.chunks[:n-1]
		l.held -= c.points
		l.packed -= c.size()
		l.open = slices.Collect(c.each)
	}
	return nil
}
