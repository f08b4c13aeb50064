package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// object is a struct of Go as a document of YAML has it.
type object struct {
	doc    string
	fields []field
}

// field is one field of it.
type field struct {
	name    string // in the document
	doc     string
	kind    kind
	markers map[string]string // lines of the comment that begin with +, such as +minimum=0
}

// kind is the type of a field: one of text, number, whole, truth and time, a list or map of another kind, or an object.
type kind struct {
	name   string
	object string // type of the object
	of     *kind  // element of a list or map
}

// structs are the types of a package, by name.
type structs map[string]ast.Expr

// load reads the types of the package in a directory, its tests apart, with their comments.
func load(dir string) (structs, map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	types, docs := structs{}, map[string]string{}
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return nil, nil, err
		}
		tree, err := parser.ParseFile(set, file, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		types.add(tree, docs)
	}
	return types, docs, nil
}

// add takes in the types that a file declares.
func (s structs) add(tree *ast.File, docs map[string]string) {
	for _, d := range tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, one := range g.Specs {
			t, _ := one.(*ast.TypeSpec)
			doc := t.Doc
			if doc == nil {
				doc = g.Doc
			}
			s[t.Name.Name], docs[t.Name.Name] = t.Type, strings.TrimSpace(doc.Text())
		}
	}
}

// objects returns the type of a package and all objects that its fields lead to.
func objects(dir, root string) (map[string]object, error) {
	types, docs, err := load(dir)
	if err != nil {
		return nil, err
	}
	all := map[string]object{}
	for ahead := []string{root}; len(ahead) > 0; ahead = ahead[1:] {
		name := ahead[0]
		if _, done := all[name]; done {
			continue
		}
		o, further, err := types.object(name)
		if err != nil {
			return nil, fmt.Errorf("%s: type %s: %w", dir, name, err)
		}
		o.doc = docs[name]
		all[name] = o
		ahead = append(ahead, further...)
	}
	return all, nil
}

// object returns a type as an object, and the objects that its fields lead to.
func (s structs) object(name string) (o object, further []string, err error) {
	t, ok := s[name].(*ast.StructType)
	if !ok {
		return o, nil, errors.New("is no struct")
	}
	for _, f := range t.Fields.List {
		if f.Tag != nil && f.Tag.Value == "`json:\"-\"`" {
			continue
		}
		of, err := s.field(f)
		if err != nil {
			return o, nil, err
		}
		o.fields = append(o.fields, of)
		if to, _ := of.kind.leads(""); to != "" {
			further = append(further, to)
		}
	}
	return o, further, nil
}

func (s structs) field(f *ast.Field) (field, error) {
	if len(f.Names) != 1 || f.Tag == nil {
		return field{}, fmt.Errorf("field %v has not one name, or no tag", f.Names)
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return field{}, err
	}
	name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	comment := f.Doc
	if comment == nil {
		comment = f.Comment
	}
	if name == "" || comment == nil {
		return field{}, fmt.Errorf("field %s has no name in JSON, or no comment", f.Names[0].Name)
	}
	out := field{name: name, kind: s.kind(f.Type), markers: map[string]string{}}
	var lines []string
	for l := range strings.Lines(comment.Text()) {
		l = strings.TrimSpace(l)
		if marker, ok := strings.CutPrefix(l, "+"); ok {
			key, value, _ := strings.Cut(marker, "=")
			out.markers[key] = value
			continue
		}
		lines = append(lines, l)
	}
	out.doc = sentence(strings.TrimSpace(strings.Join(lines, " ")))
	return out, nil
}

// sentence begins with a capital letter, and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// basic are the types that are no objects, in this package or another.
var basic = map[string]string{
	"string": "text", "bool": "truth", "int": "whole", "int32": "whole", "int64": "whole", "float64": "number",
	"time.Time": "time", "Duration": "duration", "time.Duration": "duration", "Priority": "priority", "Trigger": "text",
}

func (s structs) kind(e ast.Expr) kind {
	switch e := e.(type) {
	case *ast.StarExpr:
		return s.kind(e.X)
	case *ast.ArrayType:
		of := s.kind(e.Elt)
		return kind{name: "list", of: &of}
	case *ast.MapType:
		of := s.kind(e.Value)
		return kind{name: "map", of: &of}
	case *ast.SelectorExpr:
		x, _ := e.X.(*ast.Ident)
		return kind{name: basic[x.Name+"."+e.Sel.Name]}
	case *ast.Ident:
		if name, ok := basic[e.Name]; ok {
			return kind{name: name}
		}
		if _, ok := s[e.Name].(*ast.StructType); ok {
			return kind{name: "object", object: e.Name}
		}
		if under, ok := s[e.Name]; ok {
			return s.kind(under)
		}
	}
	return kind{}
}
