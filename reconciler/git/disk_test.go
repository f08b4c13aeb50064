package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"majordomo.dev/reconciler/git/gittest"
)

func TestCommitsOnDiskSurviveARestart(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1", "big": noise(5000)}, "first")
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	o := Options{URL: web.URL, Dir: filepath.Join(t.TempDir(), "new", "dir")}
	m := open(t, o)
	want := fetchHead(t, m)
	if _, err := New(o); ReasonOf(err) != Storage {
		t.Errorf("a second Mirror on the same directory: %v, want Storage", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	web.Fault(drop)
	again := open(t, o)
	web.Requests()
	c := again.Last()
	if c == nil || c.Hash != want.Hash || c.Subject != "first" {
		t.Fatalf("Last() after a restart = %v, want %v", c, want)
	}
	if b, err := fs.ReadFile(c.FS(), "big"); err != nil || string(b) != noise(5000) {
		t.Errorf("big = %d bytes, %v", len(b), err)
	}
	if _, err := again.Fetch(t.Context(), want.Hash); err != nil || len(web.Requests()) > 0 {
		t.Errorf("Fetch of a kept commit: %v, or it asked the server", err)
	}
	_ = again.Close()
	o.Ref = "other"
	if last := open(t, o).Last(); last != nil {
		t.Errorf("Last() of another branch = %v, want none", last)
	}
}

func TestACommitOnDiskIsARepositoryThatGitReads(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(overlays(3), "first")
	r.Link("link", "overlays")
	r.Commit(map[string]string{"empty": "", "large": strings.Repeat("x", 70000)}, "second")
	o := Options{URL: r.Dir, Dir: t.TempDir()}
	c := fetchHead(t, open(t, o))
	dir := filepath.Join(o.Dir, c.Hash+".git")
	for _, args := range [][]string{
		{"fsck", "--strict"},
		{"verify-pack", filepath.Join("objects/pack", base(t, dir))},
		{"log", "--format=%H %s", "HEAD"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"--git-dir", dir}, args...)...)
		cmd.Dir, cmd.Env = dir, gittest.Env()
		out, err := cmd.CombinedOutput()
		if err != nil || args[0] == "log" && string(out) != c.Hash+" second\n" {
			t.Errorf("git %v: %v\n%s", args, err, out)
		}
	}
}

// base is the name of the pack in a kept commit.
func base(t *testing.T, dir string) string {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(dir, packDir, "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs of %s: %v, %v", dir, packs, err)
	}
	return filepath.Base(packs[0])
}

func TestDamagedCopyIsFetchedAgain(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)/2] ^= 0x40; return b }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	none := func([]byte) []byte { return nil }
	for name, change := range map[string]func([]byte) []byte{"flipped": flip, "halved": half, "emptied": none} {
		for _, suffix := range []string{".pack", ".idx"} {
			for _, live := range []bool{false, true} {
				t.Run(fmt.Sprint(name, suffix, " live=", live), func(t *testing.T) {
					r := gittest.NewRepo(t)
					r.Commit(map[string]string{"a": noise(5000), "b": "b"}, "first")
					o := Options{URL: r.Dir, Dir: t.TempDir()}
					m := open(t, o)
					c := fetchHead(t, m)
					dir := filepath.Join(o.Dir, c.Hash+".git")
					rewrite(t, filepath.Join(dir, packDir, strings.TrimSuffix(base(t, dir), ".pack")+suffix), change)
					if !live {
						_ = m.Close()
						m = open(t, o)
						if m.Last() != nil && name != "flipped" {
							t.Errorf("Last() is the damaged commit")
						}
					} else if _, err := fs.ReadFile(c.FS(), "a"); suffix == ".pack" {
						wantReason(t, err, Corrupt)
					}
					again := fetchHead(t, m)
					if b, err := fs.ReadFile(again.FS(), "a"); err != nil || string(b) != noise(5000) {
						t.Errorf("a after fetching again = %d bytes, %v", len(b), err)
					}
				})
			}
		}
	}
}

func TestOnlyTheNewestCommitsAreKept(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"n": "first"}, "first")
	for _, dir := range []string{"", t.TempDir()} {
		m := open(t, Options{URL: r.Dir, Dir: dir})
		old, err := m.Fetch(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		var last string
		for i := range heldCommits + 3 {
			last = r.Commit(map[string]string{"n": fmt.Sprint(dir, i)}, "next")
			fetchHead(t, m)
		}
		if got := len(m.held); got != heldCommits {
			t.Errorf("%d commits in memory, want %d", got, heldCommits)
		}
		if b, err := fs.ReadFile(old.FS(), "n"); err != nil || string(b) != "first" {
			t.Errorf("a commit no longer kept, but in use = %q, %v", b, err)
		}
		if dir == "" {
			continue
		}
		kept, _ := filepath.Glob(filepath.Join(dir, "*.git"))
		if len(kept) != heldCommits {
			t.Errorf("%d commits on disk, want %d", len(kept), heldCommits)
		}
		if _, err := os.Stat(filepath.Join(dir, last+".git")); err != nil {
			t.Errorf("the newest commit is not kept: %v", err)
		}
	}
}

// failAt makes the n-th change of the disk fail.
func failAt(n int, err error) func(string) error {
	return func(string) error {
		if n--; n == 0 {
			return err
		}
		return nil
	}
}

func TestDiskFailureAtEveryStepKeepsTheLastGoodCommit(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EMFILE} {
		r := gittest.NewRepo(t)
		r.Commit(map[string]string{"a": "1"}, "first")
		o := Options{URL: r.Dir, Dir: t.TempDir()}
		if errors.Is(failure, syscall.ENOSPC) {
			o.URL = gittest.ServeHTTP(t, r, gittest.HTTPOptions{}).URL
		}
		m := open(t, o)
		good := fetchHead(t, m)
		next := r.Commit(map[string]string{"a": noise(70_000)}, "second")
		steps := 0
		for n := 1; ; n++ {
			m.disk.step = failAt(n, failure)
			c, err := m.Fetch(t.Context(), next)
			if err == nil {
				steps = n - 1
				if m.Last() != c {
					t.Errorf("Last() = %v, want %v", m.Last(), c)
				}
				break
			}
			wantReason(t, err, Storage)
			if !errors.Is(err, failure) || !strings.Contains(err.Error(), o.Dir) {
				t.Errorf("step %d: %v is not %v, or does not name the directory", n, err, failure)
			}
			if temps, _ := filepath.Glob(filepath.Join(o.Dir, "*.git.tmp-*")); len(temps) > 0 || m.Last() != good {
				t.Errorf("step %d: left %v behind, Last() = %v", n, temps, m.Last())
			}
			if b, err := fs.ReadFile(good.FS(), "a"); err != nil || string(b) != "1" {
				t.Errorf("step %d: the good commit = %q, %v", n, b, err)
			}
		}
		if steps < 15 {
			t.Errorf("only %d steps of the disk were made to fail", steps)
		}
	}
}

func TestUnusableDirectories(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	appendTo(t, file, "x")
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/majordomo"} {
		_, err := New(Options{URL: "/x", Dir: dir})
		wantReason(t, err, Storage)
	}
}

// TestKillAtEveryStepOfTheDisk fetches in a process that is killed at the n-th change of the disk, for every n.
func TestKillAtEveryStepOfTheDisk(t *testing.T) {
	if os.Getenv("GIT_TEST_KILL_AT") != "" {
		fetchUntilKilled(t)
		return
	}
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	before := t.TempDir()
	m := open(t, Options{URL: r.Dir, Dir: before})
	fetchHead(t, m)
	_ = m.Close()
	second := r.Commit(map[string]string{"a": noise(100_000), "b": "2"}, "second")
	for n, killed := 1, true; killed; n++ {
		dir := filepath.Join(t.TempDir(), "mirror")
		if err := os.CopyFS(dir, os.DirFS(before)); err != nil {
			t.Fatal(err)
		}
		appendTo(t, filepath.Join(dir, strings.Repeat("a", 40)+".tmp-1"), "stale")
		killed = runKilled(t, n, r.Dir, dir)
		m := open(t, Options{URL: r.Dir, Dir: dir})
		if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp-*")); len(left) > 0 {
			t.Errorf("step %d: left behind %v", n, left)
		}
		if last := m.Last(); last == nil || last.Hash != second && (!killed || last.Hash != first) {
			t.Errorf("step %d: last good commit is %v", n, last)
		} else if _, err := fs.ReadFile(last.FS(), "a"); err != nil {
			t.Errorf("step %d: last good commit: %v", n, err)
		}
		if b, err := fs.ReadFile(fetchHead(t, m).FS(), "b"); err != nil || string(b) != "2" {
			t.Errorf("step %d: after the restart b = %q, %v", n, b, err)
		}
		_ = m.Close()
		if !killed && n < 15 {
			t.Errorf("only %d steps were killed", n)
		}
	}
}

// runKilled runs fetchUntilKilled as a process of its own and says whether it was killed.
func runKilled(t *testing.T, n int, url, dir string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillAtEveryStepOfTheDisk$")
	cmd.Env = append(os.Environ(), fmt.Sprint("GIT_TEST_KILL_AT=", n), "GIT_TEST_URL="+url, "GIT_TEST_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v\n%s", n, err, out)
	}
	return true
}

// fetchUntilKilled is the process that is killed.
func fetchUntilKilled(t *testing.T) {
	t.Helper()
	var n int
	_, _ = fmt.Sscan(os.Getenv("GIT_TEST_KILL_AT"), &n)
	m := open(t, Options{URL: os.Getenv("GIT_TEST_URL"), Dir: os.Getenv("GIT_TEST_DIR")})
	m.disk.step = func(string) error {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	fetchHead(t, m)
}
