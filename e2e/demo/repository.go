package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repository is the config repository of the demo: a real one, made by git.
type repository struct {
	dir string
	env []string
}

// newRepository commits the project's own fleet.yaml, manifests and overlays to a fresh repository, fitted to where they run.
func newRepository(ctx context.Context, source, dir string, fit func(dir string) error) (*repository, error) {
	r := &repository{dir: dir, env: append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Demo", "GIT_AUTHOR_EMAIL=demo@majordomo.dev", "GIT_COMMITTER_NAME=Demo", "GIT_COMMITTER_EMAIL=demo@majordomo.dev")}
	if err := copyConfig(source, dir); err != nil {
		return nil, err
	}
	if err := fit(dir); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, "init", "--quiet", "--initial-branch=main"); err != nil {
		return nil, err
	}
	_, err := r.commit(ctx, "the fleet: fleet.yaml, manifests, overlays")
	return r, err
}

func copyConfig(source, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	fleet, err := os.ReadFile(filepath.Join(source, "fleet.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no fleet.yaml in the working directory: run the demo from the root of the project")
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "fleet.yaml"), fleet, 0o600); err != nil {
		return err
	}
	for _, sub := range []string{"manifests", "overlays"} {
		if err := os.CopyFS(filepath.Join(dir, sub), os.DirFS(filepath.Join(source, sub))); err != nil {
			return err
		}
	}
	return nil
}

func (r *repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// commit commits all changes and returns the new commit.
func (r *repository) commit(ctx context.Context, message string) (string, error) {
	if _, err := r.git(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := r.git(ctx, "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	return r.git(ctx, "rev-parse", "HEAD")
}

// revert undoes the newest commit by another one.
func (r *repository) revert(ctx context.Context) (string, error) {
	if _, err := r.git(ctx, "revert", "--no-edit", "HEAD"); err != nil {
		return "", err
	}
	return r.git(ctx, "rev-parse", "HEAD")
}

// edit replaces a text that is in the file once.
func (r *repository) edit(file, before, after string) error {
	return editFile(filepath.Join(r.dir, file), before, after)
}
