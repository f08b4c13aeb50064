package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = ".."

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// files returns the paths of the files below a folder, relative to it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDistIsWhatTheSourcesGive(t *testing.T) {
	made, err := bundle(root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, text := range made {
		want[name] = hashed(name, text)
	}
	got := map[string]string{}
	if err := json.Unmarshal(read(t, root+"/dist/assets.json"), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("dist is not what the sources give: run make ui (-want +got):\n%s", diff)
	}
	for name, text := range made {
		r, err := gzip.NewReader(bytes.NewReader(read(t, root+"/dist/"+want[name]+".gz")))
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(r); err != nil || !bytes.Equal(unpacked, text) {
			t.Errorf("dist/%s.gz is not what the sources give (%v): run make ui", want[name], err)
		}
	}
	if n := len(files(t, root+"/dist")); n != len(made)+1 {
		t.Errorf("dist has %d files, want %d: run make ui", n, len(made)+1)
	}
}

func TestVendoredFilesAreThoseOfVendorSum(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(string(read(t, root+"/vendor.sum"))) {
		if f := strings.Fields(line); len(f) == 5 && f[0] != "#" {
			want[f[1]] = f[0]
		}
	}
	got := map[string]string{}
	for _, name := range files(t, root+"/vendor") {
		sum := sha256.Sum256(read(t, root+"/vendor/"+name))
		got[name] = hex.EncodeToString(sum[:])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("vendor is not what vendor.sum says (-vendor.sum +vendor):\n%s", diff)
	}
}

// The Content-Security-Policy of pages allows neither inline code and style nor a text that becomes HTML; and a page asks nobody but its own server.
func TestSourcesKeepToTheContentSecurityPolicy(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\b|new Function|javascript:|setAttribute\(\s*["']style|\bstyle="|https?://[a-z]`)
	for _, name := range files(t, root+"/src") {
		for i, line := range strings.Split(string(read(t, root+"/src/"+name)), "\n") {
			line = strings.ReplaceAll(line, "http://www.w3.org/2000/svg", "")
			if found := forbidden.FindString(line); found != "" {
				t.Errorf("src/%s:%d: %q is not allowed in a page: %s", name, i+1, found, strings.TrimSpace(line))
			}
		}
	}
}

func TestBadSourceNamesFileAndLine(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/src", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"jsx.ts": "export {};\n", "app.tsx": "const a = 1;\nconst a = 2;\n"} {
		if err := os.WriteFile(dir+"/src/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := bundle(dir)
	if err == nil || !strings.Contains(err.Error(), "bundle app.tsx: src/app.tsx:2: ") {
		t.Errorf("bundle of a bad source: %v, want an error that names src/app.tsx:2", err)
	}
}
