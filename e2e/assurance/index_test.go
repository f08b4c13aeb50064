package assurance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// index is the tests of each package, by its folder.
type index map[string]*suite

// suite is the tests of one package. A subtest's name is made while the test runs, so what can be checked is that something in the
// package's tests is called like it: a string or a file of testdata.
type suite struct {
	tests map[string]bool
	names map[string]bool
}

// collect reads all test files, and the names of the files that they use.
func collect(tree fs.FS) (index, error) {
	found := index{}
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (name[0] == '.' || name == "bin"):
			return fs.SkipDir
		case strings.Contains(file, "/testdata/"):
			dir, _, _ := strings.Cut(file, "/testdata/")
			found.suite(dir).name(strings.TrimSuffix(name, path.Ext(name)))
			found.suite(dir).name(name)
		case !entry.IsDir() && strings.HasSuffix(name, "_test.go"):
			return found.suite(path.Dir(file)).read(tree, file)
		}
		return nil
	})
	return found, err
}

func (x index) suite(dir string) *suite {
	if x[dir] == nil {
		x[dir] = &suite{tests: map[string]bool{}, names: map[string]bool{}}
	}
	return x[dir]
}

func (s *suite) name(text string) { s.names[rewrite(text)] = true }

// rewrite gives a subtest's name the form that the testing package does.
func rewrite(text string) string { return strings.ReplaceAll(text, " ", "_") }

func (s *suite) read(tree fs.FS, file string) error {
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && (strings.HasPrefix(n.Name.Name, "Test") || strings.HasPrefix(n.Name.Name, "Fuzz")) {
				s.tests[n.Name.Name] = true
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				s.name(text)
			}
		}
		return true
	})
	return nil
}

// find returns an error unless there is a test of this name.
func (x index) find(name string) error {
	dir, test, ok := cutTest(name)
	if !ok {
		return fmt.Errorf("%q is no test: want FOLDER.TestName or FOLDER.TestName/subtest", name)
	}
	function, subtest, sub := strings.Cut(test, "/")
	s := x[dir]
	switch {
	case s == nil || len(s.tests) == 0:
		return fmt.Errorf("there is no package %s with tests", dir)
	case !s.tests[function]:
		return fmt.Errorf("there is no %s in %s", function, dir)
	case sub && !s.called(subtest):
		return fmt.Errorf("nothing in the tests of %s is called %q", dir, subtest)
	}
	return nil
}

// called tells whether a subtest's name, or each part of one that is nested, is there.
func (s *suite) called(subtest string) bool {
	if s.names[subtest] {
		return true
	}
	for part := range strings.SplitSeq(subtest, "/") {
		if !s.names[part] {
			return false
		}
	}
	return true
}

// cutTest separates the folder from the test: the dot before the last Test or Fuzz of the part before any subtest.
func cutTest(name string) (dir, test string, ok bool) {
	for _, prefix := range []string{".Test", ".Fuzz"} {
		if dir, test, ok = strings.Cut(name, prefix); ok {
			return dir, prefix[1:] + test, true
		}
	}
	return "", "", false
}
