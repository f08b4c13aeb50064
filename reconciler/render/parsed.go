package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// parsed keeps the files that were read and found good, by path and hash, so that a base under fifty overlays is read once.
type parsed struct {
	files recent[parsedKey, *parsedFile]
}

type parsedKey struct{ path, hash string }

// parsedFile is a checked file of objects.
type parsedFile struct {
	json          []byte // documents that kustomize's parser cannot understand differently
	sources       []source
	secrets       []object.Object
	kustomization bool
}

const keptFiles = 4096

// objects reads a file of objects.
func (p *parsed) objects(r *reads, name string) (*parsedFile, error) {
	key := parsedKey{name, r.at(name)}
	if f, ok := p.files.get(key); ok {
		return f, nil
	}
	data, err := r.read(name)
	if err != nil {
		return nil, err
	}
	docs, err := yaml.Parse(name, data, yaml.Limits{Bytes: int(r.limit)})
	if err != nil {
		return nil, err
	}
	f := &parsedFile{}
	var errs []error
	for _, d := range docs {
		errs = append(errs, f.add(name, d))
	}
	if err := yaml.Join(errs...); err != nil {
		return nil, err
	}
	p.files.put(key, f, keptFiles)
	return f, nil
}

func (f *parsedFile) add(name string, d yaml.Document) error {
	o := d.Object
	f.kustomization = f.kustomization || o.Kind() == "Kustomization" || o.Kind() == "Component"
	if f.kustomization {
		return nil
	}
	fail := func(field, format string, args ...any) error {
		return &yaml.Error{File: name, Line: d.Line, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	if err := yaml.CheckIdentity(o); err != nil {
		err.File, err.Line = name, d.Line
		return err
	}
	if o.Annotation("config.kubernetes.io/function") != "" {
		return fail(".metadata.annotations", "config.kubernetes.io/function runs a program; remove it")
	}
	if at := nullEntry(map[string]any(o), ""); at != "" {
		return fail(at, "is an empty list entry; remove the dash, or give it a value")
	}
	if o.Kind() == "Secret" {
		f.secrets = append(f.secrets, o)
	}
	id := o.ID()
	f.sources = append(f.sources, source{
		id: id, version: o.Version(), place: fmt.Sprintf("%s:%d", name, d.Line), names: []string{id.Name}, spaces: []string{id.Namespace},
	})
	f.json = append(append(f.json, "---\n"...), encode(o)...)
	return nil
}

// nullEntry finds an empty entry of a list, on which kustomize stumbles.
func nullEntry(v any, at string) string {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if found := nullEntry(e, at+"."+k); found != "" {
				return found
			}
		}
	case []any:
		for i, e := range v {
			below := fmt.Sprintf("%s[%d]", at, i)
			if e == nil {
				return below
			}
			if found := nullEntry(e, below); found != "" {
				return found
			}
		}
	}
	return ""
}

// encode writes a value as JSON, which is YAML without its ambiguities; the few characters that YAML forbids are escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("value from YAML is not JSON: %v", err)) // it came from JSON types
	}
	data := b.Bytes()
	if !bytes.ContainsFunc(data, forbidden) {
		return data
	}
	out := make([]byte, 0, len(data)+16)
	for _, r := range string(data) {
		if forbidden(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func forbidden(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff
}

// missing explains why nothing stands at a path.
func (r *reads) missing(p, plain string) error {
	_, err := fs.Stat(r.files, relative(p))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %s", p, plain)
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: cannot be read: %w; a symbolic link must lead to a file of the repository", p, err)
}
