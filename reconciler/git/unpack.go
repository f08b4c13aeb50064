package git

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// maxHistory bounds the objects of a whole history.
const maxHistory = 500_000

// extraObjects are in a pack besides files and directories: the commit, its tree, tags that name it.
const extraObjects = 10

// unpacker turns a pack into objects. It looks at each declared size before it inflates anything, and knows
// beforehand how much a delta will produce, so that no pack costs more than the limits allow.
type unpacker struct {
	scan   *packfile.Scanner
	to     objectWriter
	limits Limits

	commitsOnly bool

	total    Bytes                   // inflated so far
	byOffset map[int64]plumbing.Hash // what each entry turned out to be; zero: left out
	waiting  map[plumbing.Hash][]delta
}

// delta is an entry whose base comes later in the pack.
type delta struct {
	offset  int64
	content []byte
}

// unpack reads a pack of at most that many objects into w, with its check sum.
func unpack(r io.Reader, w objectWriter, l Limits, most int, commitsOnly bool) error {
	u := &unpacker{
		scan: packfile.NewScanner(r), to: w, limits: l, commitsOnly: commitsOnly,
		byOffset: map[int64]plumbing.Hash{}, waiting: map[plumbing.Hash][]delta{},
	}
	_, n, err := u.scan.Header()
	if err != nil {
		return packError(err)
	}
	if int64(n) > int64(most)+extraObjects {
		return &Error{
			Reason: TooManyFiles,
			What:   fmt.Sprintf("the answer holds %d objects, more than %d (limits.files, or %d of a history)", n, most, maxHistory),
			Hint:   "use a smaller repository or raise the limit",
		}
	}
	for range n {
		if err := u.next(); err != nil {
			return packError(err)
		}
	}
	if _, err := u.scan.Checksum(); err != nil {
		return packError(err)
	}
	if len(u.waiting) > 0 && !commitsOnly {
		return u.unresolved()
	}
	return nil
}

// packError makes what the scanner reports an Error, and leaves alone what the reader below it reports.
func packError(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, packfile.ErrEmptyPackfile) {
		err = fmt.Errorf("it ends too early: %w", io.ErrUnexpectedEOF)
	}
	e = corrupt("the pack is damaged: %w", err)
	e.Hint = "the last good commit stays in force; run `git fsck` on the server if it happens again"
	return e
}

func (u *unpacker) next() error {
	h, err := u.scan.NextObjectHeader()
	if err != nil {
		return err
	}
	switch h.Type {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		return u.whole(h)
	case plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
		return u.delta(h)
	}
	return corrupt("entry at offset %d has the unknown type %d", h.Offset, h.Type)
}

// whole takes an object that stands for itself.
func (u *unpacker) whole(h *packfile.ObjectHeader) error {
	if u.commitsOnly && h.Type != plumbing.CommitObject {
		u.byOffset[h.Offset] = plumbing.ZeroHash
		return u.discard(h, io.Discard)
	}
	if Bytes(h.Length) > u.limits.File {
		return u.large(h)
	}
	content, err := u.inflate(h)
	if err != nil {
		return err
	}
	return u.settle(u.keep(h.Offset, h.Type, content))
}

// large hashes a file that is too large to keep, so that its path can be named.
func (u *unpacker) large(h *packfile.ObjectHeader) error {
	if h.Type != plumbing.BlobObject {
		return corrupt("a %s of %s", h.Type, Bytes(h.Length))
	}
	hash := plumbing.NewHasher(h.Type, h.Length)
	if err := u.discard(h, hash); err != nil {
		return err
	}
	u.byOffset[h.Offset] = plumbing.ZeroHash
	u.to.leaveOut(hash.Sum(), Bytes(h.Length))
	return nil
}

// spend accounts for n inflated bytes before they are.
func (u *unpacker) spend(n int64) error {
	if u.total += Bytes(n); u.total > u.limits.Unpacked || n < 0 {
		return tooMuch(u.limits.Unpacked)
	}
	return nil
}

func (u *unpacker) inflate(h *packfile.ObjectHeader) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(h.Length, int64(64*KiB))) + bytes.MinRead)
	if err := u.discard(h, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// discard inflates the entry into w.
func (u *unpacker) discard(h *packfile.ObjectHeader, w io.Writer) error {
	if err := u.spend(h.Length); err != nil {
		return err
	}
	n, _, err := u.scan.NextObject(w)
	if err == nil && n != h.Length {
		err = corrupt("entry at offset %d has %d bytes, declared are %d", h.Offset, n, h.Length)
	}
	return err
}

// delta takes an object that is told as the difference to another.
func (u *unpacker) delta(h *packfile.ObjectHeader) error {
	base, known := h.Reference, true
	if h.Type == plumbing.OFSDeltaObject {
		base, known = u.byOffset[h.OffsetReference]
	}
	if !known {
		return corrupt("entry at offset %d builds on offset %d, where none starts", h.Offset, h.OffsetReference)
	}
	if base.IsZero() || Bytes(h.Length) > u.limits.File {
		if err := u.discard(h, io.Discard); err != nil {
			return err
		}
		return u.lose(h.Offset)
	}
	content, err := u.inflate(h)
	if err != nil {
		return err
	}
	switch _, err := u.to.size(base); {
	case err == nil:
		return u.settle(u.apply(h.Offset, base, content))
	case errors.Is(err, errLeftOut):
		return u.lose(h.Offset)
	}
	u.waiting[base] = append(u.waiting[base], delta{h.Offset, content})
	return nil
}

// lose gives up an entry that cannot be identified because it, or what it builds on, is too large to keep.
func (u *unpacker) lose(offset int64) error {
	u.byOffset[offset] = plumbing.ZeroHash
	if !u.commitsOnly {
		u.to.leaveOut(plumbing.ZeroHash, u.limits.File)
	}
	return nil
}

// apply resolves one delta against a base that is there.
func (u *unpacker) apply(offset int64, base plumbing.Hash, content []byte) (plumbing.Hash, error) {
	kind, source, err := u.to.get(base)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	size, err := deltaTarget(content)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if size > uint64(u.limits.File) {
		return plumbing.ZeroHash, u.lose(offset)
	}
	if err := u.spend(int64(size)); err != nil {
		return plumbing.ZeroHash, err
	}
	result, err := packfile.PatchDelta(source, content)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("entry at offset %d: %w", offset, err)
	}
	return u.keep(offset, kind, result)
}

// deltaTarget returns the size of what a delta makes: the second of the two numbers it starts with.
func deltaTarget(content []byte) (uint64, error) {
	_, n := binary.Uvarint(content)
	if n <= 0 {
		return 0, packfile.ErrInvalidDelta
	}
	size, m := binary.Uvarint(content[n:])
	if m <= 0 {
		return 0, packfile.ErrInvalidDelta
	}
	return size, nil
}

// keep stores a complete object.
func (u *unpacker) keep(offset int64, kind plumbing.ObjectType, content []byte) (plumbing.Hash, error) {
	h, err := u.to.put(kind, content)
	u.byOffset[offset] = h
	return h, err
}

// settle resolves, one after another, what waited for an object and for what that makes.
func (u *unpacker) settle(h plumbing.Hash, err error) error {
	for queue := []plumbing.Hash{h}; err == nil && len(queue) > 0; queue = queue[1:] {
		base := queue[0]
		ready := u.waiting[base]
		delete(u.waiting, base)
		for _, d := range ready {
			if h, err = u.apply(d.offset, base, d.content); err != nil {
				return err
			}
			queue = append(queue, h)
		}
	}
	return err
}

// unresolved judges the deltas whose base never came.
func (u *unpacker) unresolved() error {
	for base, ds := range u.waiting {
		if _, err := u.to.size(base); !errors.Is(err, errLeftOut) {
			return corrupt("the pack is damaged: the entry at offset %d builds on object %s, which it does not hold",
				ds[0].offset, base)
		}
		u.to.leaveOut(plumbing.ZeroHash, u.limits.File)
	}
	return nil
}
