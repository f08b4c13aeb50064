package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// files is a commit as a file system.
type files struct{ c *Commit }

var (
	_ fs.ReadDirFS  = files{}
	_ fs.ReadFileFS = files{}
	_ fs.StatFS     = files{}
	_ fs.ReadLinkFS = files{}
)

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// find resolves a valid path.
func (f files) find(op, name string, follow bool) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, pathError(op, name, fs.ErrInvalid)
	}
	n, err := f.c.tree.resolve(name, follow)
	if err != nil {
		return nil, pathError(op, name, err)
	}
	return n, nil
}

// Open implements fs.FS.
func (f files) Open(name string) (fs.File, error) {
	n, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return &openDir{node: info{n, f.base(name, n), f.c.Time}, fs: f, name: name}, nil
	}
	content, err := f.content(n)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &openFile{node: info{n, f.base(name, n), f.c.Time}, Reader: *bytes.NewReader(content)}, nil
}

// base is the name under which a node was asked for, which a link makes another than its own.
func (f files) base(name string, n *node) string {
	asked := node{path: name}
	if name == n.path {
		return n.name()
	}
	return asked.name()
}

// ReadFile implements fs.ReadFileFS.
func (f files) ReadFile(name string) ([]byte, error) {
	n, err := f.find("read", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return nil, pathError("read", name, errors.New("is a directory"))
	}
	content, err := f.content(n)
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return bytes.Clone(content), nil
}

// content reads a file and refuses what stands for a file that is elsewhere.
func (f files) content(n *node) ([]byte, error) {
	content, err := typed(f.c.objects, n.hash, plumbing.BlobObject)
	if err != nil {
		return nil, err
	}
	if isLFS(content) {
		return nil, problem(LFSPointer, n.path, "store the file itself: `git lfs untrack` it and commit it again",
			"is a pointer to a file in Git LFS, which is not fetched")
	}
	return content, nil
}

// isLFS recognises a Git LFS pointer file, which reads as YAML.
func isLFS(content []byte) bool {
	return len(content) < 1024 && bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/"))
}

// Stat implements fs.StatFS.
func (f files) Stat(name string) (fs.FileInfo, error) {
	n, err := f.find("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{n, f.base(name, n), f.c.Time}, nil
}

// Lstat implements fs.ReadLinkFS.
func (f files) Lstat(name string) (fs.FileInfo, error) {
	n, err := f.find("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info{n, f.base(name, n), f.c.Time}, nil
}

// ReadLink implements fs.ReadLinkFS.
func (f files) ReadLink(name string) (string, error) {
	n, err := f.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.mode&fs.ModeSymlink == 0 {
		return "", pathError("readlink", name, fs.ErrInvalid)
	}
	return n.target, nil
}

// ReadDir implements fs.ReadDirFS.
func (f files) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsDir() {
		return nil, pathError("readdir", name, errors.New("not a directory"))
	}
	if n.hidden != nil {
		return nil, pathError("readdir", name, n.hidden)
	}
	entries := make([]fs.DirEntry, len(n.children))
	for i, c := range n.children {
		entries[i] = fs.FileInfoToDirEntry(info{c, c.name(), f.c.Time})
	}
	return entries, nil
}

// info describes a node.
type info struct {
	n    *node
	name string
	time time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(i.n.size) }
func (i info) Mode() fs.FileMode  { return i.n.mode }
func (i info) ModTime() time.Time { return i.time }
func (i info) IsDir() bool        { return i.n.mode.IsDir() }
func (i info) Sys() any           { return nil }

// openFile is an open file.
type openFile struct {
	node info
	bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFile) Close() error               { return nil }

// openDir is an open directory.
type openDir struct {
	node info
	fs   files
	name string
	rest []fs.DirEntry
	read bool
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.node, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.name, errors.New("is a directory"))
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		all, err := d.fs.ReadDir(d.name)
		if err != nil {
			return nil, err
		}
		d.rest, d.read = slices.Clone(all), true
	}
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out, nil
}
