package render

import (
	"bytes"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
)

// readGenerators checks the files and literals of which ConfigMaps and Secrets are made.
func (k *kustomization) readGenerators() {
	for i := range k.spec.ConfigMapGenerator {
		k.readGenerator("configMapGenerator", i, &k.spec.ConfigMapGenerator[i].GeneratorArgs)
	}
	for i := range k.spec.SecretGenerator {
		k.readGenerator("secretGenerator", i, &k.spec.SecretGenerator[i].GeneratorArgs)
	}
}

// generator is one entry of configMapGenerator or secretGenerator.
type generator struct {
	*kustomization
	field string
	index int
	size  int
	texts map[string]any // of a Secret, to be masked
}

func (g *generator) at(steps ...any) []any { return append([]any{g.field, g.index}, steps...) }

func (k *kustomization) readGenerator(field string, i int, args *types.GeneratorArgs) {
	g := &generator{kustomization: k, field: field, index: i, texts: map[string]any{}}
	if args.EnvSource != "" {
		k.warn(k.file.Errorf(g.at("env"), "is deprecated; use envs"))
		args.EnvSources, args.EnvSource = append(args.EnvSources, args.EnvSource), ""
	}
	g.literals(args.LiteralSources)
	for j, entry := range args.FileSources {
		args.FileSources[j] = g.fileSource(entry, j)
	}
	for j, entry := range args.EnvSources {
		args.EnvSources[j] = g.envs(entry, j)
	}
	if limit := k.limits.ObjectBytes; g.size > limit {
		k.refuse(g.at(), "makes an object of %d bytes; allowed are %d", g.size, limit)
	}
	kind := "ConfigMap"
	if field == "secretGenerator" {
		kind = "Secret"
		k.secrets = append(k.secrets, object.Object{"apiVersion": "v1", "kind": kind, "stringData": g.texts})
		if g.size > 0 {
			k.warn(k.file.Errorf(g.at(), "the values of Secret %s stand in plain text in Git; keep them in a secret store, or encrypt them", args.Name))
		}
	}
	if args.Behavior == "merge" || args.Behavior == "replace" {
		return
	}
	s := source{
		id: object.ID{Kind: kind, Namespace: args.Namespace, Name: args.Name}, version: "v1", place: k.name,
		names: []string{args.Name}, spaces: []string{args.Namespace}, produced: true,
	}
	k.sources = append(k.sources, s)
	k.stated = append(k.stated, s)
}

// literals checks KEY=VALUE entries. A value is never repeated in a message.
func (g *generator) literals(entries []string) {
	for j, entry := range entries {
		key, value, ok := strings.Cut(entry, "=")
		if !ok || key == "" {
			g.refuse(g.at("literals", j), "is not KEY=VALUE")
			continue
		}
		g.size += len(value)
		g.texts[key] = value
		if quote := value; len(quote) >= 2 && quote[0] == quote[len(quote)-1] && strings.ContainsAny(quote[:1], `"'`) {
			g.texts[key+" "] = quote[1 : len(quote)-1]
		}
	}
}

// fileSource checks an entry of the form [KEY=]PATH and returns it with a clean path.
func (g *generator) fileSource(entry string, j int) string {
	key, name, ok := strings.Cut(entry, "=")
	if !ok {
		key, name = path.Base(entry), entry
	}
	p, data, ok := g.content(name, g.at("files", j))
	if !ok {
		return entry
	}
	g.texts[key] = string(data)
	return key + "=" + g.relativeTo(p)
}

func (g *generator) envs(entry string, j int) string {
	p, data, ok := g.content(entry, g.at("envs", j))
	if !ok {
		return entry
	}
	line := 0
	for text := range bytes.Lines(data) {
		const longest = 64 << 10 // kustomize reads no further, and says nothing
		if line++; len(text) > longest {
			g.refuse(g.at("envs", j), "%s:%d: the line is longer than 64 KiB; list the value under files", p, line)
		}
		if key, value, ok := bytes.Cut(bytes.TrimSpace(text), []byte("=")); ok {
			g.texts[string(key)] = string(value)
		}
	}
	return g.relativeTo(p)
}

func (g *generator) content(entry string, at []any) (p string, data []byte, ok bool) {
	if p, ok = g.localFile(entry, at...); !ok {
		return "", nil, false
	}
	data, err := g.reads.read(p)
	if err != nil {
		g.refuse(at, "%v", err)
		return "", nil, false
	}
	g.verbatim[p] = true
	g.size += len(data)
	return p, data, true
}
