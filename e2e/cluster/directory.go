package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	directoryPrefix = "majordomo-cluster-"
	// needed is the room a cluster may take: etcd alone sets aside 64 MiB for its log.
	needed = 1 << 30
	// longestBase keeps the path of etcd's socket below the 108 bytes that the kernel allows.
	longestBase = 64
)

// A directory holds everything a cluster writes. Its lock is held by the supervisor, so a directory
// whose lock is free belonged to one that was killed.
type directory struct {
	name string
	lock *os.File
}

func (d directory) path(name string) string { return filepath.Join(d.name, name) }

func (d directory) remove() error {
	err := os.RemoveAll(d.name)
	return errors.Join(err, d.lock.Close())
}

// newDirectory makes and locks a fresh directory, in memory where the machine has enough of it.
func newDirectory() (directory, error) {
	base := baseDirectory()
	for {
		name, err := os.MkdirTemp(base, directoryPrefix)
		if err != nil {
			return directory{}, err
		}
		lock, err := lockDirectory(name, 0)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue // a sweep took it for a stale one before it was locked
		case err != nil:
			return directory{}, fmt.Errorf("lock %s: %w", name, err)
		case !sameFile(name, lock):
			_ = lock.Close() // the same, while this process waited for the sweep's lock
			continue
		}
		return directory{name, lock}, nil
	}
}

// baseDirectory prefers memory (/dev/shm), then the usual place for temporary files.
func baseDirectory() string {
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if syscall.Statfs(shm, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= needed && syscall.Access(shm, 2) == nil {
		return shm
	}
	if tmp := os.TempDir(); len(tmp) <= longestBase {
		return tmp
	}
	return "/tmp"
}

// sweep removes the directories of supervisors that were killed.
func sweep() error {
	var errs []error
	for _, base := range []string{"/dev/shm", os.TempDir(), "/tmp"} {
		names, err := filepath.Glob(filepath.Join(base, directoryPrefix+"*"))
		errs = append(errs, err)
		for _, name := range names {
			errs = append(errs, sweepOne(name))
		}
	}
	return errors.Join(errs...)
}

func sweepOne(name string) error {
	info, err := os.Lstat(name)
	if err != nil || !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		return nil //nolint:nilerr // gone meanwhile, or not ours to remove
	}
	lock, err := lockDirectory(name, syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return directory{name, lock}.remove()
}

func lockDirectory(name string, flags int) (*os.File, error) {
	lock, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|flags)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return lock, nil
}

func sameFile(name string, f *os.File) bool {
	now, err := os.Stat(name)
	if err != nil {
		return false
	}
	then, err := f.Stat()
	return err == nil && os.SameFile(now, then)
}
