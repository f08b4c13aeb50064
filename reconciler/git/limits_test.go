package git

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"majordomo.dev/reconciler/git/gittest"
)

func TestLimitsAreNamed(t *testing.T) {
	r := gittest.NewRepo(t)
	random := make([]byte, 200_000)
	_, _ = rand.Read(random)
	r.Commit(map[string]string{
		"random": string(random), "zeros": strings.Repeat("\x00", 300_000),
		"d/e/e/p/e/r/and/d/e/e/p/e/r/x": "1", strings.Repeat("long/", 50) + "x": "2",
	}, "first")
	r.Commit(overlays(2), "second")
	for name, o := range remotes(t, r) {
		for _, tt := range []struct {
			limits Limits
			reason Reason
			want   string
		}{
			{Limits{Pack: 100_000}, PackTooLarge, "97.66 KiB (limits.pack)"},
			{Limits{Unpacked: 100_000}, PackTooLarge, "97.66 KiB (limits.unpacked)"},
			{Limits{Files: 40}, TooManyFiles, "40 "},
			{Limits{TreeDepth: 10}, BadPath, "10 directories deep (limits.treeDepth)"},
			{Limits{PathLength: 60}, BadPath, "60 bytes (limits.pathLength)"},
		} {
			for _, dir := range []string{"", t.TempDir()} {
				o.Limits, o.Dir = tt.limits, dir
				m := open(t, o)
				_, err := m.Fetch(t.Context(), r.Head())
				if name == "local" && tt.limits.Pack > 0 {
					continue // nothing is sent
				}
				if ReasonOf(err) != tt.reason || !strings.Contains(err.Error(), tt.want) || m.Last() != nil {
					t.Errorf("%s %+v: %v, want %s naming %q", name, tt.limits, err, tt.reason, tt.want)
				}
				_ = m.Close()
			}
		}
	}
}

func TestFileTooLargeIsRefusedWhereItIs(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"ok.yaml": "ok", "large.bin": strings.Repeat("z", 200_000), "other/large.bin": strings.Repeat("y", 100_000)}, "first")
	for name, o := range remotes(t, r) {
		for _, dir := range []string{"", t.TempDir()} {
			o.Dir, o.Limits.File = dir, 64*KiB
			m := open(t, o)
			check := func(c *Commit) {
				t.Helper()
				_, err := fs.ReadFile(c.FS(), "large.bin")
				wantReason(t, err, FileTooLarge)
				if !strings.Contains(err.Error(), `"large.bin"`) || !strings.Contains(err.Error(), "64 KiB (limits.file)") {
					t.Errorf("%s: error %q names no file or limit", name, err)
				}
				if b, err := fs.ReadFile(c.FS(), "ok.yaml"); err != nil || string(b) != "ok" {
					t.Errorf("%s: beside it: %q, %v", name, b, err)
				}
				if entries, err := fs.ReadDir(c.FS(), "."); err != nil || len(entries) < 3 {
					t.Errorf("%s: ReadDir = %v, %v", name, entries, err)
				}
			}
			check(fetchHead(t, m))
			r.Commit(map[string]string{"next": name + dir}, "next")
			check(fetchHead(t, m))
			_ = m.Close()
			if dir != "" {
				check(open(t, o).Last())
			}
		}
	}
}

// TestTreeBomb: ten levels of ten names for the same tree below make ten thousand million paths out of eleven objects.
func TestTreeBomb(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	tree := r.Git("rev-parse", "main^{tree}")
	for range 10 {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, "40000 %d\x00%s", i, unhex(tree))
		}
		tree = r.Raw("tree", []byte(b.String()))
	}
	r.CommitTree(tree)
	for name, o := range remotes(t, r) {
		_, err := open(t, o).Fetch(t.Context(), r.Head())
		if got := ReasonOf(err); got != TooManyFiles {
			t.Errorf("%s: %v, want TooManyFiles", name, err)
		}
	}
}

// TestLinkBomb: links that lead to one another many times over.
func TestLinkBomb(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"d/x": "1"}, "first")
	for i := range 30 {
		r.Link(fmt.Sprintf("d/l%d", i), strings.Repeat(fmt.Sprintf("../d/l%d/", i+1), 3)+".")
	}
	r.Link("d/l30", ".")
	c := fetchHead(t, open(t, Options{URL: r.Dir}))
	_, err := fs.ReadFile(c.FS(), "d/l0/x")
	wantReason(t, err, SymlinkLoop)
}

func TestTooManyRefs(t *testing.T) {
	r := gittest.NewRepo(t)
	h := r.Commit(map[string]string{"a": "1"}, "first")
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	var refs strings.Builder
	for i := range 10_000 {
		line := fmt.Sprintf("%s refs/tags/t%d\n", h, i)
		fmt.Fprintf(&refs, "%04x%s", len(line)+4, line)
	}
	web.Fault(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			first := h + " refs/heads/main\x00side-band-64k shallow\n"
			fmt.Fprintf(w, "001e# service=git-upload-pack\n0000%04x%s%s0000", len(first)+4, first, refs.String())
		})
	})
	if got, err := open(t, Options{URL: web.URL}).Head(t.Context()); err != nil || got != h {
		t.Errorf("Head among 10,001 refs = %s, %v", got, err)
	}
	_, err := open(t, Options{URL: web.URL, Limits: Limits{Refs: 10_000}}).Head(t.Context())
	wantReason(t, err, TooManyRefs)
}

// TestHugeFileCostsNoMemory fetches a file of 64 MiB of zeros, a pack of 64 KiB.
func TestHugeFileCostsNoMemory(t *testing.T) {
	web := servePack(t, func(w *packWriter) {
		w.huge(64 * MiB)
	})
	m := open(t, Options{URL: web.URL, Limits: Limits{Unpacked: GiB}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h, err := m.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Fetch(t.Context(), h)
	runtime.ReadMemStats(&after)
	wantReason(t, err, Corrupt) // the pack holds nothing else
	if got := Bytes(after.TotalAlloc - before.TotalAlloc); got > 32*MiB {
		t.Errorf("fetching allocated %s", got)
	}
	_, err = open(t, Options{URL: web.URL, Limits: Limits{Unpacked: 32 * MiB}}).Fetch(t.Context(), h)
	wantReason(t, err, PackTooLarge)
}
