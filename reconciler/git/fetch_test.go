package git

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"majordomo.dev/reconciler/git/gittest"
)

// remotes are the ways to reach one repository.
func remotes(t *testing.T, r *gittest.Repo) map[string]Options {
	t.Helper()
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{User: "ada", Password: "s3cret"})
	sec := gittest.ServeSSH(t, r, gittest.SSHOptions{})
	return map[string]Options{
		"local": {URL: r.Dir},
		"http":  {URL: web.URL, Auth: Auth{Username: "ada", Token: NewSecret("s3cret")}},
		"ssh":   {URL: sec.URL, Auth: Auth{SSHKey: NewSecret(sec.Key), KnownHosts: sec.KnownHosts}},
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
