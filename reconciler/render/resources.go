package render

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
)

// readResources follows the files and folders under resources and bases.
func (k *kustomization) readResources() {
	at := func(i int) []any { return []any{"resources", i} }
	entries := k.spec.Resources
	k.spec.Resources = nil
	for i, entry := range entries {
		k.readResource(entry, at(i)...)
	}
	for i, entry := range k.spec.Bases {
		k.readResource(entry, "bases", i)
	}
	k.spec.Bases = nil
	k.refuseTwice()
}

func (k *kustomization) readResource(entry string, at ...any) {
	p, ok := k.local(entry, at...)
	if !ok {
		return
	}
	switch k.reads.at(p) {
	case absent:
		k.refuse(at, "%s", k.reads.missing(p, "there is no such file or folder"))
		return
	case folder:
		k.readFolder(p, types.KustomizationKind, at)
	default:
		if p, ok = k.localFile(entry, at...); !ok {
			return
		}
		k.readObjects(p, at)
	}
	k.spec.Resources = append(k.spec.Resources, k.relativeTo(p))
}

func (k *kustomization) readComponents() {
	for i, entry := range k.spec.Components {
		p, ok := k.local(entry, "components", i)
		if !ok {
			continue
		}
		if k.reads.at(p) != folder {
			k.refuse([]any{"components", i}, "%s", k.reads.missing(p, "there is no such folder"))
			continue
		}
		k.readFolder(p, types.ComponentKind, []any{"components", i})
		k.spec.Components[i] = k.relativeTo(p)
	}
}

func (k *kustomization) readFolder(p, kind string, at []any) {
	if slices.Contains(k.open, p) {
		k.refuse(at, "%s uses this kustomization, so each would be part of the other", p)
		return
	}
	l := k.visit(p, kind)
	if n := len(k.sources) + len(l.sources); n > k.limits.Objects {
		k.refuse(at, "with %s the overlay describes %d objects; allowed are %d", p, n, k.limits.Objects)
		return
	}
	k.sources = append(k.sources, l.sources...)
	k.loose = k.loose || l.loose || kind == types.ComponentKind
}

func (k *kustomization) readObjects(p string, at []any) {
	f, err := k.parsed.objects(k.reads, p)
	if err != nil {
		k.fail(err)
		return
	}
	if f.kustomization {
		k.refuse(at, "%s is a kustomization; list its folder", p)
		return
	}
	if n := len(k.sources) + len(f.sources); n > k.limits.Objects {
		k.refuse(at, "with %s the overlay describes %d objects; allowed are %d", p, n, k.limits.Objects)
		return
	}
	k.checked[p] = f.json
	k.secrets = append(k.secrets, f.secrets...)
	k.sources = append(k.sources, f.sources...)
	k.stated = append(k.stated, f.sources...)
}

// refuseTwice finds two statements of one object with the places of both; kustomize would name neither.
func (k *kustomization) refuseTwice() {
	first := map[object.ID]source{}
	for _, s := range k.sources {
		before, ok := first[s.id]
		if ok && len(s.names) == 1 && len(before.names) == 1 && len(s.spaces) == 1 && len(before.spaces) == 1 && s.version == before.version {
			k.fail(fmt.Errorf("%s: %s is there twice, first at %s; keep one", s.place, s.id, before.place))
		}
		first[s.id] = s
	}
}
