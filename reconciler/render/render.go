// Package render turns an overlay in a commit into the objects that it describes, with kustomize and nothing but the commit's files.
//
// A render has three parts. The walk reads every file that the build will read, refuses what is not plain data of the tree, and hands
// what it checked on in a form that cannot be understood in two ways. The build is kustomize's own. The judgement holds the outcome
// against the limits and the rules for objects. Results are kept by what the build read: a commit that touches one overlay of fifty
// builds one.
package render

import (
	"context"
	"fmt"

	"majordomo.dev/reconciler/object"
)

// Limits bounds what a render may read and make. The zero value of each field means its default.
type Limits struct {
	FileBytes   int64 // one file, 5 MiB
	Objects     int   // 5,000
	ObjectBytes int   // one object as JSON, 1 MiB
	TotalBytes  int   // all objects as JSON, 20 MiB
	Kept        int   // overlays whose results are kept for the next commit, 256
}

func (l Limits) orDefault() Limits {
	set := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	if l.FileBytes == 0 {
		l.FileBytes = 5 << 20
	}
	set(&l.Objects, 5000)
	set(&l.ObjectBytes, 1<<20)
	set(&l.TotalBytes, 20<<20)
	set(&l.Kept, 256)
	return l
}

// Result is what an overlay describes. Several callers may hold the same one: do not change it.
type Result struct {
	Objects  object.Set
	Digest   string               // changes with any object
	Warnings []string             // what a person should know, though it is no error
	Files    []string             // from which the result was made, sorted
	Origin   map[object.ID]string // file:line that states the object, where it can be told
}

// Renderer renders overlays, and keeps results for as long as the files from which they were made stay the same. Any number of
// goroutines may use one.
type Renderer struct {
	limits  Limits
	build   buildFunc
	parsed  parsed
	results recent[string, *kept]
}

// kept is the outcome of a render, also a failed one, with what it read.
type kept struct {
	seen   map[string]string
	result Result
	err    error
}

// New returns a Renderer.
func New(l Limits) *Renderer { return &Renderer{limits: l.orDefault(), build: kustomize} }

// Render returns the objects of the kustomization in a folder, whose path is from the root of the tree. An overlay that describes no
// object is an error. When ctx ends, Render returns at once; a build that has begun ends by itself, and the next waits for it.
func (r *Renderer) Render(ctx context.Context, t Tree, dir string) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if k, ok := r.results.get(dir); ok && same(k.seen, t) {
		return k.result, k.err
	}
	reads := newReads(t, r.limits.FileBytes)
	result, err := r.render(ctx, reads, dir)
	if err != nil {
		err = fmt.Errorf("render %s: %w", dir, err)
	}
	if ctx.Err() == nil {
		r.results.put(dir, &kept{seen: reads.notes(), result: result, err: err}, (r.limits.Kept+1)/2)
	}
	return result, err
}

func (r *Renderer) render(ctx context.Context, reads *reads, dir string) (Result, error) {
	w := newWalker(reads, &r.parsed, r.limits)
	if err := w.walk(dir); err != nil {
		return Result{}, err
	}
	objects, err := r.run(ctx, w, dir)
	if err != nil {
		return Result{}, w.clean(err)
	}
	result, err := w.judge(objects)
	if err != nil || !w.unusual {
		return result, err
	}
	return result, r.again(ctx, w, dir, result.Digest)
}

// again builds a second time and compares. What plain overlays use of kustomize has no order of maps in it; replacements,
// transformers and configurations of custom kinds are less trodden paths, where a build that comes out differently every time would
// have majordomo write to the cluster for ever.
func (r *Renderer) again(ctx context.Context, w *walker, dir, digest string) error {
	objects, err := r.run(ctx, w, dir)
	if err != nil {
		return w.clean(err)
	}
	second, err := w.judge(objects)
	if err != nil {
		return err
	}
	if second.Digest != digest {
		return ErrUnstable
	}
	return nil
}

// Verify builds the overlay anew, whatever is kept, and compares it with an earlier result. It is for the moments when much depends on
// a result, such as before objects are pruned.
func (r *Renderer) Verify(ctx context.Context, t Tree, dir string, earlier Result) error {
	second, err := r.render(ctx, newReads(t, r.limits.FileBytes), dir)
	if err != nil {
		return fmt.Errorf("render %s again: %w", dir, err)
	}
	if second.Digest == earlier.Digest {
		return nil
	}
	for _, id := range second.Objects.IDs() {
		o, ok := earlier.Objects[id]
		if !ok || o.Hash() != second.Objects[id].Hash() {
			return fmt.Errorf("render %s: %w: %s differs", dir, ErrUnstable, id)
		}
	}
	return fmt.Errorf("render %s: %w", dir, ErrUnstable)
}
