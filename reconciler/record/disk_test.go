package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func put(t *testing.T, d *disk, s string) {
	t.Helper()
	if err := d.replace("file", text(s)); err != nil {
		t.Fatal(err)
	}
}

func TestDiskFailureAtEveryStepLeavesTheFileAsItWas(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		d := &disk{dir: filepath.Join(t.TempDir(), "new")}
		put(t, d, "first")
		steps := 0
		for n := 1; ; n++ {
			at := n
			d.step = func(string) error {
				if at--; at == 0 {
					return failure
				}
				return nil
			}
			err := d.replace("file", text("second"))
			if err == nil {
				steps = n - 1
				break
			}
			if !errors.Is(err, failure) {
				t.Errorf("step %d: %v is not %v", n, err, failure)
			}
			b, err := d.read("file")
			left, _ := filepath.Glob(filepath.Join(d.dir, "*"+tempSuffix))
			if s := string(b); err != nil || len(left) > 0 || s != "first" && s != "second" {
				t.Errorf("step %d: the file is %q, %v, and %v is left behind", n, b, err, left)
			}
			if string(b) == "second" { // only the name is not on the medium yet
				put(t, &disk{dir: d.dir}, "first")
			}
		}
		if steps < 6 {
			t.Errorf("only %d steps of the disk were made to fail", steps)
		}
	}
}

// TestKillAtEveryStepOfTheDisk keeps what has happened in a process that is killed at the n-th change of the disk, for every n.
func TestKillAtEveryStepOfTheDisk(t *testing.T) {
	if os.Getenv("RECORD_TEST_KILL_AT") != "" {
		recordUntilKilled(t)
		return
	}
	for n, killed := 1, true; killed; n++ {
		dir := t.TempDir()
		r := New(Options{Window: newScene(), Dir: dir})
		r.restore(t.Context())
		r.look()
		r.Add(window.Entry{Text: "first"})
		r.save()
		killed = runKilled(t, n, dir)
		r = New(Options{Window: newScene(), Dir: dir})
		r.restore(t.Context())
		got := strings.Join(texts(r), " ")
		if got != "first" && got != "second first" || !killed && got != "second first" || !r.samples.Knows(key) {
			t.Errorf("step %d: the timeline is %q, and the pool is known: %v", n, got, r.samples.Knows(key))
		}
		r.Add(window.Entry{Text: "third"})
		r.save()
		if r.failures > 0 {
			t.Errorf("step %d: what the process left behind is in the way: %s", n, r.cause)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "timeline"+tempSuffix)); len(left) > 0 {
			t.Errorf("step %d: left behind %v", n, left)
		}
		if !killed && n < 12 {
			t.Errorf("only %d steps were killed", n)
		}
	}
}

// runKilled runs recordUntilKilled as a process of its own and says whether it was killed.
func runKilled(t *testing.T, n int, dir string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillAtEveryStepOfTheDisk$")
	cmd.Env = append(os.Environ(), fmt.Sprint("RECORD_TEST_KILL_AT=", n), "RECORD_TEST_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v\n%s", n, err, out)
	}
	return true
}

// recordUntilKilled is the process that is killed.
func recordUntilKilled(t *testing.T) {
	t.Helper()
	var n int
	_, _ = fmt.Sscan(os.Getenv("RECORD_TEST_KILL_AT"), &n)
	r := New(Options{Window: newScene(), Dir: os.Getenv("RECORD_TEST_DIR")})
	r.restore(t.Context())
	r.disk.step = func(string) error {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	r.look()
	r.Add(window.Entry{Text: "second"})
	r.save()
}

func TestAFileThatCannotBeReadIsSetAside(t *testing.T) {
	newer := new(bytes.Buffer)
	if err := seal(newer, timelineFile, timeline.Version+1, text("{}")); err != nil {
		t.Fatal(err)
	}
	other := new(bytes.Buffer)
	if err := seal(other, timelineFile, timeline.Version, text(`{"last":1,"entries":[{"id":2}]}`)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		cause  string
	}{
		"empty":    {func([]byte) []byte { return []byte{} }, "it does not begin with"},
		"halved":   {func(b []byte) []byte { return b[:len(b)/2] }, "checksum"},
		"short":    {func(b []byte) []byte { return b[:30] }, "it ends early"},
		"a bit":    {func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, "checksum"},
		"a longer": {func(b []byte) []byte { return append(b, 0) }, "checksum"},
		"newer":    {func([]byte) []byte { return newer.Bytes() }, "is of a newer majordomo: its form is 2, and this one reads up to 1"},
		"other":    {func([]byte) []byte { return other.Bytes() }, "is not a timeline: entry 1 has id 2 after 0, of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := New(Options{Window: newScene(), Dir: dir})
			r.restore(t.Context())
			r.look()
			r.Add(window.Entry{Text: "first"})
			r.save()
			file := filepath.Join(dir, timelineFile)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			damaged := c.change(b)
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			r = New(Options{Window: newScene(), Dir: dir})
			r.restore(t.Context())
			got := texts(r)
			if len(got) != 1 || !strings.Contains(got[0], c.cause) || !strings.Contains(got[0], file+asideSuffix) || !r.samples.Knows(key) {
				t.Errorf("the timeline is %q, want the cause %q and the new name; the pool is known: %v", got, c.cause, r.samples.Knows(key))
			}
			if b, err := os.ReadFile(file + asideSuffix); err != nil || !bytes.Equal(b, damaged) {
				t.Errorf("set aside are %d bytes, %v", len(b), err)
			}
			r.save()
			if r = New(Options{Window: newScene(), Dir: dir}); r.failures > 0 {
				t.Errorf("afterwards it is not written: %s", r.cause)
			}
			if r.restore(t.Context()); len(texts(r)) != 1 {
				t.Errorf("after another restart: %q", texts(r))
			}
		})
	}
}

// What cannot even be set aside is not written over: it may be of a newer program.
func TestAFileThatStaysIsNotWrittenOver(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, timelineFile)
	if err := os.WriteFile(file, []byte("majordomo timeline 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := New(Options{Window: newScene(), Dir: dir})
	r.disk.step = func(op string) error {
		if op == "aside" {
			return syscall.EPERM
		}
		return nil
	}
	r.restore(t.Context())
	r.look()
	r.save()
	if got := texts(r); len(got) != 1 || !strings.Contains(got[0], "the file stays, and nothing new is kept") {
		t.Errorf("the timeline is %q", got)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "majordomo timeline 7\n" {
		t.Errorf("the file is %q, %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(dir, samplesFile)); err != nil {
		t.Errorf("the other file is not written: %v", err)
	}
}

// A disk that hangs costs what would be on it, and nothing else: looks go on, and the end comes.
func TestADiskThatHangsHoldsUpNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		r := New(Options{Window: s, Dir: dir})
		answer := make(chan struct{})
		r.disk.step = func(string) error { <-answer; return nil }
		begin := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = r.Run(ctx) }()
		pass(10*time.Minute + time.Second)
		cancel()
		stopped := time.Now()
		<-ended
		if d := time.Since(stopped); d > 2*patience {
			t.Errorf("the end takes %v", d)
		}
		if got, _ := r.Series(key, begin, time.Now(), 0); len(got.At) != 60 {
			t.Errorf("%d looks in ten minutes, want 60", len(got.At))
		}
		close(answer)
	})
}

func FuzzUnseal(f *testing.F) {
	var b bytes.Buffer
	if err := seal(&b, samplesFile, 1, text("some data")); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("majordomo samples 1\n"))
	f.Add([]byte("majordomo samples 99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		data, err := unseal(file, samplesFile, 1)
		if err == nil && !bytes.Equal(data, []byte("some data")) {
			t.Errorf("a checksum that somebody guessed: %q", data)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
			t.Errorf("%v is no cause", err)
		}
	})
}
