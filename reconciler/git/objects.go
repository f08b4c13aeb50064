package git

import (
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// objects is where Git objects are read from.
type objects interface {
	// get returns an object, verified against its hash. The content is shared: do not change it.
	get(h plumbing.Hash) (plumbing.ObjectType, []byte, error)
	// size returns the size of an object without reading it; that of a left out file comes with errLeftOut.
	size(h plumbing.Hash) (Bytes, error)
}

// objectWriter is where the objects of one commit are brought together.
type objectWriter interface {
	objects
	put(t plumbing.ObjectType, content []byte) (plumbing.Hash, error)
	// leaveOut notes a file too large to keep. A zero hash stands for files that could not even be identified.
	leaveOut(h plumbing.Hash, size Bytes)
}

// errLeftOut says that a file was too large to keep.
var errLeftOut = errors.New("left out")

// leftOut remembers the files that were too large to keep.
type leftOut map[plumbing.Hash]Bytes

func (l leftOut) leaveOut(h plumbing.Hash, size Bytes) { l[h] = size }

// missing explains why an object is not there.
func (l leftOut) missing(h plumbing.Hash) (Bytes, error) {
	if size, ok := l[h]; ok {
		return size, errLeftOut
	}
	if size, ok := l[plumbing.ZeroHash]; ok {
		return size, errLeftOut
	}
	return 0, plumbing.ErrObjectNotFound
}

// memory keeps objects in memory.
type memory struct {
	leftOut
	byHash map[plumbing.Hash]stored
	total  Bytes
	limit  Bytes
}

type stored struct {
	kind    plumbing.ObjectType
	content []byte
}

func newMemory(l Limits) *memory {
	return &memory{leftOut: leftOut{}, byHash: map[plumbing.Hash]stored{}, limit: l.Unpacked}
}

func (m *memory) get(h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	if o, ok := m.byHash[h]; ok {
		return o.kind, o.content, nil
	}
	return 0, nil, plumbing.ErrObjectNotFound
}

func (m *memory) size(h plumbing.Hash) (Bytes, error) {
	if o, ok := m.byHash[h]; ok {
		return Bytes(len(o.content)), nil
	}
	return m.missing(h)
}

func (m *memory) put(t plumbing.ObjectType, content []byte) (plumbing.Hash, error) {
	h := plumbing.ComputeHash(t, content)
	return h, m.share(h, t, content)
}

// share takes an object that was hashed before.
func (m *memory) share(h plumbing.Hash, t plumbing.ObjectType, content []byte) error {
	if _, ok := m.byHash[h]; ok {
		return nil
	}
	if m.total += Bytes(len(content)); m.total > m.limit {
		return tooMuch(m.limit)
	}
	m.byHash[h] = stored{t, content}
	return nil
}

// based is a writer whose deltas may build on objects of another commit.
type based struct {
	objectWriter
	have objects
}

func (b based) get(h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	t, content, err := b.objectWriter.get(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return b.have.get(h)
	}
	return t, content, err
}

func (b based) size(h plumbing.Hash) (Bytes, error) {
	size, err := b.objectWriter.size(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return b.have.size(h)
	}
	return size, err
}

// tooMuch is the Error of a commit whose objects exceed the limit.
func tooMuch(limit Bytes) *Error {
	return &Error{
		Reason: PackTooLarge,
		What:   fmt.Sprintf("the objects unpack to more than %s (limits.unpacked)", limit),
		Hint:   "keep large files out of the repository or raise the limit",
	}
}

// typed returns an object of a given type.
func typed(s objects, h plumbing.Hash, t plumbing.ObjectType) ([]byte, error) {
	got, content, err := s.get(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, corrupt("%s %s is missing", t, h)
	}
	if err != nil {
		return nil, err
	}
	if got != t {
		return nil, corrupt("object %s is a %s, want a %s", h, got, t)
	}
	return content, nil
}
