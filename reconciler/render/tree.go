package render

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Tree is the files of one commit, or of a folder, that do not change while they are read.
type Tree interface {
	// FS gives the files, with paths from the root of the repository. It must not lead out of it.
	FS() fs.FS
	// Blob returns a hash of a file's content, and whether there is such a file.
	Blob(path string) (hash string, ok bool)
}

// Directory is a folder on disk as a Tree. Symbolic links that lead out of it are errors. It hashes each file once: to see what has
// changed since, open another.
type Directory struct {
	root *os.Root

	mu     sync.Mutex
	hashes map[string]string
}

// Dir opens a folder. Close it after use.
func Dir(path string) (*Directory, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return &Directory{root: root, hashes: map[string]string{}}, nil
}

// Close releases the folder.
func (d *Directory) Close() error { return d.root.Close() }

// FS gives the files of the folder.
func (d *Directory) FS() fs.FS { return d.root.FS() }

// Blob returns the SHA-256 of a file's content.
func (d *Directory) Blob(path string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h, ok := d.hashes[path]; ok {
		return h, h != ""
	}
	h, err := d.hash(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false // the reader of the file sees the error
	}
	d.hashes[path] = h
	return h, h != ""
}

func (d *Directory) hash(path string) (string, error) {
	info, err := d.root.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	f, err := d.root.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, f.Close())
}
