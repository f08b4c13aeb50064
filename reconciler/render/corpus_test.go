package render

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"golang.org/x/tools/txtar"

	"majordomo.dev/reconciler/object"
)

// memory is a tree in memory.
type memory struct{ files fstest.MapFS }

func (m memory) FS() fs.FS { return m.files }

func (m memory) Blob(p string) (string, bool) {
	f, ok := m.files[p]
	if !ok {
		return "", false
	}
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:]), true
}

func (m memory) put(name, text string) { m.files[name] = &fstest.MapFile{Data: []byte(text)} }

func treeOf(a *txtar.Archive) memory {
	m := memory{fstest.MapFS{}}
	for _, f := range a.Files {
		m.put(f.Name, string(f.Data))
	}
	return m
}

// tree makes a tree of names and texts.
func tree(files ...string) memory {
	m := memory{fstest.MapFS{}}
	for i := 0; i < len(files); i += 2 {
		m.put(files[i], files[i+1])
	}
	return m
}

// corpus calls a test for each archive of a folder with the lines that begin with want.
func corpus(t *testing.T, folder string, test func(t *testing.T, m memory, want []string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in %s: %v", folder, err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { test(t, treeOf(a), wants(a)) })
	}
}

func wants(a *txtar.Archive) []string {
	var out []string
	for line := range strings.Lines(string(a.Comment)) {
		if text, ok := strings.CutPrefix(line, "want: "); ok {
			out = append(out, strings.TrimRight(text, "\n"))
		}
	}
	return out
}

// canary stands in every place of the corpus that is secret.
const canary = "canary-"

func TestRefuse(t *testing.T) {
	corpus(t, "refuse", func(t *testing.T, m memory, want []string) {
		got, err := New(Limits{}).Render(t.Context(), m, "overlay")
		if err == nil {
			t.Fatalf("rendered %v, want an error with %q", got.Objects.IDs(), want)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error\n%v\nlacks\n%s", err, w)
			}
		}
		if len(want) == 0 || strings.Contains(err.Error(), canary) {
			t.Errorf("the test wants nothing, or the error shows a secret: %v", err)
		}
	})
}

func TestWarn(t *testing.T) {
	corpus(t, "warn", func(t *testing.T, m memory, want []string) {
		got, err := New(Limits{}).Render(t.Context(), m, "overlay")
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(got.Warnings, "\n")
		for _, w := range want {
			if !strings.Contains(all, w) {
				t.Errorf("warnings\n%s\nlack\n%s", all, w)
			}
		}
		if strings.Contains(all, canary) {
			t.Errorf("a warning shows a secret: %s", all)
		}
	})
}

var update = flag.Bool("update", false, "write what is rendered into testdata/render")

func TestRender(t *testing.T) {
	files, err := filepath.Glob("testdata/render/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			const name = "want.yaml"
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
			if i < 0 {
				i = len(a.Files)
				a.Files = append(a.Files, txtar.File{Name: name})
			}
			got, err := New(Limits{}).Render(t.Context(), treeOf(a), "overlay")
			if err != nil {
				t.Fatal(err)
			}
			text := YAML(got.Objects)
			if *update {
				a.Files[i].Data = text
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Files[i].Data), string(text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// sameAsKustomize proves that the form in which kustomize is given the files changes nothing: it makes the same of the files themselves.
func sameAsKustomize(t *testing.T, tree Tree, dir string) {
	t.Helper()
	got, err := New(Limits{}).Render(t.Context(), tree, dir)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kustomize(filesystem{reads: newReads(tree, 5<<20)}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(object.NewSet(objects...), got.Objects); diff != "" {
		t.Errorf("%s (-kustomize +render):\n%s", dir, diff)
	}
}

func TestCheckedFormBuildsTheSame(t *testing.T) {
	for _, folder := range []string{"render", "warn"} {
		corpus(t, folder, func(t *testing.T, m memory, _ []string) { sameAsKustomize(t, m, "overlay") })
	}
}
