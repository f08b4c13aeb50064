package object

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Change is one field in which two versions of an object differ, safe to print: secret values are Masked.
type Change struct {
	Path string `json:"path"`           // ".spec.ports[name=http].port"
	From any    `json:"from,omitempty"` // nil: the field is new
	To   any    `json:"to,omitempty"`   // nil: the field goes
}

// String gives the change on one line.
func (c Change) String() string {
	return fmt.Sprintf("%s: %s -> %s", c.Path, short(c.From), short(c.To))
}

func short(v any) string {
	const longest = 80
	if v == nil {
		return "(none)"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if r := []rune(string(b)); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return string(b)
}

// Subset says in which fields live differs from what want states. Fields that want does not state do not count, so defaults and other
// people's fields are no difference. Lists whose elements have a name (or another key of merging) are compared by it, others by position.
func Subset(want, live Object) []Change {
	d := differ{id: want.ID(), onlyWant: true}
	d.maps(nil, "", live, want)
	return d.changes
}

// Diff says in which fields two versions of one object differ. What the server keeps for itself (status, managedFields, versions) does not count.
func Diff(from, to Object) []Change {
	d := differ{id: to.ID()}
	if to == nil {
		d.id = from.ID()
	}
	d.maps(nil, "", from, to)
	return d.changes
}

type differ struct {
	id       ID
	onlyWant bool
	changes  []Change
}

// volatile fields change without anybody having changed the object.
var volatile = []string{
	".status", ".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation", ".metadata.uid",
	".metadata.creationTimestamp", ".metadata.selfLink",
}

func (d *differ) maps(path []string, text string, from, to map[string]any) {
	keys := make([]string, 0, len(to))
	for k := range to {
		keys = append(keys, k)
	}
	for k := range from {
		if _, ok := to[k]; !ok && !d.onlyWant {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		below := text + "." + quote(k)
		if slices.Contains(volatile, below) {
			continue
		}
		d.values(append(path[:len(path):len(path)], k), below, from[k], to[k])
	}
}

func quote(key string) string {
	if strings.ContainsAny(key, ".[]") {
		return "[" + key + "]"
	}
	return key
}

func (d *differ) values(path []string, text string, from, to any) {
	if equal(from, to) {
		return
	}
	if !secretAt(d.id, path) || len(path) == 1 { // the keys of a Secret are no secret
		fm, fok := from.(map[string]any)
		tm, tok := to.(map[string]any)
		if fok && tok {
			d.maps(path, text, fm, tm)
			return
		}
		fl, fok := from.([]any)
		tl, tok := to.([]any)
		if fok && tok {
			d.lists(path, text, fl, tl)
			return
		}
	}
	d.add(path, text, from, to)
}

func (d *differ) add(path []string, text string, from, to any) {
	leaf := func(v any) any {
		if v == nil {
			return nil
		}
		return mask(d.id, path, clone(v))
	}
	d.changes = append(d.changes, Change{Path: text, From: leaf(from), To: leaf(to)})
}

func (d *differ) lists(path []string, text string, from, to []any) {
	path = append(path[:len(path):len(path)], "-")
	key := mergeKey(from, to)
	if key == "" {
		d.byPosition(path, text, from, to)
		return
	}
	old := index(from, key)
	for _, e := range to {
		name := keyOf(e, key)
		at := fmt.Sprintf("%s[%s=%s]", text, key, name)
		d.element(path, at, old[name], e)
		delete(old, name)
	}
	if d.onlyWant {
		return
	}
	for _, e := range from {
		if name := keyOf(e, key); old[name] != nil {
			d.add(path, fmt.Sprintf("%s[%s=%s]", text, key, name), e, nil)
		}
	}
}

// element compares two elements of a list. The value of an environment variable is a secret if the variable's name says so, and
// the name stands beside the value, not on the path to it.
func (d *differ) element(path []string, text string, from, to any) {
	m, ok := to.(map[string]any)
	if name, _ := m["name"].(string); ok && secretKey.MatchString(name) && !equal(from, to) {
		d.add(path, text, from, to)
		return
	}
	d.values(path, text, from, to)
}

func (d *differ) byPosition(path []string, text string, from, to []any) {
	if len(from) != len(to) {
		d.add(path[:len(path)-1], text, from, to)
		return
	}
	for i := range to {
		d.values(path, fmt.Sprintf("%s[%d]", text, i), from[i], to[i])
	}
}

// mergeKeys are the fields by which Kubernetes merges lists of maps, most telling first.
var mergeKeys = []string{"name", "mountPath", "containerPort", "port", "type", "key", "uid", "ip"}

// mergeKey returns the first key that is different in all elements of each list, "" if there is none.
func mergeKey(lists ...[]any) string {
	for _, key := range mergeKeys {
		if !slices.ContainsFunc(lists, func(l []any) bool { return len(index(l, key)) != len(l) }) {
			return key
		}
	}
	return ""
}

func index(list []any, key string) map[string]any {
	m := make(map[string]any, len(list))
	for _, e := range list {
		if name := keyOf(e, key); name != "" {
			m[name] = e
		}
	}
	return m
}

func keyOf(e any, key string) string {
	m, ok := e.(map[string]any)
	if !ok || m[key] == nil {
		return ""
	}
	return fmt.Sprint(m[key])
}

// equal compares two JSON values; 1 and 1.0 are the same number.
func equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			if w, in := y[k]; !in || !equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case int64:
		if f, ok := b.(float64); ok {
			return float64(x) == f
		}
	case float64:
		if i, ok := b.(int64); ok {
			return x == float64(i)
		}
	}
	return a == b
}
