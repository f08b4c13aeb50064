package render

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var (
	errFolder   = errors.New("is a directory")
	errReadOnly = errors.New("a commit cannot be written to")
)

// filesystem shows a tree to kustomize, read-only, with the root of the repository as /.
type filesystem struct {
	reads *reads
	// checked has, for the files that were checked before the build, the very content that was checked, in a form that leaves
	// kustomize's parser nothing to understand differently.
	checked map[string][]byte
}

var _ filesys.FileSystem = filesystem{}

func (f filesystem) ReadFile(p string) ([]byte, error) {
	if data, ok := f.checked[relative(p)]; ok {
		return data, nil
	}
	return f.reads.read(p)
}

func (f filesystem) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	p = path.Clean("/" + p)
	switch f.reads.at(p) {
	case folder:
		return filesys.ConfirmedDir(p), "", nil
	case absent:
		return "", "", &fs.PathError{Op: "open", Path: relative(p), Err: fs.ErrNotExist}
	}
	return filesys.ConfirmedDir(path.Dir(p)), path.Base(p), nil
}

func (f filesystem) IsDir(p string) bool  { return f.reads.at(p) == folder }
func (f filesystem) Exists(p string) bool { return f.reads.at(p) != absent }

// What lists or opens is not needed to build, and would have to be noted; what writes is not there.

func (filesystem) ReadDir(string) ([]string, error)     { return nil, errors.ErrUnsupported }
func (filesystem) Glob(string) ([]string, error)        { return nil, errors.ErrUnsupported }
func (filesystem) Walk(string, filepath.WalkFunc) error { return errors.ErrUnsupported }
func (filesystem) Open(string) (filesys.File, error)    { return nil, errors.ErrUnsupported }
func (filesystem) Create(string) (filesys.File, error)  { return nil, errReadOnly }
func (filesystem) Mkdir(string) error                   { return errReadOnly }
func (filesystem) MkdirAll(string) error                { return errReadOnly }
func (filesystem) RemoveAll(string) error               { return errReadOnly }
func (filesystem) WriteFile(string, []byte) error       { return errReadOnly }
