package testcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Binary is the path of majordomo-cluster: MAJORDOMO_CLUSTER if set, else bin/majordomo-cluster of the repository,
// which is built where it is missing or older than its source.
func Binary(ctx context.Context) (string, error) {
	if path := os.Getenv("MAJORDOMO_CLUSTER"); path != "" {
		return path, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, "bin", "majordomo-cluster")
	source := filepath.Join(root, "e2e", "cluster")
	if current(binary, source) {
		return binary, nil
	}
	return binary, build(ctx, binary, source)
}

// repository walks up from the working directory, which for a test is its package's.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module majordomo.dev\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod of majordomo.dev above the working directory: set MAJORDOMO_CLUSTER to the binary's path")
		}
		dir = parent
	}
}

// current tells whether the binary is there and no older than its source.
func current(binary, source string) bool {
	built, err := os.Stat(binary)
	if err != nil {
		return false
	}
	err = filepath.WalkDir(source, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().After(built.ModTime()) {
			return errors.New("newer")
		}
		return err
	})
	return err == nil
}

// build runs the build script; of several test binaries that need it, one does and the others wait.
func build(ctx context.Context, binary, source string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, binary+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if current(binary, source) {
		return nil
	}
	fmt.Fprintln(os.Stderr, "testcluster: building bin/majordomo-cluster; the first time, this takes some minutes")
	out, err := exec.CommandContext(ctx, filepath.Join(source, "build.sh"), binary).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build majordomo-cluster: %w\n%s", err, out)
	}
	return nil
}

func lock(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("wait for the build of another process (%s): %w", path, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
