package object

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Pointer is a JSON pointer (RFC 6901), split into its unescaped parts: "/spec/replicas" is ["spec" "replicas"].
type Pointer []string

// ParsePointer reads a JSON pointer. It must start with "/" and name a field below the root.
func ParsePointer(s string) (Pointer, error) {
	if !strings.HasPrefix(s, "/") || s == "/" {
		return nil, fmt.Errorf("%q is not a JSON pointer: it has to begin with / and name a field, as in /spec/replicas", s)
	}
	parts := strings.Split(s[1:], "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts, nil
}

// String gives the pointer in the form of RFC 6901.
func (p Pointer) String() string {
	var b strings.Builder
	for _, part := range p {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// Get returns the value at the pointer.
func (o Object) Get(p Pointer) (any, bool) {
	var v any = map[string]any(o)
	for _, part := range p {
		switch parent := v.(type) {
		case map[string]any:
			e, ok := parent[part]
			if !ok {
				return nil, false
			}
			v = e
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			v = parent[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// Remove deletes the field at the pointer in place. Elements of lists cannot be removed: the rest would move.
func (o Object) Remove(p Pointer) {
	if len(p) == 0 {
		return
	}
	parent, ok := o.Get(p[:len(p)-1])
	if m, isMap := parent.(map[string]any); ok && isMap {
		delete(m, p[len(p)-1])
	}
}

// Set sets the field at the pointer in place and makes the maps on the way. It tells whether that could be done: a scalar or a missing element of
// a list may be in the way.
func (o Object) Set(p Pointer, value any) bool {
	var at any = map[string]any(o)
	for _, part := range p[:len(p)-1] {
		switch parent := at.(type) {
		case map[string]any:
			if _, ok := parent[part]; !ok {
				parent[part] = map[string]any{}
			}
			at = parent[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(parent) {
				return false
			}
			at = parent[i]
		}
	}
	m, ok := at.(map[string]any)
	if ok {
		m[p[len(p)-1]] = value
	}
	return ok
}

// Keyed returns the pointer with every position in a list replaced by what the element there is known by, "k:{...}" as Fields have it: the
// server's list may have more elements, in another order.
func (o Object) Keyed(p Pointer) Pointer {
	out := slices.Clone(p)
	for i := range p {
		if v, _ := o.Get(p[:i]); i > 0 {
			if _, isList := v.([]any); isList {
				out[i] = o.elementKey(p[:i+1])
			}
		}
	}
	return out
}

func (o Object) elementKey(p Pointer) string {
	v, _ := o.Get(p)
	m, _ := v.(map[string]any)
	known := map[string]any{}
	for _, k := range append(slices.Clone(mergeKeys), "protocol") {
		if e, ok := m[k]; ok {
			known[k] = e
		}
	}
	b, err := json.Marshal(known)
	if err != nil {
		return p[len(p)-1]
	}
	return "k:" + string(b)
}

// Forbidden fields of the annotation Ignore: without them the object is not the one that Git names.
var identity = []string{"apiVersion", "kind", "metadata"}

// Ignored returns the fields that the object's annotation Ignore names. An error names the pointer that cannot be used.
func (o Object) Ignored() ([]Pointer, error) {
	text := o.Annotation(Ignore)
	if text == "" {
		return nil, nil
	}
	var out []Pointer
	for part := range strings.SplitSeq(text, ",") {
		p, err := ParsePointer(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%s: annotation %s: %w", o.ID(), Ignore, err)
		}
		for _, f := range identity {
			if p[0] == f && (f != "metadata" || len(p) < 3) {
				return nil, fmt.Errorf("%s: annotation %s: %s cannot be ignored; name fields below spec or data, a label or an annotation", o.ID(), Ignore, p)
			}
		}
		out = append(out, p)
	}
	return out, nil
}
