package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
)

var update = flag.Bool("update", false, "write docs/reference anew")

func commandTree() *cobra.Command {
	a := &app{getenv: func(string) string { return "" }, color: choice{value: "auto", allowed: []string{"auto", "always", "never"}}}
	return a.root()
}

func TestTheReferenceIsThatOfTheProgram(t *testing.T) {
	root := commandTree()
	for name, want := range map[string]string{"cli.md": reference(root), "options.md": optionsTable(root)} {
		file := filepath.Join("..", "docs", "reference", name)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the program says; `make docs` writes it anew (-program +file):\n%s", file, diff)
		}
	}
}

func TestTheDefaultThatAFlagNamesIsTheDefault(t *testing.T) {
	for _, o := range optionsOf(commandTree()) {
		if o.text == "" {
			t.Errorf("--%s does not say what it is", o.name)
		}
		got, want := config.Default(), config.Default()
		if o.name == "kubeconfig" {
			continue // a flag of all commands
		}
		if err := got.Set(o.name, o.fallback); err != nil {
			t.Errorf("--%s: the default %q cannot be set: %v", o.name, o.fallback, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("--%s: %q is not the default (-want +got):\n%s", o.name, o.fallback, diff)
		}
	}
}

func TestEveryCommandAndTheOptionsHaveAPage(t *testing.T) {
	root := commandTree()
	files := map[string]bool{}
	for _, p := range pages(root) {
		if files[p.File()] {
			t.Errorf("two pages are %s", p.File())
		}
		files[p.File()] = true
		if p.Short == "" || len(p.See) == 0 {
			t.Errorf("%s says neither what it is nor what to see beside it", p.File())
		}
		for _, s := range p.See {
			if s.Name != optionsPage && !strings.HasPrefix(s.Name, "majordomo") {
				t.Errorf("%s refers to %s", p.File(), s.Name)
			}
		}
	}
	for _, want := range []string{"man1/majordomo.1", "man1/majordomo-sync.1", "man1/majordomo-trace-export.1", "man5/majordomo-options.5"} {
		if !files[want] {
			t.Errorf("there is no page %s", want)
		}
	}
}
