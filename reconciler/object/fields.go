package object

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
)

// Fields is what one field manager owns of an object, in the form of metadata.managedFields[].fieldsV1: keys "f:name" are fields,
// "k:{...}" elements of a list by their keys, "v:..." members of a set, "." the element itself.
// Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
type Fields map[string]any

// Owned returns what the manager owns by server-side apply, nil if nothing.
func (o Object) Owned(manager string) Fields {
	for _, e := range o.managers() {
		if e["manager"] == manager && e["operation"] == "Apply" && e["subresource"] == nil {
			f, _ := e["fieldsV1"].(map[string]any)
			return f
		}
	}
	return nil
}

func (o Object) managers() []map[string]any {
	list, _ := o.Metadata()["managedFields"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Fingerprint returns 16 hex digits over the owned fields and the values that they have in the object. It stays the same exactly as
// long as the manager still owns each of them and nobody has changed a value: the proof that there is no drift.
func (f Fields) Fingerprint(o Object) string {
	h := fnv.New64a()
	enc := json.NewEncoder(h)
	f.walk(map[string]any(o), func(path string, v any) {
		_, _ = h.Write([]byte(path))
		_ = enc.Encode(v) // values come from JSON, so they are JSON
	}, "")
	return fmt.Sprintf("%016x", h.Sum64())
}

// walk visits every owned leaf in a fixed order with its value, nil where the object has none.
func (f Fields) walk(v any, visit func(path string, v any), path string) {
	keys := make([]string, 0, len(f))
	for k := range f {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if k == "." {
			continue
		}
		below, _ := f[k].(map[string]any)
		value := child(v, k)
		at := path + "/" + k
		if len(below) == 0 {
			visit(at, value)
			continue
		}
		if value == nil {
			visit(at, nil)
			continue
		}
		Fields(below).walk(value, visit, at)
	}
}

func child(v any, key string) any {
	kind, rest, _ := strings.Cut(key, ":")
	switch kind {
	case "f":
		m, _ := v.(map[string]any)
		return m[rest]
	case "k":
		return element(v, rest)
	case "v":
		return member(v, rest)
	}
	return v
}

func element(v any, keys string) any {
	var want map[string]any
	if json.Unmarshal([]byte(keys), &want) != nil {
		return nil
	}
	list, _ := v.([]any)
	for _, e := range list {
		m, ok := e.(map[string]any)
		if ok && !slices.ContainsFunc(mapKeys(want), func(k string) bool { return !sameScalar(m[k], want[k]) }) {
			return m
		}
	}
	return nil
}

func mapKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// sameScalar compares a value of an object (int64) with one of a key (float64).
func sameScalar(a, b any) bool { return a == b || fmt.Sprint(a) == fmt.Sprint(b) }

func member(v any, text string) any {
	var want any
	if json.Unmarshal([]byte(text), &want) != nil {
		return nil
	}
	list, _ := v.([]any)
	for _, e := range list {
		if sameScalar(e, want) {
			return e
		}
	}
	return nil
}

// Owns tells whether the field at the keyed pointer, or one below it, is owned.
func (f Fields) Owns(p Pointer) bool {
	for _, part := range p {
		next, ok := f[f.key(part)].(map[string]any)
		if !ok {
			return false
		}
		f = next
	}
	return true
}

// key returns the key under which the fields have a part of a keyed pointer: a list is keyed by some of what is known of its element.
func (f Fields) key(part string) string {
	text, isElement := strings.CutPrefix(part, "k:{")
	var known map[string]any
	if !isElement || json.Unmarshal([]byte("{"+text), &known) != nil {
		return "f:" + part
	}
	for k := range f {
		var keys map[string]any
		if text, ok := strings.CutPrefix(k, "k:"); !ok || json.Unmarshal([]byte(text), &keys) != nil {
			continue
		}
		same, others := 0, 0
		for name, v := range keys {
			if w, stated := known[name]; stated && sameScalar(v, w) {
				same++
			} else if stated {
				others++
			}
		}
		if same > 0 && others == 0 {
			return k
		}
	}
	return ""
}

// Without returns the fields less the one at the keyed pointer; the original stays as it is.
func (f Fields) Without(p Pointer) Fields {
	out := maps.Clone(f)
	key := f.key(p[0])
	if len(p) == 1 {
		delete(out, key)
		return out
	}
	if below, ok := out[key].(map[string]any); ok {
		rest := Fields(below).Without(p[1:])
		if len(rest) == 0 {
			delete(out, key)
		} else {
			out[key] = map[string]any(rest)
		}
	}
	return out
}

// Managers returns the names of all field managers but majordomo's own that wrote the object, its status aside. It answers "who may have
// done this".
func (o Object) Managers() []string {
	var names []string
	for _, e := range o.managers() {
		name, _ := e["manager"].(string)
		if name != "" && name != Manager && e["subresource"] != "status" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
