package render

import (
	"bytes"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// readPatches checks the patches, first those of deprecated fields, and that each has something to change.
func (k *kustomization) readPatches() {
	s := &k.spec
	var all []types.Patch
	for i, text := range s.PatchesStrategicMerge {
		p := types.Patch{Path: string(text)}
		if inline(string(text)) {
			p = types.Patch{Patch: string(text)}
		}
		all = append(all, k.readPatch(p, "patchesStrategicMerge", i))
	}
	for i, p := range s.PatchesJson6902 {
		all = append(all, k.readPatch(p, "patchesJson6902", i))
	}
	for i, p := range s.Patches {
		all = append(all, k.readPatch(p, "patches", i))
	}
	s.Patches, s.PatchesStrategicMerge, s.PatchesJson6902 = all, nil, nil
}

// inline tells YAML written in place from the path of a file.
func inline(text string) bool { return strings.Contains(text, "\n") || strings.HasPrefix(text, "{") }

func (k *kustomization) readPatch(p types.Patch, at ...any) types.Patch {
	name, data := k.name, []byte(p.Patch)
	switch {
	case p.Path != "" && p.Patch != "":
		k.refuse(at, "has path and patch; keep one")
		return p
	case p.Path != "":
		file, ok := k.localFile(p.Path, append(at, "path")...)
		if !ok {
			return p
		}
		content, err := k.reads.read(file)
		if err != nil {
			k.refuse(at, "%v", err)
			return p
		}
		name, data, p.Path = file, content, k.relativeTo(file)
	case strings.TrimSpace(p.Patch) == "":
		k.refuse(at, "has no path and no patch; one is needed")
		return p
	}
	values, err := yaml.Values(name, data, yaml.Limits{Bytes: int(k.reads.limit)})
	if err != nil {
		k.refuse(at, "%v", k.inlineProblem(name, err))
		return p
	}
	if text := k.checkPatch(values, p, name, at); p.Path != "" {
		k.checked[name] = text
	} else {
		p.Patch = string(text)
	}
	k.checkTarget(p.Target, at)
	return p
}

// inlineProblem tells that the line of a problem counts from the start of an inline patch.
func (k *kustomization) inlineProblem(name string, err error) error {
	for _, e := range yaml.Errors(err) {
		if name == k.name {
			e.File = "patch"
		}
	}
	return err
}

// checkPatch checks the documents of a patch and returns them in plain form.
func (k *kustomization) checkPatch(values []yaml.Value, p types.Patch, name string, at []any) []byte {
	if len(values) == 0 {
		k.refuse(at, "%s: the patch is empty", name)
	}
	k.loose = k.loose || p.Options != nil && (p.Options.AllowNameChange || p.Options.AllowKindChange)
	var docs [][]byte
	for _, v := range values {
		switch doc := v.Value.(type) {
		case []any:
			k.checkOperations(doc, p, name, v.Line, at)
		case map[string]any:
			k.checkMerge(doc, name, v.Line, at)
		default:
			k.refuse(at, "%s:%d: is neither a part of an object nor a list of JSON patch operations", name, v.Line)
		}
		docs = append(docs, encode(v.Value))
	}
	return bytes.Join(docs, []byte("---\n"))
}

func (k *kustomization) checkMerge(doc map[string]any, name string, line int, at []any) {
	o := object.Object(doc)
	if o.Kind() == "" || o.ID().Name == "" {
		k.refuse(at, "%s:%d: a patch names its object by kind and metadata.name; where target names it, any will do", name, line)
	}
	if where := nullEntry(doc, ""); where != "" {
		k.refuse(at, "%s:%d: %s is an empty list entry", name, line, where)
	}
	if o.Kind() == "Secret" {
		k.secrets = append(k.secrets, o)
	}
}

func (k *kustomization) checkOperations(ops []any, p types.Patch, name string, line int, at []any) {
	if p.Target == nil {
		k.refuse(at, "%s:%d: a JSON patch needs a target, which names the objects that it changes", name, line)
	}
	for i, e := range ops {
		op, _ := e.(map[string]any)
		verb, _ := op["op"].(string)
		where, hasPath := op["path"].(string)
		if !slices.Contains([]string{"add", "remove", "replace", "move", "copy", "test"}, verb) || !hasPath {
			k.refuse(at, "%s:%d: operation %d needs op (add, remove, replace, move, copy or test) and path", name, line, i)
		}
		named := strings.HasPrefix(where, "/metadata/labels") || strings.HasPrefix(where, "/metadata/annotations")
		k.loose = k.loose || strings.HasPrefix(where, "/metadata") && !named || where == "/kind" || where == ""
	}
}

// checkTarget refuses a target that no object can match; kustomize would build without a word, and the patch would be missing.
func (k *kustomization) checkTarget(target *types.Selector, at []any) {
	if target == nil {
		return
	}
	r, err := types.NewSelectorRegex(target)
	if err != nil {
		k.refuse(append(at, "target"), "%v", err)
		return
	}
	if k.loose || k.spec.Kind == types.ComponentKind {
		return // names may have changed on the way, or are the user's of the component
	}
	matches := func(s source) bool {
		gvk := target.Gvk
		gvk.Group, gvk.Version, gvk.Kind = s.id.Group, s.version, s.id.Kind
		return r.MatchGvk(gvk) && slices.ContainsFunc(s.names, r.MatchName) && slices.ContainsFunc(s.spaces, func(ns string) bool {
			if ns == "" {
				ns = "default" // as kustomize has it
			}
			return r.MatchNamespace(ns)
		})
	}
	if !slices.ContainsFunc(k.sources, matches) {
		k.refuse(append(at, "target"), "matches no object of this kustomization (kind %q, name %q)", target.Kind, target.Name)
	}
}
