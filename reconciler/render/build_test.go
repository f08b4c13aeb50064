package render

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"majordomo.dev/reconciler/object"
)

func TestPanicIsAnError(t *testing.T) {
	r := New(Limits{})
	r.build = func(filesystem, string) ([]object.Object, error) { panic("index out of range") }
	_, err := r.Render(t.Context(), three(), "e0")
	if err == nil || !strings.Contains(err.Error(), "kustomize panicked: index out of range") {
		t.Errorf("error %v", err)
	}
	r.build = kustomize
	if _, err := r.Render(t.Context(), three(), "e1"); err != nil {
		t.Errorf("after the panic: %v", err)
	}
}

// unsteady builds something else each time.
func unsteady() buildFunc {
	var n atomic.Int32
	return func(f filesystem, dir string) ([]object.Object, error) {
		objects, err := kustomize(f, dir)
		for _, o := range objects {
			o.SetAnnotation("n", fmt.Sprint(n.Add(1)))
		}
		return objects, err
	}
}

func TestUnstable(t *testing.T) {
	m := three()
	m.put("e0/kustomization.yaml", head+"resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: s, fieldPath: data.level}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.copy]\n    options: {create: true}\n")
	t.Run("a build with unusual features is done twice", func(t *testing.T) {
		r := New(Limits{})
		r.build = unsteady()
		if _, err := r.Render(t.Context(), m, "e0"); !errors.Is(err, ErrUnstable) {
			t.Errorf("error %v, want %v", err, ErrUnstable)
		}
		if _, err := New(Limits{}).Render(t.Context(), m, "e0"); err != nil {
			t.Errorf("a steady build: %v", err)
		}
	})
	t.Run("a plain build is compared when much depends on it", func(t *testing.T) {
		r := New(Limits{})
		first, err := r.Render(t.Context(), m, "e1")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Verify(t.Context(), m, "e1", first); err != nil {
			t.Errorf("Verify of a steady build = %v", err)
		}
		r.build = unsteady()
		err = r.Verify(t.Context(), m, "e1", first)
		if !errors.Is(err, ErrUnstable) || !strings.Contains(err.Error(), "ConfigMap e1/s differs") {
			t.Errorf("Verify of an unsteady build = %v", err)
		}
	})
}

func TestCancelReturnsAtOnceAndLeavesOneBuild(t *testing.T) {
	defer goleak.VerifyNone(t)
	r, running, release := New(Limits{}), &atomic.Int32{}, make(chan struct{})
	started := make(chan struct{}, 10)
	r.build = func(f filesystem, dir string) ([]object.Object, error) {
		running.Add(1)
		defer running.Add(-1)
		started <- struct{}{}
		<-release
		return kustomize(f, dir)
	}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 5)
	for i := range cap(results) {
		go func() {
			_, err := r.Render(ctx, three(), fmt.Sprintf("e%d", i%3))
			results <- err
		}()
	}
	<-started
	cancel()
	for range cap(results) {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	}
	if n := running.Load(); n > 1 {
		t.Errorf("%d builds go on, want at most 1", n)
	}
	close(release)
	if _, err := r.Render(t.Context(), three(), "e0"); err != nil {
		t.Errorf("after the cancellation: %v", err)
	}
}

func TestParallelRendersAgree(t *testing.T) {
	r, m := New(Limits{}), three()
	want := map[string]string{}
	for i := range 3 {
		dir := fmt.Sprintf("e%d", i)
		got, err := New(Limits{}).Render(t.Context(), m, dir)
		if err != nil {
			t.Fatal(err)
		}
		want[dir] = got.Digest
	}
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			dir := fmt.Sprintf("e%d", i%3)
			if got, err := r.Render(t.Context(), m, dir); err != nil || got.Digest != want[dir] {
				t.Errorf("%s: digest %s, error %v; want %s", dir, got.Digest, err, want[dir])
			}
			if i%5 == 0 { // other renderers share kustomize's global state
				if _, err := New(Limits{}).Render(t.Context(), m, dir); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestRefusedSchemaLeavesNoTrace proves that a tree that asks for another schema does not change what later trees are built to.
func TestRefusedSchemaLeavesNoTrace(t *testing.T) {
	before, err := New(Limits{}).Render(t.Context(), three(), "e0")
	if err != nil {
		t.Fatal(err)
	}
	m := three()
	m.put("base/kustomization.yaml", head+"openapi: {path: schema.json}\nresources: [s.yaml]\n")
	m.put("base/schema.json", `{"definitions": {}}`)
	if _, err := New(Limits{}).Render(t.Context(), m, "e0"); err == nil {
		t.Fatal("openapi was taken")
	}
	after, err := New(Limits{}).Render(t.Context(), three(), "e0")
	if err != nil || after.Digest != before.Digest {
		t.Errorf("digest %s, error %v; want %s", after.Digest, err, before.Digest)
	}
}
