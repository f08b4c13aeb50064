package main

import (
	"go/ast"
	"path"
	"slices"
)

// checkPurity reports clocks and goroutines in the files of a core package.
func checkPurity(p pkg) []finding {
	if own := layerOf(p.dir); own == nil || own.name != "core" {
		return nil
	}
	var found []finding
	for _, f := range p.files {
		if !f.test {
			found = append(found, impureNodes(p.dir, f)...)
		}
	}
	return found
}

func impureNodes(dir string, f file) []finding {
	var found []finding
	timeName := nameOf(f, "time")
	ast.Inspect(f.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if concurrent[dir] == "" {
				found = append(found, f.at(n.Pos(), "core package %s starts a goroutine", dir))
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && timeName != "" && x.Name == timeName && slices.Contains(clock, n.Sel.Name) {
				found = append(found, f.at(n.Pos(), "core package %s uses time.%s: take the time as an argument", dir, n.Sel.Name))
			}
		}
		return true
	})
	return found
}

// nameOf returns the name by which a file refers to an imported package, "" if it does not import it.
func nameOf(f file, imported string) string {
	for _, spec := range f.tree.Imports {
		switch {
		case importPath(spec) != imported:
		case spec.Name != nil:
			return spec.Name.Name
		default:
			return path.Base(imported)
		}
	}
	return ""
}
