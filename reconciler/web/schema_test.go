package web

import (
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// schemas makes JSON schemas of Go types, as encoding/json writes them, with their comments as descriptions.
type schemas struct {
	t     *testing.T
	named map[string]any          // schemas of structs, by name
	types map[string]reflect.Type // that have the names
	docs  map[string]map[string]string
}

func newSchemas(t *testing.T) *schemas {
	return &schemas{t: t, named: map[string]any{}, types: map[string]reflect.Type{}, docs: map[string]map[string]string{}}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	textual  = reflect.TypeFor[encoding.TextMarshaler]()
)

// of returns the schema of a type.
func (s *schemas) of(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t == rawType:
		return map[string]any{}
	case t.Implements(textual):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() { //nolint:exhaustive // the others are no part of any answer
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return map[string]any{"$ref": "#/components/schemas/" + s.structure(t)}
	case reflect.Slice:
		return map[string]any{"type": []any{"array", "null"}, "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	}
	s.t.Fatalf("no schema for %s", t)
	return nil
}

// structure describes a struct, and returns its name.
func (s *schemas) structure(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	if taken, ok := s.types[name]; ok && taken != t {
		dir := filepath.Base(t.PkgPath())
		name = strings.ToUpper(dir[:1]) + dir[1:] + name
	}
	if s.types[name] == t {
		return name
	}
	s.types[name] = t
	docs := s.comments(t)
	properties, required := map[string]any{}, []any{}
	for f := range fieldsOf(t) {
		field, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := s.of(f.Type)
		if doc := docs[f.Name]; doc != "" {
			schema["description"] = doc
		}
		properties[field] = schema
		if !strings.Contains(options, "omit") {
			required = append(required, field)
		}
	}
	out := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if doc := docs[""]; doc != "" {
		out["description"] = doc
	}
	s.named[name] = out
	return name
}

// fieldsOf yields the fields of a struct that JSON has.
func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && f.Tag.Get("json") != "-" && !yield(f) {
				return
			}
		}
	}
}

// comments returns what the source says of a type, under "", and of its fields.
func (s *schemas) comments(t reflect.Type) map[string]string {
	if s.docs[t.PkgPath()] == nil {
		s.docs[t.PkgPath()] = s.read(filepath.Join("..", strings.TrimPrefix(t.PkgPath(), "majordomo.dev/reconciler/")))
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	out := map[string]string{}
	for key, doc := range s.docs[t.PkgPath()] {
		if of, field, _ := strings.Cut(key, "."); of == name {
			out[field] = doc
		}
	}
	return out
}

// read returns the comments of the types of a package, as "Type." and "Type.Field".
func (s *schemas) read(dir string) map[string]string {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("no source in %s: %v", dir, err)
	}
	out, set := map[string]string{}, token.NewFileSet()
	for _, file := range files {
		source, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			s.t.Fatal(err)
		}
		tree, err := parser.ParseFile(set, file, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				for _, spec := range d.Specs {
					note(out, d, spec.(*ast.TypeSpec)) //nolint:forcetypeassert // the token says so
				}
			}
			return true
		})
	}
	return out
}

func note(out map[string]string, d *ast.GenDecl, spec *ast.TypeSpec) {
	out[spec.Name.Name+"."] = oneLine(d.Doc.Text())
	of, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range of.Fields.List {
		for _, name := range f.Names {
			out[spec.Name.Name+"."+name.Name] = oneLine(f.Doc.Text() + " " + f.Comment.Text())
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
