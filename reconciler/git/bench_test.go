package git

import (
	"fmt"
	"io/fs"
	"testing"

	"majordomo.dev/reconciler/git/gittest"
)

// overlays are the files of n environments.
func overlays(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		for j := range 20 {
			files[fmt.Sprintf("overlays/env-%02d/object-%02d.yaml", i, j)] = fmt.Sprintf("kind: ConfigMap\nmetadata: {name: c-%d-%d}\n", i, j)
		}
	}
	return files
}

func BenchmarkHeadLocal(b *testing.B) {
	r := gittest.NewRepo(b)
	r.Commit(overlays(1), "first")
	m := open(b, Options{URL: r.Dir})
	for b.Loop() {
		if _, err := m.Head(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func benchFetch(b *testing.B, o Options) {
	b.Helper()
	h, err := open(b, o).Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m, err := New(o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Fetch(b.Context(), h); err != nil {
			b.Fatal(err)
		}
		_ = m.Close()
	}
}

func BenchmarkFetch(b *testing.B) {
	for _, envs := range []int{1, 50} {
		r := gittest.NewRepo(b)
		r.Commit(overlays(envs), "first")
		web := gittest.ServeHTTP(b, r, gittest.HTTPOptions{})
		name := fmt.Sprintf("%d-files/", envs*20)
		b.Run(name+"local", func(b *testing.B) { benchFetch(b, Options{URL: r.Dir}) })
		b.Run(name+"http", func(b *testing.B) { benchFetch(b, Options{URL: web.URL}) })
	}
}

// BenchmarkFetchNext fetches a commit that changes one file of a thousand.
func BenchmarkFetchNext(b *testing.B) {
	r := gittest.NewRepo(b)
	first := r.Commit(overlays(50), "first")
	second := r.Commit(map[string]string{"overlays/env-07/object-03.yaml": "kind: Secret\n"}, "second")
	for b.Loop() {
		b.StopTimer()
		m := open(b, Options{URL: r.Dir})
		if _, err := m.Fetch(b.Context(), first); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := m.Fetch(b.Context(), second); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadFile(b *testing.B) {
	r := gittest.NewRepo(b)
	r.Commit(overlays(1), "first")
	for name, dir := range map[string]string{"memory": "", "disk": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			files := fetchHead(b, open(b, Options{URL: r.Dir, Dir: dir})).FS()
			for b.Loop() {
				if _, err := fs.ReadFile(files, "overlays/env-00/object-07.yaml"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
