package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// checkImports reports imports that a package's layer does not allow.
func checkImports(p pkg) []finding {
	own := layerOf(p.dir)
	if own == nil {
		return []finding{p.files[0].at(p.files[0].tree.Name.Pos(),
			"package %s is in no layer: name it in e2e/layers/rules.go", p.dir)}
	}
	var found []finding
	for _, f := range p.files {
		for _, spec := range f.tree.Imports {
			if why := forbidden(p.dir, own, f.test, importPath(spec)); why != "" {
				found = append(found, f.at(spec.Pos(), "%s", why))
			}
		}
	}
	return found
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic(err) // the parser accepted it
	}
	return p
}

// forbidden returns why a package may not import a path, "" if it may. Tests may use what they need of their own half.
func forbidden(dir string, own *layer, test bool, imported string) string {
	target, ours := folder(imported)
	switch {
	case ours:
		return forbiddenOurs(dir, own, test, target)
	case test || own.name != "core":
		return ""
	case !standard(imported):
		if matches(foreign[dir], imported) {
			return ""
		}
		return fmt.Sprintf("core package %s imports %s: core imports the standard library, core and what e2e/layers/rules.go names", dir, imported)
	case matches(impure, imported) && touches[dir][imported] == "":
		return fmt.Sprintf("core package %s imports %s: core has no network, file, process, logger or chance", dir, imported)
	}
	return ""
}

func forbiddenOurs(dir string, own *layer, test bool, target string) string {
	to := layerOf(target)
	switch {
	case to == nil:
		return fmt.Sprintf("%s imports %s, which is in no layer: name it in e2e/layers/rules.go", dir, target)
	case to.name == "main":
		return fmt.Sprintf("%s imports main: nobody does", dir)
	case own.name != "main" && half(dir) != "" && half(target) != "" && half(dir) != half(target):
		return fmt.Sprintf("%s imports %s: the halves never import each other, main introduces them", dir, target)
	case test || slices.Contains(own.imports, to.name) || dir == target:
		return ""
	case to.name == own.name && strings.HasPrefix(target, dir+"/"):
		return "" // a part of itself
	}
	return fmt.Sprintf("%s is %s and imports %s, which is %s: %s imports %s", dir, own.name, target, to.name, own.name, allowed(own))
}

func allowed(l *layer) string {
	if len(l.imports) == 0 {
		return "nothing of the module"
	}
	return "only " + strings.Join(l.imports, ", ")
}
