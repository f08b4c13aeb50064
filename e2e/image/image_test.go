package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func built(t *testing.T) (dir, digest string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "image")
	digest, err := build(t.Context(), options{
		source: "./testdata/program", out: dir, tag: "majordomo.dev/majordomo:0.1.0", platforms: []string{"linux/amd64", "linux/arm64"},
		commit: commit{hash: "0123456789abcdef", time: time.Unix(1795220000, 0).UTC()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir, digest
}

func TestTheSameCommitGivesTheSameBytes(t *testing.T) {
	first, a := built(t)
	second, b := built(t)
	if a != b {
		t.Errorf("index %s, then %s", a, b)
	}
	for _, name := range []string{"majordomo-linux-amd64.tar", "majordomo-linux-arm64.spdx.json", "index.json"} {
		x, errX := os.ReadFile(filepath.Join(first, name))
		y, errY := os.ReadFile(filepath.Join(second, name))
		if err := errors.Join(errX, errY); err != nil || !slices.Equal(x, y) {
			t.Errorf("%s differs between two builds (%v)", name, err)
		}
	}
}

func TestTheImageIsStaticAndRunsAsNobody(t *testing.T) {
	dir, _ := built(t)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index, validate.Fast); err != nil {
		t.Errorf("the layout is not valid: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, d := range manifest.Manifests {
		if d.Platform == nil {
			continue
		}
		platforms = append(platforms, d.Platform.String())
		image, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Config.User != "65532:65532" || config.Architecture != d.Platform.Architecture {
			t.Errorf("%s runs as %q on %s, want 65532:65532", d.Platform, config.Config.User, config.Architecture)
		}
		want := []string{
			"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt", "licenses/go@" + strings.TrimPrefix(runtime.Version(), "go") + "/LICENSE",
			"licenses/github.com/google/go-cmp@v0.7.0/LICENSE", "majordomo",
		}
		if got := contents(t, image); !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v: no shell, no package manager", d.Platform, got, want)
		}
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("platforms %v, want %v", platforms, want)
	}
}

// contents lists the files of an image, each of which has to be root's, with no right to write.
func contents(t *testing.T, image v1.Image) []string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Mode&0o222 != 0 || h.Uid != 0 || h.Gid != 0 {
				t.Errorf("%s has mode %o and owner %d:%d", h.Name, h.Mode, h.Uid, h.Gid)
			}
			if h.Typeflag == tar.TypeReg {
				names = append(names, h.Name)
			}
			if h.Name == "majordomo" {
				withoutLoader(t, tr)
			}
		}
	}
	return names
}

// withoutLoader fails the test if a program needs a loader or a library of the system that it runs on.
func withoutLoader(t *testing.T, program io.Reader) {
	t.Helper()
	data, err := io.ReadAll(program)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %s: it is not static", p.Type)
		}
	}
}

func TestTheListNamesEveryModule(t *testing.T) {
	dir, _ := built(t)
	data, err := os.ReadFile(filepath.Join(dir, "majordomo-linux-amd64.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc spdx
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	found := slices.ContainsFunc(doc.Packages, func(p spdxPackage) bool {
		return p.Name == "github.com/google/go-cmp" && strings.HasPrefix(p.Version, "v0.") && len(p.Checksums) == 1
	})
	if !found || len(doc.Relationships) != len(doc.Packages) {
		t.Errorf("packages %+v, want go-cmp with its version and sum", doc.Packages)
	}
}

func TestWhatHasNoLicenceIsNotShipped(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"license.go", "README"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := texts(dir, "licenses/m@v1"); err == nil || !strings.Contains(err.Error(), "licenses/m@v1: there is no licence in ") {
		t.Errorf("texts = %v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE.txt"), []byte("MIT"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := texts(dir, "licenses/m@v1")
	if err != nil || len(got) != 1 || got[0].name != "licenses/m@v1/LICENSE.txt" || string(got[0].data) != "MIT" {
		t.Errorf("texts = %v, %v", got, err)
	}
}

func TestOptionsThatCannotBeBuilt(t *testing.T) {
	good := options{source: "./testdata/program", out: filepath.Join(t.TempDir(), "x"), tag: "majordomo.dev/majordomo:1", platforms: []string{"linux/amd64"}}
	for want, change := range map[string]func(*options){
		"linux/ARCHITECTURE is needed": func(o *options) { o.platforms = []string{"windows/amd64"} },
		"--tag":                        func(o *options) { o.tag = "Not A Tag" },
		"go build for linux/amd64":     func(o *options) { o.source = "./testdata/none" },
	} {
		o := good
		change(&o)
		if _, err := build(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
		if _, err := os.Stat(o.out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something was written", want)
		}
	}
}
