package render

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// transformers are the built-in ones that read no files. Those that do have fields of their own in a kustomization.
var transformers = []string{
	"AnnotationsTransformer", "HashTransformer", "ImageTagTransformer", "LabelTransformer", "NamespaceTransformer",
	"PrefixTransformer", "ReplicaCountTransformer", "SuffixTransformer",
}

// readTransformers lets built-in transformers pass. Everything else under these fields is a program: an executable, a container, a
// Starlark script or a Go plugin.
func (k *kustomization) readTransformers() {
	const why = "is not allowed: it runs programs (executables, containers, Starlark, Go plugins)"
	if k.spec.Generators != nil {
		k.refuse([]any{"generators"}, why+"; use configMapGenerator and secretGenerator, or commit what it makes")
		k.spec.Generators = nil
	}
	if k.spec.Validators != nil {
		k.refuse([]any{"validators"}, why+"; validate in the repository's own checks")
		k.spec.Validators = nil
	}
	for i, entry := range k.spec.Transformers {
		k.unusual, k.loose = true, true
		k.spec.Transformers[i] = k.readTransformer(entry, "transformers", i)
	}
}

func (k *kustomization) readTransformer(entry string, at ...any) string {
	name, data := k.name, []byte(entry)
	if !inline(entry) {
		p, ok := k.localFile(entry, at...)
		if !ok {
			return ""
		}
		content, err := k.reads.read(p)
		if err != nil {
			k.refuse(at, "%v", err)
			return ""
		}
		name, data = p, content
	}
	docs, err := yaml.Parse(name, data, yaml.Limits{})
	if err != nil {
		k.refuse(at, "%v", k.inlineProblem(name, err))
		return ""
	}
	var out strings.Builder
	for _, d := range docs {
		k.checkTransformer(d.Object, at)
		out.WriteString("---\n" + string(encode(d.Object)))
	}
	return out.String()
}

func (k *kustomization) checkTransformer(o object.Object, at []any) {
	switch {
	case o.Annotation("config.kubernetes.io/function") != "":
		k.refuse(at, "%s has the annotation config.kubernetes.io/function, which runs a program; allowed are built-in transformers", o.Kind())
	case o.APIVersion() != "builtin" || !slices.Contains(transformers, o.Kind()):
		k.refuse(at, "%s %s runs a program or reads files; allowed are apiVersion builtin with %s", o.APIVersion(), o.Kind(), strings.Join(transformers, ", "))
	}
}

// readReplacements takes replacements from their files into the kustomization.
func (k *kustomization) readReplacements() {
	var all []types.ReplacementField
	for i, r := range k.spec.Replacements {
		k.unusual = true
		if r.Path == "" {
			all = append(all, r)
			continue
		}
		for _, e := range k.replacementsIn(r.Path, "replacements", i, "path") {
			all = append(all, types.ReplacementField{Replacement: e})
		}
	}
	for _, r := range all {
		for _, t := range r.Targets {
			renames := func(p string) bool { return strings.HasPrefix(p, "metadata.n") }
			k.loose = k.loose || t == nil || len(t.FieldPaths) == 0 || slices.ContainsFunc(t.FieldPaths, renames)
		}
	}
	k.spec.Replacements = all
}

func (k *kustomization) replacementsIn(entry string, at ...any) []types.Replacement {
	p, ok := k.localFile(entry, at...)
	if !ok {
		return nil
	}
	data, err := k.reads.read(p)
	if err != nil {
		k.refuse(at, "%v", err)
		return nil
	}
	f, err := yaml.Open(p, data)
	if err != nil {
		k.fail(err)
		return nil
	}
	var one types.Replacement
	var many []types.Replacement
	if f.IsList() {
		err = f.Decode(&many)
	} else if err = f.Decode(&one); err == nil {
		many = append(many, one)
	}
	if err != nil {
		k.fail(err)
	}
	return many
}

// readConfigurations checks the files that tell kustomize about fields of custom kinds.
func (k *kustomization) readConfigurations() {
	check := func(field string, entries []string) {
		for i, entry := range entries {
			k.unusual = true
			p, ok := k.localFile(entry, field, i)
			if !ok {
				continue
			}
			data, err := k.reads.read(p)
			if err != nil {
				k.refuse([]any{field, i}, "%v", err)
				continue
			}
			f, err := yaml.Open(p, data)
			if err != nil {
				k.fail(err)
				continue
			}
			k.checked[p] = encode(f.Value())
			entries[i] = k.relativeTo(p)
		}
	}
	check("crds", k.spec.Crds)
	check("configurations", k.spec.Configurations)
}
