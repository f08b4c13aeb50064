package yaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

func jsonProblem(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf(".%s: is a %s; allowed is %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return err.Error()
}

// checker compares a document with a type. The document has been converted before, so it is finite.
type checker struct {
	file string
	errs []error
}

func (k *checker) fail(n *yamlv3.Node, at *place, format string, args ...any) {
	k.errs = append(k.errs, &Error{File: k.file, Line: n.Line, Field: at.String(), Problem: fmt.Sprintf(format, args...)})
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func (k *checker) check(n *yamlv3.Node, t reflect.Type, at *place) {
	if n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) || n.ShortTag() == "!!null" {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		k.check(n, t.Elem(), at)
	case reflect.Struct:
		if k.kind(n, yamlv3.MappingNode, "a map", at) {
			k.fields(n, t, at)
		}
	case reflect.Map:
		if k.kind(n, yamlv3.MappingNode, "a map", at) {
			for i := 0; i+1 < len(n.Content); i += 2 {
				k.check(n.Content[i+1], t.Elem(), at.field(n.Content[i].Value))
			}
		}
	case reflect.Slice:
		if k.kind(n, yamlv3.SequenceNode, "a list", at) {
			for i, e := range n.Content {
				k.check(e, t.Elem(), at.element(i))
			}
		}
	case reflect.String:
		k.scalar(n, at, "text; put it in quotes", "!!str", "!!timestamp")
	case reflect.Bool:
		k.scalar(n, at, "true or false", "!!bool")
	case reflect.Int, reflect.Int32, reflect.Int64:
		k.scalar(n, at, "a whole number", "!!int")
	case reflect.Float64:
		k.scalar(n, at, "a number", "!!int", "!!float")
	}
}

func (k *checker) kind(n *yamlv3.Node, want yamlv3.Kind, name string, at *place) bool {
	if n.Kind != want {
		k.fail(n, at, "is %s; allowed is %s", describe(n), name)
	}
	return n.Kind == want
}

func (k *checker) scalar(n *yamlv3.Node, at *place, name string, tags ...string) {
	if n.Kind != yamlv3.ScalarNode || !slices.Contains(tags, n.ShortTag()) {
		k.fail(n, at, "is %s; allowed is %s", describe(n), name)
	}
}

func describe(n *yamlv3.Node) string {
	if n.Kind == yamlv3.MappingNode || n.Kind == yamlv3.SequenceNode {
		return nodeName(n)
	}
	names := map[string]string{"!!str": "text", "!!int": "a number", "!!float": "a number", "!!bool": "a boolean"}
	if name, ok := names[n.ShortTag()]; ok {
		return name
	}
	return nodeName(n)
}

func (k *checker) fields(n *yamlv3.Node, t reflect.Type, at *place) {
	known := fieldsOf(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			k.merged(v, t, at)
			continue
		}
		field, ok := known[key.Value]
		if !ok {
			k.fail(key, at.field(key.Value), "unknown field%s", DidYouMean(key.Value, slices.Sorted(maps.Keys(known))))
			continue
		}
		k.check(v, field, at.field(key.Value))
	}
}

func (k *checker) merged(n *yamlv3.Node, t reflect.Type, at *place) {
	if n.Kind != yamlv3.SequenceNode {
		k.check(n, t, at)
		return
	}
	for _, e := range n.Content {
		k.check(e, t, at)
	}
}

// fieldsOf returns the fields of a struct by their names in JSON, those of embedded structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name != "":
			out[name] = f.Type
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			maps.Copy(out, fieldsOf(f.Type))
		default:
			out[f.Name] = f.Type
		}
	}
	return out
}
