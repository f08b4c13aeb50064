package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestEveryCommandHasExamplesAndExitCodes(t *testing.T) {
	a := &app{getenv: func(string) string { return "" }, color: choice{value: "auto"}}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		examples := 0
		for line := range strings.Lines(c.Example) {
			if strings.Contains(line, "majordomo ") {
				examples++
			}
		}
		if examples < 3 {
			t.Errorf("`%s` has %d examples, want 3 or more", c.CommandPath(), examples)
		}
		if c.Annotations[exitCodes] == "" {
			t.Errorf("`%s` does not tell its exit codes", c.CommandPath())
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("`%s` has no one-line description, or one with a full stop: %q", c.CommandPath(), c.Short)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" {
				visit(sub)
			}
		}
	}
	visit(a.root())
}
