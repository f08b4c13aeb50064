package render

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"majordomo.dev/reconciler/object"
)

const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"

func settings(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: jenkins}\ndata: {level: info}\n"
}

// counted returns a renderer that counts its builds.
func counted() (*Renderer, *atomic.Int32) {
	r, n := New(Limits{}), &atomic.Int32{}
	r.build = func(f filesystem, dir string) ([]object.Object, error) {
		n.Add(1)
		return kustomize(f, dir)
	}
	return r, n
}

func three() memory {
	m := tree("base/kustomization.yaml", head+"resources: [s.yaml]\n", "base/s.yaml", settings("s"), "README.md", "hello\n")
	for i := range 3 {
		m.put(fmt.Sprintf("e%d/kustomization.yaml", i), head+fmt.Sprintf("resources: [../base]\nnamespace: e%d\n", i))
	}
	return m
}

func TestOneTouchedOverlayIsOneBuild(t *testing.T) {
	cases := []struct {
		name   string
		change func(m memory)
		builds int32
	}{
		{"nothing", func(memory) {}, 0},
		{"a file that no overlay reads", func(m memory) { m.put("README.md", "x") }, 0},
		{"one overlay", func(m memory) {
			m.put("e1/kustomization.yaml", head+"resources: [../base]\nnamespace: e1\nnamePrefix: a-\n")
		}, 1},
		{"the base", func(m memory) { m.put("base/s.yaml", settings("t")) }, 3},
		{"an overlay that is gone", func(m memory) { delete(m.files, "e1/kustomization.yaml") }, 0},
		{"a second kustomization file in the base", func(m memory) { m.put("base/kustomization.yml", head) }, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, n := counted()
			render := func(m memory) (digests []string) {
				for i := range 3 {
					got, err := r.Render(t.Context(), m, fmt.Sprintf("e%d", i))
					digests = append(digests, fmt.Sprint(got.Digest, err))
				}
				return digests
			}
			before := render(three())
			n.Store(0)
			m := three()
			c.change(m)
			after := render(m)
			if got := n.Load(); got != c.builds {
				t.Errorf("%d builds, want %d", got, c.builds)
			}
			fresh, _ := counted()
			r = fresh
			if want := render(m); !slices.Equal(after, want) {
				t.Errorf("kept results %v, a fresh renderer gives %v (before: %v)", after, want, before)
			}
		})
	}
}

func TestFailuresAreKept(t *testing.T) {
	r, n := counted()
	m := three()
	m.put("e0/kustomization.yaml", head+"resources: [../base]\npatches:\n- patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: none}}\n")
	for range 3 {
		if _, err := r.Render(t.Context(), m, "e0"); err == nil {
			t.Fatal("rendered")
		}
	}
	if n.Load() != 1 {
		t.Errorf("%d builds of the same broken tree, want 1", n.Load())
	}
	if _, err := r.Render(t.Context(), three(), "e0"); err != nil {
		t.Errorf("the repaired tree: %v", err)
	}
}

func TestKeptResultsAreBounded(t *testing.T) {
	r := New(Limits{Kept: 4})
	for i := range 50 {
		m := tree(fmt.Sprintf("o%d/kustomization.yaml", i), head+"resources: [s.yaml]\n", fmt.Sprintf("o%d/s.yaml", i), settings("s"))
		if _, err := r.Render(t.Context(), m, fmt.Sprintf("o%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.results.young) + len(r.results.old); n > 4 {
		t.Errorf("%d results are kept, want at most 4", n)
	}
}
