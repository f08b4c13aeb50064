package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// disk keeps commits below one directory, each a bare repository of its own that git can read: HASH.git. What is
// being written is HASH.tmp-*, renamed when it is whole and on the medium.
type disk struct {
	dir    string
	origin string // the repository and ref, to know what the directory was used for
	limits Limits
	lock   *os.File
	step   func(op string) error // tests fail or kill the process here; nil otherwise
}

const (
	heldSuffix = ".git"
	tempMark   = ".tmp-"
	lastFile   = "last"
)

// openDisk takes possession of the directory and removes what a killed process left unfinished.
func openDisk(dir, origin string, l Limits) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, storageError(dir, err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, storageError(dir, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, &Error{Reason: Storage, Where: dir, What: "another majordomo uses this directory", Hint: "give each its own", Err: err}
	}
	d := &disk{dir: dir, origin: origin, limits: l, lock: lock}
	stale, _ := filepath.Glob(filepath.Join(dir, "*"+tempMark+"*"))
	for _, path := range stale {
		if err := os.RemoveAll(path); err != nil {
			_ = lock.Close()
			return nil, storageError(dir, err)
		}
	}
	return d, nil
}

func (d *disk) close() error { return d.lock.Close() }

// do runs one change of the disk; tests interfere here.
func (d *disk) do(op string, change func() error) error {
	if d.step != nil {
		if err := d.step(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	return change()
}

func (d *disk) path(h plumbing.Hash) string { return filepath.Join(d.dir, h.String()+heldSuffix) }

// add lets fill write a commit's objects, verifies them, and keeps them under the commit's hash.
func (d *disk) add(h plumbing.Hash, fill func(objectWriter) error, verify func(objects, plumbing.Hash) (*Commit, error)) (*Commit, error) {
	var temp string
	err := d.do("mkdir", func() (err error) {
		temp, err = os.MkdirTemp(d.dir, h.String()+tempMark)
		return err
	})
	if err != nil {
		return nil, storageError(d.dir, err)
	}
	c, err := d.build(h, temp, fill, verify)
	if err != nil {
		_ = os.RemoveAll(temp)
		return nil, d.explain(err)
	}
	d.prune(h)
	return c, nil
}

// build writes the commit into temp and renames it.
func (d *disk) build(h plumbing.Hash, temp string, fill func(objectWriter) error, verify func(objects, plumbing.Hash) (*Commit, error)) (*Commit, error) {
	p, err := createPack(d, temp)
	if err != nil {
		return nil, err
	}
	if err := fill(p); err != nil {
		p.abandon()
		return nil, err
	}
	c, err := verify(p, h)
	if err == nil {
		err = p.finish(h)
	}
	if err == nil {
		err = d.publish(temp, d.path(h))
	}
	if err != nil {
		p.abandon()
		return nil, err
	}
	return c, nil
}

// publish renames temp, all of it on the medium, to its final name.
func (d *disk) publish(temp, final string) error {
	for _, dir := range []string{filepath.Join(temp, packDir), filepath.Join(temp, "objects"), temp} {
		if err := d.sync(dir); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	if err := d.do("rename", func() error { return os.Rename(temp, final) }); err != nil {
		return err
	}
	return d.sync(d.dir)
}

// sync brings a directory's entries to the medium.
func (d *disk) sync(dir string) error {
	return d.do("sync", func() error {
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	})
}

// explain makes an error of the operating system a Storage error.
func (d *disk) explain(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	return storageError(d.dir, err)
}

// open returns a kept commit, or nil. A damaged copy is removed, to be fetched again.
func (d *disk) open(h plumbing.Hash) *Commit {
	path := d.path(h)
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	p, err := openPack(path)
	if err != nil {
		_ = os.RemoveAll(path)
		return nil
	}
	c, err := readCommit(p, h, d.limits)
	if err != nil {
		p.abandon()
		_ = os.RemoveAll(path)
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // used now; prune goes by it
	return c
}

// kept lists the commits on disk, the one used longest ago first.
func (d *disk) kept() []plumbing.Hash {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil
	}
	type dated struct {
		h plumbing.Hash
		t time.Time
	}
	var all []dated
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), heldSuffix)
		info, err := e.Info()
		if ok && err == nil && len(name) == 40 && plumbing.IsHash(name) {
			all = append(all, dated{plumbing.NewHash(name), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b dated) int { return a.t.Compare(b.t) })
	out := make([]plumbing.Hash, len(all))
	for i, x := range all {
		out[i] = x.h
	}
	return out
}

// prune removes the commits used longest ago, but neither the newest nor the last good one.
func (d *disk) prune(newest plumbing.Hash) {
	good := d.lastHash()
	var old []plumbing.Hash
	for _, h := range d.kept() {
		if h != newest && h != good {
			old = append(old, h)
		}
	}
	for len(old) > heldCommits-2 {
		_ = os.RemoveAll(d.path(old[0])) // who still reads it has it open
		old = old[1:]
	}
}

// remember writes down the last good commit, for the next process.
func (d *disk) remember(h plumbing.Hash) error {
	name := filepath.Join(d.dir, lastFile)
	err := d.write(name+tempMark+"0", []byte(h.String()+" "+d.origin+"\n"))
	if err == nil {
		err = d.do("rename", func() error { return os.Rename(name+tempMark+"0", name) })
	}
	if err == nil {
		err = d.sync(d.dir)
	}
	if err != nil {
		return storageError(d.dir, err)
	}
	return nil
}

// write creates a file with that content, on the medium.
func (d *disk) write(path string, content []byte) error {
	var f *os.File
	err := d.do("create", func() (err error) {
		f, err = os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.do("write", func() error { _, err := f.Write(content); return err }); err != nil {
		return err
	}
	return d.do("sync", f.Sync)
}

// lastHash is the last good commit of the same repository and ref, or zero.
func (d *disk) lastHash() plumbing.Hash {
	b, err := os.ReadFile(filepath.Join(d.dir, lastFile))
	hash, origin, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), " ")
	if err != nil && !errors.Is(err, fs.ErrNotExist) || origin != d.origin || len(hash) != 40 {
		return plumbing.ZeroHash
	}
	return plumbing.NewHash(hash)
}

// lastGood opens the last good commit, or returns nil.
func (d *disk) lastGood() *Commit {
	if h := d.lastHash(); !h.IsZero() {
		return d.open(h)
	}
	return nil
}
