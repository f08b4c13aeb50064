package git

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"majordomo.dev/reconciler/git/gittest"
)

func TestLinksAreFollowedInsideTheTreeOnly(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"base/deep/a.yaml": "a", "base/b.yaml": "b"}, "files")
	for path, target := range map[string]string{
		"to-file": "base/b.yaml", "to-dir": "base", "base/deep/up": "../b.yaml", "chain": "to-dir/deep/up", "here/self": "../here/../base/./deep//a.yaml",
		"to-root": ".", "dangling": "base/none", "through-file": "base/b.yaml/x", "empty/../x": "",
		"escape": "../etc/passwd", "absolute": "/etc/passwd", "proc": "/proc/self/environ", "base/deep/far": "../../../x", "dir-escape": "base/../..",
		"loop": "loop", "ping": "pong", "pong": "ping", "nest/in": "../nest/in/in",
	} {
		if !strings.Contains(path, "..") && target != "" {
			r.Link(path, target)
		}
	}
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	for path, want := range map[string]string{
		"to-file": "b", "to-dir/b.yaml": "b", "base/deep/up": "b", "chain": "b", "here/self": "a", "to-root/to-root/to-dir/deep/a.yaml": "a",
	} {
		got, err := fs.ReadFile(c.FS(), path)
		if err != nil || string(got) != want {
			t.Errorf("%s = %q, %v, want %q", path, got, err, want)
		}
		real, _ := c.Blob("base/b.yaml")
		if hash, ok := c.Blob(path); !ok || want == "b" && hash != real {
			t.Errorf("Blob(%s) = %s, %v, want that of the file", path, hash, ok)
		}
	}
	for path, want := range map[string]Reason{
		"escape": SymlinkEscape, "absolute": SymlinkEscape, "proc": SymlinkEscape, "base/deep/far": SymlinkEscape, "dir-escape/x": SymlinkEscape,
		"loop": SymlinkLoop, "ping": SymlinkLoop, "pong": SymlinkLoop, "nest/in": SymlinkLoop, "dangling": NotFound, "through-file": NotFound, "base/b.yaml/x": NotFound, "none": NotFound,
	} {
		_, err := fs.ReadFile(c.FS(), path)
		wantReason(t, err, want)
		if errors.Is(err, fs.ErrNotExist) != (want == NotFound) {
			t.Errorf("%s: errors.Is(%v, ErrNotExist) is wrong", path, err)
		}
	}
}

func TestReadLinkAndModes(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Executable("run.sh", "#!/bin/sh\ntouch /tmp/never\n")
	r.Link("link", "run.sh")
	files := fetchHead(t, open(t, Options{URL: r.Dir})).FS()
	if target, err := fs.ReadLink(files, "link"); err != nil || target != "run.sh" {
		t.Errorf("ReadLink = %q, %v", target, err)
	}
	if _, err := fs.ReadLink(files, "run.sh"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("ReadLink of a file = %v, want ErrInvalid", err)
	}
	for name, want := range map[string]string{"run.sh": "-r-xr-xr-x run.sh 27", "link": "-r-xr-xr-x link 27", ".": "dr-xr-xr-x . 0"} {
		info, err := fs.Stat(files, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(info.Mode(), " ", info.Name(), " ", info.Size()); got != want {
			t.Errorf("Stat(%s) = %s, want %s", name, got, want)
		}
	}
	if info, err := fs.Lstat(files, "link"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("Lstat(link) = %v, %v, want a link", info, err)
	}
	for _, name := range []string{"/run.sh", "../run.sh", "./run.sh", "", "a//b"} {
		if _, err := fs.Stat(files, name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Stat(%q) = %v, want ErrInvalid", name, err)
		}
	}
}

func TestSubmoduleIsRefusedWhereItIs(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"overlays/a.yaml": "a", "vendor/b.yaml": "b"}, "files")
	r.Submodule("vendor/lib", "file:///etc")
	for name, o := range remotes(t, r) {
		t.Run(name, func(t *testing.T) {
			c := fetchHead(t, open(t, o))
			for _, op := range []func() error{
				func() error { _, err := fs.ReadDir(c.FS(), "vendor"); return err },
				func() error { _, err := fs.ReadDir(c.FS(), "vendor/lib"); return err },
				func() error { _, err := fs.ReadFile(c.FS(), "vendor/lib/x.yaml"); return err },
				func() error { _, err := fs.Stat(c.FS(), "vendor/lib"); return err },
			} {
				err := op()
				wantReason(t, err, Submodule)
				if !strings.Contains(err.Error(), "vendor/lib") {
					t.Errorf("error %v does not name the path", err)
				}
			}
			for _, path := range []string{"overlays/a.yaml", "vendor/b.yaml"} {
				if _, err := fs.ReadFile(c.FS(), path); err != nil {
					t.Errorf("%s beside a submodule: %v", path, err)
				}
			}
		})
	}
}

func TestLFSPointerIsRefusedWhenRead(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{
		".gitattributes":      "*.yaml filter=lfs diff=lfs\n* filter=evil\n",
		"big.yaml":            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
		"plain.yaml":          "version: https://git-lfs.github.com/spec/v1\n",
		"hooks/post-checkout": "#!/bin/sh\nexit 1\n",
	}, "files")
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	for _, read := range []func() error{
		func() error { _, err := fs.ReadFile(c.FS(), "big.yaml"); return err },
		func() error { _, err := c.FS().Open("big.yaml"); return err },
	} {
		err := read()
		wantReason(t, err, LFSPointer)
		if !strings.Contains(err.Error(), "big.yaml") {
			t.Errorf("error %v does not name the file", err)
		}
	}
	for _, path := range []string{"plain.yaml", ".gitattributes", "hooks/post-checkout"} {
		if _, err := fs.ReadFile(c.FS(), path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// rawTree is the content of a tree object with one file under each name.
func rawTree(blob string, names ...string) []byte {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "100644 %s\x00%s", n, unhex(blob))
	}
	return []byte(b.String())
}

func unhex(s string) string {
	var b []byte
	_, _ = fmt.Sscanf(s, "%x", &b)
	return string(b)
}

func TestNamesNoHonestRepositoryHoldsRefuseTheCommit(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	blob := r.Raw("blob", []byte("x"))
	for _, names := range [][]string{
		{".git"},
		{".GIT"},
		{".Git"},
		{"git~1"},
		{"GIT~1"},
		{".git."},
		{".git "},
		{".git . "},
		{".git::$INDEX_ALLOCATION"},
		{".g\u200cit"},
		{"."},
		{".."},
		{""},
		{"a/b"},
		{"../x"},
		{"a/../b"},
		{".git/config"},
		{"same", "same"},
	} {
		r.CommitTree(r.Raw("tree", rawTree(blob, names...)))
		_, err := open(t, Options{URL: r.Dir}).Fetch(t.Context(), r.Head())
		if got := ReasonOf(err); got != BadPath && !(names[0] == "" && got == Corrupt) {
			t.Errorf("names %q: %v, want BadPath", names, err)
		}
	}
}

func TestNamesThatOnlyLookOddAreRead(t *testing.T) {
	r := gittest.NewRepo(t)
	blob := r.Raw("blob", []byte("x"))
	odd := []string{"A", "a", "a ", "a.", ".gitignore", "git", "git~10", "a\\b", "tab\tnewline\n", "con", "größe"}
	r.CommitTree(r.Raw("tree", rawTree(blob, odd...)))
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	for _, name := range odd {
		if b, err := fs.ReadFile(c.FS(), name); err != nil || string(b) != "x" {
			t.Errorf("%q = %q, %v", name, b, err)
		}
	}
	if entries, err := fs.ReadDir(c.FS(), "."); err != nil || len(entries) != len(odd) {
		t.Errorf("ReadDir = %v, %v, want %d entries", entries, err, len(odd))
	}
}

func TestNameThatIsNotUTF8IsRefusedWhereItIs(t *testing.T) {
	r := gittest.NewRepo(t)
	blob := r.Raw("blob", []byte("x"))
	r.CommitTree(r.Raw("tree", rawTree(blob, "a", "b\xff")))
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	if _, err := fs.ReadFile(c.FS(), "a"); err != nil {
		t.Errorf("a: %v", err)
	}
	_, err := fs.ReadDir(c.FS(), ".")
	wantReason(t, err, BadPath)
}

func TestUnknownModeRefusesTheCommit(t *testing.T) {
	r := gittest.NewRepo(t)
	blob := r.Raw("blob", []byte("x"))
	for _, mode := range []string{"60000", "0", "777", "20666", "99", "x", ""} {
		r.CommitTree(r.Raw("tree", []byte(mode+" a\x00"+unhex(blob))))
		_, err := open(t, Options{URL: r.Dir}).Fetch(t.Context(), r.Head())
		if got := ReasonOf(err); got != BadPath && got != Corrupt {
			t.Errorf("mode %q: %v, want BadPath or Corrupt", mode, err)
		}
	}
}

func TestCommitThatSaysThingsTwiceIsRefused(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	tree := r.Git("rev-parse", "main^{tree}")
	const who = " Ada <a@b> 1700000000 +0000\n"
	for name, raw := range map[string]string{
		"two trees":      "tree " + tree + "\ntree " + tree + "\nauthor" + who + "committer" + who + "\nx\n",
		"tree later":     "tree " + tree + "\nauthor" + who + "committer" + who + "tree " + tree + "\n\nx\n",
		"two signatures": "tree " + tree + "\nauthor" + who + "committer" + who + "gpgsig a\ngpgsig b\n\nx\n",
		"two committers": "tree " + tree + "\nauthor" + who + "committer" + who + "committer" + who + "\nx\n",
		"no tree":        "author" + who + "committer" + who + "\nx\n",
		"no author":      "tree " + tree + "\ncommitter" + who + "\nx\n",
		"bad tree":       "tree zz\nauthor" + who + "committer" + who + "\nx\n",
		"empty":          "",
	} {
		h := r.Raw("commit", []byte(raw))
		_, err := open(t, Options{URL: r.Dir}).Fetch(t.Context(), h)
		if got := ReasonOf(err); got != Corrupt {
			t.Errorf("%s: %v, want Corrupt", name, err)
		}
	}
}

func TestCommitTextIsFitToPrint(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "\n \x1b[31mred\x07 \u202etxt\tdone"+strings.Repeat("x", 500)+"\n\nbody")
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	if !strings.HasPrefix(c.Subject, "[31mred txt donexxx") || len(c.Subject) > 210 || c.String() != c.Short()+" "+c.Subject {
		t.Errorf("Subject = %q", c.Subject)
	}
}
