package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"majordomo.dev/reconciler/manual"
	"majordomo.dev/reconciler/yaml"
)

const asMarkdown = "markdown"

func (a *app) manCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "man [COMMAND]", Short: "Print a page of the manual, or install all of them", GroupID: groupSelf,
		Long: `Print the manual page of a command, in the form that man reads; "options" is the page of
the settings of "majordomo run". Without a command it is the page of majordomo itself.

With --dir, all pages are written below a directory in which man looks for them. With
-o markdown, the page is one for a browser; without a command, all commands are on it.`,
		Example: `  majordomo man sync | man -l -
  majordomo man trace export | man -l -
  majordomo man options -o markdown
  majordomo man --dir ~/.local/share/man`,
		Annotations: codes("6 no such command"),
	}
	o := outputFlag(c, "roff", asMarkdown)
	dir := c.Flags().String("dir", "", "write all pages below this directory")
	_ = c.MarkFlagDirname("dir")
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		of, _, err := c.Root().Find(args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(of), cobra.ShellCompDirectiveNoFileComp
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if *dir != "" {
			if len(args) > 0 || o.form != "roff" {
				return usagef("--dir writes all pages; it goes with neither a command nor -o")
			}
			return a.install(*dir, pages(c.Root()))
		}
		return a.page(o.form, c.Root(), args)
	}
	return c
}

// page prints the page of a command.
func (a *app) page(form string, root *cobra.Command, args []string) error {
	if form == asMarkdown && len(args) == 0 {
		a.printf("%s", reference(root))
		return nil
	}
	page := options(root)
	switch isOptions := strings.Join(args, " ") == "options"; {
	case isOptions && form == asMarkdown:
		a.printf("%s", optionsTable(root))
		return nil
	case !isOptions:
		c, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return notFoundf("no command %q%s", strings.Join(args, " "), yaml.DidYouMean(args[len(args)-1], append(names(c), "options")))
		}
		page = pageOf(c)
	}
	if form == asMarkdown {
		a.printf("%s", page.Markdown(1))
		return nil
	}
	a.printf("%s", page.Roff(product()))
	return nil
}

func product() string { return "majordomo " + build().Version }

// install writes the pages below a directory, as man wants to find them.
func (a *app) install(dir string, all []manual.Page) error {
	for _, p := range all {
		file := filepath.Join(dir, filepath.FromSlash(p.File()))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // for everybody to read
			return fmt.Errorf("--dir: %w", err)
		}
		if err := os.WriteFile(file, []byte(p.Roff(product())), 0o644); err != nil { //nolint:gosec // for everybody to read
			return fmt.Errorf("--dir: %w", err)
		}
	}
	a.done("%d pages below %s", len(all), dir)
	return nil
}

// pages returns the pages of a command and of all below it, that of the settings last.
func pages(root *cobra.Command) []manual.Page {
	var all []manual.Page
	for _, c := range commandsOf(root) {
		all = append(all, pageOf(c))
	}
	return append(all, options(root))
}

// commandsOf returns a command and all below it, in the order of the help.
func commandsOf(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, commandsOf(sub)...)
		}
	}
	return all
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func pageOf(c *cobra.Command) manual.Page {
	p := manual.Page{Name: pageName(c), Section: 1, Title: c.CommandPath(), Short: c.Short, About: c.Long}
	switch {
	case !c.HasParent():
		p.Usage = c.CommandPath() + " COMMAND [flags]"
	case c.Runnable():
		p.Usage = c.UseLine()
	}
	for _, g := range c.Groups() {
		var items []manual.Item
		for _, sub := range c.Commands() {
			if sub.GroupID == g.ID && sub.IsAvailableCommand() {
				items = append(items, manual.Item{Term: sub.Name(), Text: sub.Short})
			}
		}
		p.Parts = append(p.Parts, manual.Part{Title: strings.TrimSuffix(g.Title, ":"), Items: items})
	}
	title := "Flags"
	if !c.HasParent() {
		title = "Flags of all commands"
	}
	if items := flagsOf(c.LocalFlags()); len(items) > 0 {
		p.Parts = append(p.Parts, manual.Part{Title: title, Items: items})
	}
	var exits []manual.Item
	for l := range strings.Lines(c.Annotations[exitCodes]) {
		code, meaning, _ := strings.Cut(strings.TrimSpace(l), " ")
		exits = append(exits, manual.Item{Term: code, Text: strings.TrimSpace(meaning)})
	}
	p.Parts = append(p.Parts, manual.Part{Title: "Exit codes", Items: exits}, manual.Part{Title: "Examples", Code: c.Example})
	p.See = seeAlso(c)
	return p
}

// seeAlso names the page above, those below, and that of the settings.
func seeAlso(c *cobra.Command) []manual.Page {
	var see []manual.Page
	if c.HasParent() {
		see = append(see, manual.Page{Name: pageName(c.Parent()), Section: 1})
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			see = append(see, manual.Page{Name: pageName(sub), Section: 1})
		}
	}
	if !c.HasParent() || c.Name() == "run" {
		see = append(see, manual.Page{Name: optionsPage, Section: 5})
	}
	return see
}

// flagsOf lists flags as the help does, without that for the help itself.
func flagsOf(set *pflag.FlagSet) []manual.Item {
	var items []manual.Item
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		value, text := pflag.UnquoteUsage(f)
		if value != "" && f.NoOptDefVal == "" {
			term += " " + value
		}
		switch f.DefValue {
		case "", "false", "0", "0s", "[]":
		default:
			text += " (default " + f.DefValue + ")"
		}
		items = append(items, manual.Item{Term: term, Text: text})
	})
	return items
}

// reference is all commands on one page for a browser.
func reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nWhat `majordomo man` and `majordomo COMMAND --help` say, on one page. The settings of `majordomo run` have [a page of their own](options.md).\n")
	for _, c := range commandsOf(root) {
		b.WriteString("\n" + pageOf(c).Markdown(2))
	}
	return b.String()
}
