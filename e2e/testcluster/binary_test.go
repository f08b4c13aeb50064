package testcluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBinaryIsCurrentUnlessItsSourceIsNewer(t *testing.T) {
	built := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name   string
		binary bool
		source time.Time
		want   bool
	}{
		{"missing", false, built.Add(-time.Hour), false},
		{"source is older", true, built.Add(-time.Hour), true},
		{"source is of the same time", true, built, true},
		{"source is newer", true, built.Add(time.Second), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			binary, source := filepath.Join(dir, "binary"), filepath.Join(dir, "source")
			if err := os.MkdirAll(filepath.Join(source, "config"), 0o755); err != nil {
				t.Fatal(err)
			}
			writeAt(t, filepath.Join(source, "config", "kwok.yaml"), c.source)
			if c.binary {
				writeAt(t, binary, built)
			}
			if got := current(binary, source); got != c.want {
				t.Errorf("current() = %v, want %v", got, c.want)
			}
		})
	}
}

func TestBinaryIsBuiltByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := lock(ctx, path); !errors.Is(err, cause) {
		t.Errorf("second lock: %v, want it to wait until its context ends", err)
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	again()
}

func TestBinaryOfTheEnvironmentIsUsedAsItIs(t *testing.T) {
	t.Setenv("MAJORDOMO_CLUSTER", "/nowhere/majordomo-cluster")
	if got, err := Binary(t.Context()); got != "/nowhere/majordomo-cluster" || err != nil {
		t.Errorf("Binary() = %q, %v", got, err)
	}
	if _, err := Start(t.Context(), "--nodes=1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start() = %v, want that there is no such file", err)
	}
}

func writeAt(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}
