package git

import (
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"majordomo.dev/reconciler/git/gittest"
)

// worktree clones the repository into a work tree and runs git there.
func worktree(t *testing.T, r *gittest.Repo, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	run(t, "", append(append([]string{"clone", "-q"}, args...), r.Dir, dir)...)
	return dir
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Env = dir, gittest.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestLocalRepositoriesInEveryShape(t *testing.T) {
	r := gittest.NewRepo(t)
	want := r.Commit(map[string]string{"a": "1", "b/c": "2"}, "first")
	clone := worktree(t, r)
	linked := filepath.Join(t.TempDir(), "linked")
	run(t, clone, "worktree", "add", "-q", "-b", "other", linked)
	relative, err := filepath.Rel(mustGetwd(t), clone)
	if err != nil {
		t.Fatal(err)
	}
	packed := worktree(t, r)
	run(t, packed, "gc", "-q", "--aggressive")
	for name, path := range map[string]string{
		"bare": r.Dir, "work tree": clone, "its .git": filepath.Join(clone, ".git"), "linked work tree": linked, "relative": relative,
		"packed": packed, "shallow": worktree(t, r, "--depth=1", "--no-local"),
	} {
		t.Run(name, func(t *testing.T) {
			if c := fetchHead(t, open(t, Options{URL: path})); c.Hash != want {
				t.Errorf("fetched %s, want %s", c.Hash, want)
			}
		})
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLocalRepositoriesWeDoNotRead(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	sha256 := filepath.Join(t.TempDir(), "sha256.git")
	run(t, "", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", sha256)
	reftable := worktree(t, r)
	appendTo(t, filepath.Join(reftable, ".git/config"), "[extensions]\n\trefstorage = reftable\n")
	broken := worktree(t, r)
	appendTo(t, filepath.Join(broken, ".git/config"), "[unclosed\n")
	file := filepath.Join(t.TempDir(), "file")
	appendTo(t, file, "x")
	for name, tt := range map[string]struct {
		path   string
		reason Reason
	}{
		"sha-256":       {sha256, Unsupported},
		"reftable":      {reftable, Unsupported},
		"alternates":    {worktree(t, r, "--shared"), Unsupported},
		"broken config": {broken, Corrupt},
		"nothing there": {filepath.Join(t.TempDir(), "none"), NotFound},
		"no repository": {t.TempDir(), NotFound},
		"a file":        {file, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, Options{URL: tt.path}).Head(t.Context())
			wantReason(t, err, tt.reason)
			if e := asError(t, err); e.Where != tt.path || e.Hint == "" {
				t.Errorf("error %v does not say where and what to do", e)
			}
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestSHA256OverHTTPIsRefused(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Dir = filepath.Join(t.TempDir(), "sha256.git")
	run(t, "", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", r.Dir)
	r.Commit(map[string]string{"a": "1"}, "first")
	_, err := open(t, Options{URL: gittest.ServeHTTP(t, r, gittest.HTTPOptions{}).URL}).Head(t.Context())
	wantReason(t, err, Unsupported)
}

func TestDamagedLocalObjects(t *testing.T) {
	damage := map[string]func(t *testing.T, path string){
		"missing": func(t *testing.T, path string) { t.Helper(); remove(t, path) },
		"truncated": func(t *testing.T, path string) {
			t.Helper()
			rewrite(t, path, func(b []byte) []byte { return b[:len(b)/2] })
		},
		"garbage": func(t *testing.T, path string) {
			t.Helper()
			rewrite(t, path, func([]byte) []byte { return []byte("garbage") })
		},
		"flipped": func(t *testing.T, path string) {
			t.Helper()
			rewrite(t, path, func(b []byte) []byte { b[len(b)/2] ^= 0x40; return b })
		},
	}
	for name, f := range damage {
		for _, object := range []string{"main:a", "main:b", "main^{tree}", "main"} {
			t.Run(name+" "+object, func(t *testing.T) {
				r := gittest.NewRepo(t)
				r.Commit(map[string]string{"a": noise(500), "b/c": "2"}, "first")
				h := r.Git("rev-parse", object)
				f(t, filepath.Join(r.Dir, "objects", h[:2], h[2:]))
				m := open(t, Options{URL: r.Dir})
				_, err := m.Fetch(t.Context(), r.Head())
				if got := ReasonOf(err); got != Corrupt && !(got == RefChanged && object == "main") {
					t.Errorf("%v, want Corrupt", err)
				}
				if m.Last() != nil {
					t.Errorf("Last() = %v, want none", m.Last())
				}
			})
		}
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNoProcessIsStarted(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1", ".gitattributes": "* filter=x\n"}, "first")
	appendTo(t, filepath.Join(r.Dir, "config"), "[filter \"x\"]\n\tsmudge = touch "+filepath.Join(r.Dir, "ran")+"\n\trequired\n[core]\n\tfsmonitor = touch "+
		filepath.Join(r.Dir, "ran")+"\n\thooksPath = "+r.Dir+"\n")
	if err := os.WriteFile(filepath.Join(r.Dir, "post-checkout"), []byte("#!/bin/sh\ntouch ran\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	head := r.Head()
	t.Setenv("PATH", "")
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	if b, err := fs.ReadFile(c.FS(), "a"); c.Hash != head || err != nil || string(b) != "1" {
		t.Errorf("a = %q, %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "ran")); err == nil {
		t.Error("a filter or hook ran")
	}
}

// TestNothingHereCanStartAProcess follows the imports, of this package and all below it.
func TestNothingHereCanStartAProcess(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), filepath.Join(build.Default.GOROOT, "bin", "go"), "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		if pkg == "os/exec" || strings.HasSuffix(pkg, "/execabs") || pkg == "plugin" {
			t.Errorf("the package depends on %s", pkg)
		}
	}
}

// Packed objects that are differences to others, with blocks that moved in either direction, come out as they went in.
func TestDeltasOfMovedBlocksAreReadRight(t *testing.T) {
	r := gittest.NewRepo(t)
	blocks := slices.Collect(slices.Chunk(strings.SplitAfter(noise(60_000), "\n"), 40))
	for i := range 40 {
		a, b := 7*i%len(blocks), 11*(i+3)%len(blocks)
		blocks[a], blocks[b] = append(blocks[b], fmt.Sprintf("line %d\n", i)), blocks[a]
		r.Commit(map[string]string{"moved": strings.Join(slices.Concat(blocks...), "")}, "moved")
	}
	r.Git("repack", "-a", "-d", "-f", "--depth=50", "--window=50")
	l := &local{address: address{path: r.Dir}, limits: Limits{File: MiB}}
	s, err := l.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for line := range strings.SplitSeq(r.Git("cat-file", "--batch-check", "--batch-all-objects"), "\n") {
		id, _, _ := strings.Cut(line, " ")
		h := plumbing.NewHash(id)
		if kind, content, err := s.get(h); err != nil || plumbing.ComputeHash(kind, content) != h {
			t.Errorf("%s: %v, %d bytes, whose hash is %s", line, err, len(content), plumbing.ComputeHash(kind, content))
		}
	}
}
