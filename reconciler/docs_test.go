package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"majordomo.dev/e2e/docs/page"
)

// shellWords splits a line as a shell does, as far as documents need it, up to the end of the command.
func shellWords(line string) []string {
	var all []string
	var word strings.Builder
	open, quote := false, rune(0)
	end := func() {
		if open {
			all = append(all, word.String())
		}
		word.Reset()
		open = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ':
			end()
		case (r == '#' || r == '\\') && !open, strings.ContainsRune("|;&><)", r):
			end()
			return all
		default:
			open = true
			word.WriteRune(r)
		}
	}
	end()
	return all
}

// substitution is a command within a command, as in $(git rev-parse HEAD).
var substitution = regexp.MustCompile(`\$\([^)]*\)`)

// typed returns the arguments of majordomo in a line, nil if it is another command.
func typed(line string) []string {
	line = substitution.ReplaceAllString(strings.TrimPrefix(line, "$ "), "X")
	for strings.Contains(line, "=") { // variables before the command
		first, rest, _ := strings.Cut(line, " ")
		if !strings.Contains(first, "=") || strings.HasPrefix(first, "-") {
			break
		}
		line = rest
	}
	all := shellWords(line)
	if len(all) == 0 || !slices.Contains([]string{"majordomo", "bin/majordomo"}, all[0]) {
		return nil
	}
	return all[1:]
}

// wrong returns why the program would not take the arguments; whole tells that they are all, not the mention of a command.
func wrong(args []string, whole bool) error {
	if len(args) > 0 && args[0] == "COMMAND" {
		return nil // whichever
	}
	root := commandTree()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if !c.HasParent() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("there is no command %s", rest[0])
	}
	err = c.ParseFlags(slices.DeleteFunc(rest, func(s string) bool { return s == "..." || s == "…" }))
	if missing := (*pflag.ValueRequiredError)(nil); !whole && errors.As(err, &missing) || errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	if err == nil && whole && c.Args != nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	return err
}

func TestEveryCommandOfTheDocumentsIsOne(t *testing.T) {
	all, err := page.All(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	look := func(file string, texts []page.Text, whole bool) {
		for _, s := range texts {
			args := typed(s.Text)
			if args == nil {
				continue
			}
			seen++
			if err := wrong(args, whole); err != nil {
				t.Errorf("%s:%d: %s: %v", file, s.Line, s.Text, err)
			}
		}
	}
	for file, p := range all {
		if file == "docs/reference/cli.md" {
			continue // it has usage lines among the commands, and is the program's own
		}
		look(file, p.Code, true)
		look(file, p.Spans, false)
	}
	if seen < 50 {
		t.Errorf("%d commands were found, want those of all documents", seen)
	}
}

func TestEveryExampleOfTheHelpIsACommand(t *testing.T) {
	for _, c := range commandsOf(commandTree()) {
		for line := range strings.Lines(c.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "  ") // what follows is said about it
			if args := typed(line); args != nil {
				if err := wrong(args, true); err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
				}
			}
		}
	}
}

func TestAWrongCommandIsFound(t *testing.T) {
	for line, want := range map[string]string{
		"majordomo snyc gke":                                    "there is no command snyc",
		"majordomo sync gke --dry":                              "unknown flag: --dry",
		"$ majordomo wait":                                      "needs an environment",
		"X=1 bin/majordomo version -o xml":                      "no form of output",
		`majordomo drain a --reason "b # c" | cat --nonsense`:   "",
		"majordomo trace export --nonsense":                     "unknown flag",
		"majordomo logs gke/linux -f  # and --nonsense":         "",
		"majordomo explain gke/linux --at 20m && other --thing": "",
	} {
		err := wrong(typed(line), true)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
