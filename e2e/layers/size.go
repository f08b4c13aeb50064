package main

import (
	"go/ast"
	"path"
	"slices"
)

// checkName reports a package name that does not say what the package is for.
func checkName(p pkg) []finding {
	if !slices.Contains(vague, p.name) && !slices.Contains(vague, path.Base(p.dir)) {
		return nil
	}
	return []finding{p.files[0].at(p.files[0].tree.Name.Pos(), "package %s is named %s: name it after its one idea", p.dir, p.name)}
}

// checkSize reports a file or function that is too long, tests among them.
func checkSize(f file) []finding {
	if ast.IsGenerated(f.tree) {
		return nil
	}
	var found []finding
	if f.lines > fileLines {
		found = append(found, f.at(f.tree.FileStart, "%d lines, at most %d: split the file by verb", f.lines, fileLines))
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		var body *ast.BlockStmt
		name := "function literal"
		switch n := n.(type) {
		case *ast.FuncDecl:
			body, name = n.Body, n.Name.Name
		case *ast.FuncLit:
			body = n.Body
		}
		if body == nil {
			return true
		}
		if lines := f.set.Position(body.Rbrace).Line - f.set.Position(body.Lbrace).Line - 1; lines > functionLines {
			found = append(found, f.at(n.Pos(), "%s has %d lines, at most %d: split it", name, lines, functionLines))
		}
		return true
	})
	return found
}
