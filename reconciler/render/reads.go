package render

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// seen is what stood at a path when a build looked: the hash of a file, or one of these.
const (
	absent = ""
	folder = "/"
)

// reads is a tree that notes every look at it. Two builds that see the same give the same, so the notes are the key under which a
// build's result is kept.
type reads struct {
	tree  Tree
	files fs.FS
	limit int64 // bytes of one file

	mu   sync.Mutex
	seen map[string]string // by path from the root, without a leading slash
}

func newReads(t Tree, limit int64) *reads {
	return &reads{tree: t, files: t.FS(), limit: limit, seen: map[string]string{}}
}

// look says what stands at a path.
func look(t Tree, files fs.FS, p string) string {
	if info, err := fs.Stat(files, p); err == nil && info.IsDir() {
		return folder
	}
	if h, ok := t.Blob(p); ok {
		return h
	}
	return absent
}

// at says what stands at a path, and notes it.
func (r *reads) at(p string) string {
	p = relative(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.seen[p]
	if !ok {
		s = look(r.tree, r.files, p)
		r.seen[p] = s
	}
	return s
}

// relative brings a path of kustomize, whose root is /, to the form of fs.FS.
func relative(p string) string {
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	if p == "" {
		return "."
	}
	return p
}

// read returns the content of a file.
func (r *reads) read(p string) ([]byte, error) {
	p = relative(p)
	if s := r.at(p); s == folder {
		return nil, &fs.PathError{Op: "read", Path: p, Err: errFolder}
	}
	info, err := fs.Stat(r.files, p)
	if err != nil {
		return nil, err
	}
	if info.Size() > r.limit {
		return nil, fmt.Errorf("%s: is %d bytes; allowed are %d", p, info.Size(), r.limit)
	}
	return fs.ReadFile(r.files, p)
}

// notes returns what was seen.
func (r *reads) notes() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.seen)
}

// sortedFiles returns the files that were read.
func (r *reads) sortedFiles() []string {
	var out []string
	for p, s := range r.notes() {
		if s != absent && s != folder {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// same tells whether a tree has at each noted path what was there before.
func same(seen map[string]string, t Tree) bool {
	files := t.FS()
	for p, s := range seen {
		if look(t, files, p) != s {
			return false
		}
	}
	return true
}
