package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// source makes a package of one file.
func source(t *testing.T, name, text string) pkg {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return pkg{dir: path.Dir(name), name: tree.Name.Name, files: []file{newFile(name, set, tree)}}
}

// importing is a file with one import, in line 2.
func importing(p string) string { return fmt.Sprintf("package p\nimport %q\n", p) }

func TestForbiddenImportsAreFound(t *testing.T) {
	for name, test := range map[string]struct{ file, imports, rule string }{
		"core imports rim":            {"reconciler/plan/a.go", "majordomo.dev/reconciler/git", "plan is core and imports reconciler/git, which is rim"},
		"core imports a module":       {"reconciler/plan/a.go", "k8s.io/client-go/rest", "core imports the standard library, core and"},
		"core imports the network":    {"reconciler/plan/a.go", "net/http", "core has no network"},
		"core imports the logger":     {"reconciler/status/a.go", "log/slog", "core has no network, file, process, logger"},
		"core imports embedded data":  {"reconciler/plan/a.go", "majordomo.dev/manifests/crds", "core imports only core"},
		"rim imports rim":             {"reconciler/web/a.go", "majordomo.dev/reconciler/cluster", "web is rim"},
		"rim imports shell":           {"reconciler/git/a.go", "majordomo.dev/reconciler/loop", "which is shell"},
		"shell imports shell":         {"jenkins/fleet/a.go", "majordomo.dev/jenkins/fleet2", "which is in no layer"},
		"shell imports main":          {"reconciler/loop/a.go", "majordomo.dev/reconciler", "imports main: nobody does"},
		"test imports main":           {"e2e/demo/a_test.go", "majordomo.dev/reconciler", "imports main: nobody does"},
		"product imports test code":   {"reconciler/git/a.go", "majordomo.dev/reconciler/git/gittest", "which is test support"},
		"main imports test code":      {"reconciler/a.go", "majordomo.dev/e2e/testcluster", "which is test support"},
		"core imports the other half": {"jenkins/scale/a.go", "majordomo.dev/reconciler/object", "the halves never import each other"},
		"test imports the other half": {"reconciler/loop/a_test.go", "majordomo.dev/jenkins/scale", "the halves never import each other"},
		"data imports code":           {"manifests/crds/a.go", "majordomo.dev/reconciler/object", "nothing of the module"},
	} {
		t.Run(name, func(t *testing.T) {
			got := checkImports(source(t, test.file, importing(test.imports)))
			if len(got) != 1 || !strings.Contains(got[0].rule, test.rule) || got[0].path != test.file || got[0].line != 2 {
				t.Errorf("%s imports %s: %v, want one finding in line 2 with %q", test.file, test.imports, got, test.rule)
			}
		})
	}
}

func TestAllowedImportsPass(t *testing.T) {
	for name, test := range map[string]struct{ file, imports string }{
		"core imports core":                  {"reconciler/plan/a.go", "majordomo.dev/reconciler/object"},
		"core imports its named module":      {"reconciler/render/a.go", "sigs.k8s.io/kustomize/api/krusty"},
		"core touches what its reason names": {"reconciler/config/a.go", "log/slog"},
		"core test uses the world":           {"reconciler/plan/a_test.go", "os"},
		"rim imports core":                   {"reconciler/cluster/a.go", "majordomo.dev/reconciler/plan"},
		"rim imports a module":               {"reconciler/cluster/a.go", "k8s.io/client-go/rest"},
		"rim test imports test support":      {"reconciler/git/a_test.go", "majordomo.dev/reconciler/git/gittest"},
		"shell imports rim":                  {"reconciler/loop/a.go", "majordomo.dev/reconciler/cluster"},
		"main imports the other half":        {"reconciler/a.go", "majordomo.dev/jenkins/fleet"},
		"package's own external test":        {"reconciler/plan/a_test.go", "majordomo.dev/reconciler/plan"},
		"e2e imports the product":            {"e2e/crash/a.go", "majordomo.dev/reconciler/loop"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := checkImports(source(t, test.file, importing(test.imports))); got != nil {
				t.Errorf("%s imports %s: %v, want no finding", test.file, test.imports, got)
			}
		})
	}
}

func TestPackageWithoutLayerIsFound(t *testing.T) {
	got := checkImports(source(t, "tools/a.go", "package tools\n"))
	want := []finding{{"tools/a.go", 1, "package tools is in no layer: name it in e2e/layers/rules.go"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(finding{})); diff != "" {
		t.Error(diff)
	}
}

func TestClockAndGoroutineInCoreAreFound(t *testing.T) {
	const text = "package p\nimport clock \"time\"\nfunc f() {\n\tgo f()\n\t_ = clock.Now()\n\t_ = clock.Second\n}\n"
	got := checkPurity(source(t, "reconciler/plan/a.go", text))
	want := []finding{
		{"reconciler/plan/a.go", 4, "core package reconciler/plan starts a goroutine"},
		{"reconciler/plan/a.go", 5, "core package reconciler/plan uses time.Now: take the time as an argument"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(finding{})); diff != "" {
		t.Error(diff)
	}
	for _, elsewhere := range []string{"reconciler/loop/a.go", "reconciler/plan/a_test.go"} {
		if got := checkPurity(source(t, elsewhere, text)); got != nil {
			t.Errorf("%s: %v, want no finding", elsewhere, got)
		}
	}
}

func TestLongFunctionAndFileAreFound(t *testing.T) {
	body := func(n int) string { return "{\n" + strings.Repeat("\t// a line\n", n) + "}\n" }
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"function of 60 lines":         {"package p\nfunc f() " + body(60), 0},
		"function of 61 lines":         {"package p\nfunc f() " + body(61), 1},
		"function literal of 61 lines": {"package p\nvar f = func() " + body(61), 1},
		"file of 400 lines":            {"package p" + strings.Repeat("\n", 400), 0},
		"file of 401 lines":            {"package p" + strings.Repeat("\n", 401), 1},
		"generated file of 401 lines":  {"// Code generated by x. DO NOT EDIT.\n\npackage p" + strings.Repeat("\n", 400), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := checkSize(source(t, "a/a_test.go", test.text).files[0]); len(got) != test.want {
				t.Errorf("%v, want %d findings", got, test.want)
			}
		})
	}
}

func TestVagueNameIsFound(t *testing.T) {
	for name, want := range map[string]int{"utils": 1, "helpers": 1, "common": 1, "types": 1, "plan": 0} {
		if got := checkName(source(t, "reconciler/"+name+"/a.go", "package "+name+"\n")); len(got) != want {
			t.Errorf("package %s: %v, want %d findings", name, got, want)
		}
	}
}

func TestRepositoryIsListedWhole(t *testing.T) {
	packages, err := list(t.Context(), "../..", "./...")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range packages {
		for _, f := range p.files {
			seen[f.path] = true
		}
	}
	for _, want := range []string{"e2e/layers/layers_test.go", "reconciler/plan/plan.go", "reconciler/plan/compute_test.go"} {
		if !seen[want] {
			t.Errorf("%s is not among the %d files listed", want, len(seen))
		}
	}
}
