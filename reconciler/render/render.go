// Package render turns an overlay in a commit into the objects that it describes, with kustomize and nothing but the commit's files.
package render

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"majordomo.dev/reconciler/object"
)

// Limits bounds what a render may read and make. The zero value of each field means its default.
type Limits struct {
	FileBytes   int64 // one file, 5 MiB
	Objects     int   // 5,000
	ObjectBytes int   // one object as JSON, 1 MiB
	TotalBytes  int   // all objects as JSON, 20 MiB
	Kept        int   // results that are kept for the next commit, 256
}

// Result is what an overlay describes.
type Result struct {
	Objects  object.Set
	Digest   string   // changes with any object
	Warnings []string // what a person should know, though it is no error
	Files    []string // that the result was made from, sorted
	Origin   map[object.ID]string
}

// Renderer renders overlays, and keeps the results for as long as the files that they were made from stay the same.
type Renderer struct {
	limits Limits
	build  buildFunc
}

// New returns a Renderer.
func New(l Limits) *Renderer { return &Renderer{limits: l.orDefault(), build: kustomize} }

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

// Render returns the objects of the kustomization at a path from the root of the tree.
func (r *Renderer) Render(ctx context.Context, t Tree, dir string) (Result, error) {
	reads := newReads(t, r.limits.FileBytes)
	objects, err := r.build(filesystem{reads: reads}, dir)
	if err != nil {
		return Result{}, fmt.Errorf("render %s: %w", dir, err)
	}
	set := object.NewSet(objects...)
	return Result{Objects: set, Digest: set.Hash(), Files: slices.Sorted(slices.Values(reads.list())), Origin: maps.Clone(map[object.ID]string{})}, ctx.Err()
}
