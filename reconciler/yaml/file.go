package yaml

import (
	"encoding/json"
	"fmt"
	"reflect"

	yamlv3 "go.yaml.in/yaml/v3"
)

// File is a file of one document that is read field by field.
type File struct {
	name  string
	root  *yamlv3.Node
	value any
}

// Open reads a file that holds exactly one document.
func Open(name string, data []byte) (*File, error) {
	all, err := OpenAll(name, data)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, &Error{File: name, Problem: "is empty"}
	case len(all) > 1:
		return nil, &Error{File: name, Line: all[1].root.Line, Problem: fmt.Sprintf("a second document; one is allowed, and it began on line %d", all[0].root.Line)}
	}
	return all[0], nil
}

// OpenAll reads a file of any number of documents. Empty ones are skipped.
func OpenAll(name string, data []byte) ([]*File, error) {
	l := Limits{}.orDefault()
	roots, err := documents(name, data, l)
	if err != nil {
		return nil, err
	}
	c := converter{file: name, limits: l}
	var all []*File
	for _, r := range roots {
		v, err := c.value(r, nil, 0)
		if err != nil {
			return nil, err
		}
		if v != nil {
			all = append(all, &File{name: name, root: r, value: v})
		}
	}
	return all, nil
}

// Decode reads the file into the struct that into points to, by its json tags. Fields that the struct does not have and values of
// another type are errors; all of them are returned, joined.
func (f *File) Decode(into any) error {
	k := checker{file: f.name}
	k.check(f.root, reflect.TypeOf(into).Elem(), nil)
	if err := Join(k.errs...); err != nil {
		return err
	}
	b, err := json.Marshal(f.value)
	if err != nil {
		return &Error{File: f.name, Problem: err.Error()}
	}
	if err := json.Unmarshal(b, into); err != nil {
		return &Error{File: f.name, Line: f.root.Line, Problem: jsonProblem(err)}
	}
	return nil
}

// Errorf returns an error about the field at a path of keys (string) and positions (int), with the line of the field or, where it
// is absent, that of what it would be in.
func (f *File) Errorf(path []any, format string, args ...any) error {
	n := f.root
	for _, step := range path {
		var below *yamlv3.Node
		switch step := step.(type) {
		case string:
			below = entry(n, step)
		case int:
			if n.Kind == yamlv3.SequenceNode && step < len(n.Content) {
				below = n.Content[step]
			}
		}
		if below == nil {
			break
		}
		if n = below; n.Kind == yamlv3.AliasNode {
			n = n.Alias
		}
	}
	return &Error{File: f.name, Line: n.Line, Field: fieldName(path), Problem: fmt.Sprintf(format, args...)}
}

func fieldName(path []any) string {
	var at *place
	for _, step := range path {
		switch step := step.(type) {
		case string:
			at = at.field(step)
		case int:
			at = at.element(step)
		}
	}
	return at.String()
}

func entry(n *yamlv3.Node, key string) *yamlv3.Node {
	if n.Kind != yamlv3.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Value returns the document: maps, slices, strings, bools, int64, float64 and nil.
func (f *File) Value() any { return f.value }

// IsList tells whether the document is a list.
func (f *File) IsList() bool { _, ok := f.value.([]any); return ok }
