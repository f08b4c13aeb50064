package render

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// judge holds what a build made against the limits and the rules for objects.
func (w *walker) judge(objects []object.Object) (Result, error) {
	l := w.limits
	switch n := len(objects); {
	case n == 0:
		return Result{}, errors.New("the overlay describes no objects; an environment without any would have all of them removed, so this is refused")
	case n > l.Objects:
		return Result{}, fmt.Errorf("the overlay describes %d objects; allowed are %d", n, l.Objects)
	}
	r := Result{Objects: make(object.Set, len(objects)), Files: w.reads.sortedFiles(), Origin: map[object.ID]string{}}
	var errs []error
	places := w.places()
	hashes := make(map[object.ID][]byte, len(objects))
	total := 0
	for _, o := range objects {
		id := o.ID()
		place := places.of(o)
		in := func(format string, args ...any) error {
			return fmt.Errorf("%s%s: %s", prefix(place), id, fmt.Sprintf(format, args...))
		}
		data := encode(o)
		size, sum := len(data), sha256.Sum256(data)
		hashes[id] = sum[:]
		total += size
		problems, warnings := yaml.Check(o)
		for _, p := range problems {
			errs = append(errs, in("%s", p))
		}
		for _, p := range warnings {
			w.warn(in("%s", p))
		}
		_, twice := r.Objects[id]
		switch problem := scopeProblem(id); {
		case problem != "":
			errs = append(errs, in("%s", problem))
		case twice:
			errs = append(errs, in("is there twice, perhaps with two API versions; keep one"))
		case size > l.ObjectBytes:
			errs = append(errs, in("is %d bytes; allowed are %d", size, l.ObjectBytes))
		}
		r.Objects[id] = o
		if place != "" {
			r.Origin[id] = place
		}
	}
	if total > l.TotalBytes {
		errs = append(errs, fmt.Errorf("the overlay describes %d bytes of objects; allowed are %d", total, l.TotalBytes))
	}
	if err := yaml.Join(errs...); err != nil {
		return Result{}, err
	}
	r.Digest, r.Warnings = digest(r.Objects, hashes), slices.Clone(w.warnings)
	return r, nil
}

func digest(set object.Set, hashes map[object.ID][]byte) string {
	h := sha256.New()
	for _, id := range set.IDs() {
		_, _ = h.Write(hashes[id])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func prefix(place string) string {
	if place == "" {
		return ""
	}
	return place + ": "
}

// places finds where objects were stated.
type places map[object.ID][]source

// places indexes the sources by group and kind.
func (w *walker) places() places {
	p := places{}
	for _, s := range w.stated {
		key := object.ID{Group: s.id.Group, Kind: s.id.Kind}
		p[key] = append(p[key], s)
	}
	return p
}

// of returns the place of the source with the longest name in the object's name: kustomize adds prefixes, suffixes and hashes. Where
// two fit as well, in two files, there is no telling.
func (p places) of(o object.Object) string {
	id := o.ID()
	best, longest := "", -1
	for _, s := range p[object.ID{Group: id.Group, Kind: id.Kind}] {
		if !strings.Contains(id.Name, s.id.Name) {
			continue
		}
		switch n := len(s.id.Name); {
		case n > longest:
			best, longest = s.place, n
		case n == longest && best != s.place:
			best = ""
		}
	}
	return best
}
