// Package yaml reads the YAML of Kubernetes strictly: what two readers could understand differently, and what could cost
// without bound, is an error with its line and field.
package yaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"

	"majordomo.dev/reconciler/object"
)

// Limits bounds what one file may hold. The zero value of each field means its default.
type Limits struct {
	Bytes   int // size of the file, 5 MiB
	Nodes   int // keys, values and list entries after aliases are expanded, 500,000
	Aliased int // of those, how many may come from aliases and merge keys, 50,000
	Depth   int // maps and lists in each other, 100
}

func (l Limits) orDefault() Limits {
	return Limits{
		Bytes: cmp.Or(l.Bytes, 5<<20), Nodes: cmp.Or(l.Nodes, 500_000),
		Aliased: cmp.Or(l.Aliased, 50_000), Depth: cmp.Or(l.Depth, 100),
	}
}

// Value is one document of a file: maps, slices, strings, bools, int64, float64 and nil.
type Value struct {
	Value any
	Line  int // on which it begins
}

// Document is one Kubernetes object of a file.
type Document struct {
	Object object.Object
	Line   int // on which the document begins
}

// Parse returns the objects of a file. Empty documents are skipped, lists (kind: List) are flattened. It does not ask whether
// an object is complete; Check does.
func Parse(file string, data []byte, l Limits) ([]Document, error) {
	values, err := Values(file, data, l)
	if err != nil {
		return nil, err
	}
	var docs []Document
	var errs []error
	for _, v := range values {
		m, ok := v.Value.(map[string]any)
		if !ok {
			errs = append(errs, &Error{File: file, Line: v.Line, Problem: fmt.Sprintf("a Kubernetes object is a map with apiVersion, kind and metadata; this is %s", typeName(v.Value))})
			continue
		}
		flat, err := flatten(file, Document{Object: m, Line: v.Line})
		docs, errs = append(docs, flat...), append(errs, err)
	}
	return docs, Join(errs...)
}

// flatten returns the objects of a list; the depth of nesting is bounded by that of the document.
func flatten(file string, d Document) ([]Document, error) {
	if d.Object.Kind() != "List" || d.Object.APIVersion() != "v1" {
		return []Document{d}, nil
	}
	items, ok := d.Object["items"].([]any)
	if !ok && d.Object["items"] != nil {
		return nil, &Error{File: file, Line: d.Line, Field: ".items", Problem: "the items of a List are a list of objects"}
	}
	var docs []Document
	var errs []error
	for i, e := range items {
		m, ok := e.(map[string]any)
		if !ok {
			errs = append(errs, &Error{File: file, Line: d.Line, Field: fmt.Sprintf(".items[%d]", i), Problem: "is no object; allowed are maps with apiVersion, kind and metadata"})
			continue
		}
		flat, err := flatten(file, Document{Object: m, Line: d.Line})
		docs, errs = append(docs, flat...), append(errs, err)
	}
	return docs, Join(errs...)
}

// Values returns the documents of a file, whatever they are. Empty ones are skipped.
func Values(file string, data []byte, l Limits) ([]Value, error) {
	roots, err := documents(file, data, l.orDefault())
	if err != nil {
		return nil, err
	}
	c := converter{file: file, limits: l.orDefault()}
	var out []Value
	for _, root := range roots {
		v, err := c.value(root, nil, 0)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, Value{Value: v, Line: root.Line})
		}
	}
	return out, nil
}

// documents parses the text into the root nodes of its documents.
func documents(file string, data []byte, l Limits) (roots []*yamlv3.Node, err error) {
	if err := checkText(file, data, l); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil { // the parser is not ours; its bugs must not be the user's
			roots, err = nil, &Error{File: file, Problem: fmt.Sprintf("not YAML: the parser gave up: %v", p)}
		}
	}()
	dec := yamlv3.NewDecoder(bytes.NewReader(data))
	for {
		var doc yamlv3.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return roots, nil
		case err != nil:
			return nil, syntaxError(file, data, err)
		}
		roots = append(roots, doc.Content...)
	}
}

var (
	bom8  = []byte("\xEF\xBB\xBF")
	bom16 = [][]byte{{0xFF, 0xFE}, {0xFE, 0xFF}}
)

// checkText refuses what is too big to be parsed and what is not text. A parsed node takes some 250 times the memory of its
// comma, so those are counted before.
func checkText(file string, data []byte, l Limits) error {
	fail := func(line int, format string, args ...any) error {
		return &Error{File: file, Line: line, Problem: fmt.Sprintf(format, args...)}
	}
	if len(data) > l.Bytes {
		return fail(0, "is %d bytes; allowed are %d", len(data), l.Bytes)
	}
	for _, b := range bom16 {
		if bytes.HasPrefix(data, b) {
			return fail(1, "is UTF-16; save it as UTF-8")
		}
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return fail(lineAt(data, i), "has a NUL byte; allowed is UTF-8 text")
	}
	if !utf8.Valid(data) {
		return fail(lineAt(data, firstInvalid(data)), "is not UTF-8; save it as UTF-8")
	}
	if i := bytes.LastIndex(data, bom8); i > 0 {
		return fail(lineAt(data, i), "has a byte order mark inside the text; one is allowed at the start only")
	}
	if n := bytes.Count(data, []byte(",")) + bytes.Count(data, []byte(":")) + bytes.Count(data, []byte("\n")); n > l.Nodes {
		return fail(0, "has too many keys and list entries; allowed are %d", l.Nodes)
	}
	return nil
}

func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}
