package git

import (
	"io"
	"io/fs"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"majordomo.dev/reconciler/git/gittest"
	"majordomo.dev/reconciler/secret"
)

// remotes are the ways to reach one repository.
func remotes(t *testing.T, r *gittest.Repo) map[string]Options {
	t.Helper()
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{User: "ada", Password: "s3cret"})
	sec := gittest.ServeSSH(t, r, gittest.SSHOptions{})
	return map[string]Options{
		"local": {URL: r.Dir},
		"http":  {URL: web.URL, Auth: Auth{Username: "ada", Token: secret.New("s3cret")}},
		"ssh":   {URL: sec.URL, Auth: Auth{SSHKey: secret.New(sec.Key), KnownHosts: sec.KnownHosts}},
	}
}

func TestFetch(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a.txt": "old"}, "first")
	want := r.Commit(map[string]string{"a.txt": "new", "dir/b.yaml": "kind: B\n", "dir/sub/c": ""}, "second\n\nbody")
	for name, o := range remotes(t, r) {
		for _, where := range []string{"memory", "disk"} {
			t.Run(name+"/"+where, func(t *testing.T) {
				if where == "disk" {
					o.Dir = t.TempDir()
				}
				m := open(t, o)
				c := fetchHead(t, m)
				if c.Hash != want || c.Subject != "second" || c.Author != "Ada" || c.Time.Unix() != 1704067320 {
					t.Errorf("commit = %+v, want %s second by Ada", c, want)
				}
				if m.Last() != c {
					t.Errorf("Last() = %v, want the fetched commit", m.Last())
				}
				if err := fstest.TestFS(c.FS(), "a.txt", "dir/b.yaml", "dir/sub/c"); err != nil {
					t.Error(err)
				}
				if b, err := fs.ReadFile(c.FS(), "dir/b.yaml"); err != nil || string(b) != "kind: B\n" {
					t.Errorf("dir/b.yaml = %q, %v", b, err)
				}
				if hash, ok := c.Blob("dir/b.yaml"); !ok || hash != r.Git("rev-parse", "main:dir/b.yaml") {
					t.Errorf("Blob(dir/b.yaml) = %s, %v", hash, ok)
				}
				if hash, ok := c.Blob("dir"); !ok || hash != r.Git("rev-parse", "main:dir") {
					t.Errorf("Blob(dir) = %s, %v", hash, ok)
				}
				if hash, ok := c.Blob("nothing"); ok || hash != "" {
					t.Errorf("Blob(nothing) = %q, %v, want none", hash, ok)
				}
			})
		}
	}
}

// TestOnlyWhatChangedIsSent: the next commit costs its difference, and is whole all the same.
func TestOnlyWhatChangedIsSent(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"large": noise(300_000), "dir/a": "1", "dir/b": "2"}, "first")
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	for _, dir := range []string{"", t.TempDir()} {
		m := open(t, Options{URL: web.URL, Dir: dir})
		fetchHead(t, m)
		var sent atomic.Int64
		web.Fault(gittest.Body("/git-upload-pack", func(_ *http.Request, w io.Writer) io.Writer {
			return writerFunc(func(p []byte) (int, error) {
				sent.Add(int64(len(p)))
				return w.Write(p)
			})
		}))
		r.Commit(map[string]string{"dir/a": "changed " + dir}, "second")
		c := fetchHead(t, m)
		web.Fault(nil)
		if got := sent.Load(); got == 0 || got > 2000 {
			t.Errorf("%d bytes sent for a change of one line", got)
		}
		for path, want := range map[string]string{"large": noise(300_000), "dir/a": "changed " + dir, "dir/b": "2"} {
			if b, err := fs.ReadFile(c.FS(), path); err != nil || string(b) != want {
				t.Errorf("%s = %d bytes, %v", path, len(b), err)
			}
		}
	}
}

func TestManyReadAtOnceWhileOthersFetch(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(overlays(5), "first")
	for _, dir := range []string{"", t.TempDir()} {
		m := open(t, Options{URL: r.Dir, Dir: dir})
		c := fetchHead(t, m)
		next := r.Commit(map[string]string{"x": dir}, "next")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := fstest.TestFS(c.FS(), "overlays/env-04/object-19.yaml"); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if got, err := m.Fetch(t.Context(), next); err != nil || got.Hash != next {
					t.Errorf("Fetch = %v, %v", got, err)
				}
				_ = m.Last()
			})
		}
		wg.Wait()
	}
}
