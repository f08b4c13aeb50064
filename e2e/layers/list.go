package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// pkg is one package of the module.
type pkg struct {
	dir   string // relative to the module
	name  string
	files []file
}

// file is one Go file of a package.
type file struct {
	path  string // as findings print it
	test  bool
	set   *token.FileSet
	tree  *ast.File
	lines int
}

// finding is a place that breaks a rule.
type finding struct {
	path string
	line int
	rule string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.rule) }

func (f finding) compare(g finding) int {
	return cmp.Or(cmp.Compare(f.path, g.path), cmp.Compare(f.line, g.line), cmp.Compare(f.rule, g.rule))
}

// at makes a finding at a node of the file.
func (f file) at(pos token.Pos, format string, args ...any) finding {
	return finding{path: f.path, line: f.set.Position(pos).Line, rule: fmt.Sprintf(format, args...)}
}

// list returns the packages of the module around dir that the patterns name.
func list(ctx context.Context, dir string, patterns ...string) ([]pkg, error) {
	args := append([]string{"list", "-json=ImportPath,Name,Dir,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles"}, patterns...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return readList(bytes.NewReader(out))
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Name, Dir                              string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

func readList(r io.Reader) ([]pkg, error) {
	var packages []pkg
	for decoder := json.NewDecoder(r); ; {
		var l listed
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		p, err := parse(l)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// parse reads the files of a package. Those of other platforms count too.
func parse(l listed) (pkg, error) {
	dir, ok := folder(l.ImportPath)
	if !ok {
		return pkg{}, fmt.Errorf("%s is not of the module %s", l.ImportPath, module)
	}
	p := pkg{dir: dir, name: l.Name}
	set := token.NewFileSet()
	for _, names := range [][]string{l.GoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles} {
		for _, name := range names {
			tree, err := parser.ParseFile(set, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return pkg{}, err
			}
			p.files = append(p.files, newFile(filepath.Join(dir, name), set, tree))
		}
	}
	return p, nil
}

func newFile(path string, set *token.FileSet, tree *ast.File) file {
	return file{path: path, test: strings.HasSuffix(path, "_test.go"), set: set, tree: tree, lines: set.File(tree.Package).LineCount()}
}
