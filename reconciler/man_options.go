package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/manual"
)

const optionsPage = "majordomo-options"

// option is one setting of majordomo run as the manual tells it.
type option struct {
	name, fallback, text string
}

// optionsOf returns the settings with what the flags say of them.
func optionsOf(root *cobra.Command) []option {
	run, _, err := root.Find([]string{"run"})
	if err != nil {
		panic(err) // the program has that command
	}
	var all []option
	for _, name := range config.Names() {
		f := run.Flag(name)
		all = append(all, option{name: name, fallback: f.DefValue, text: f.Usage})
	}
	return all
}

// options is the page of the settings.
func options(root *cobra.Command) manual.Page {
	p := manual.Page{
		Name: optionsPage, Section: 5, Title: "majordomo options", Short: "The settings of majordomo run",
		About: `Each setting has one name, and is set in a file, in the environment or by a flag of
"majordomo run"; the later wins. The file is YAML with the names as its keys; --config or
MAJORDOMO_CONFIG names it. In the environment a name is in upper case, with MAJORDOMO_ before
it and _ for -: state-dir is MAJORDOMO_STATE_DIR, and --state-dir as a flag.

Lists are separated by commas in the environment and in flags. No secret is a setting: the
settings name the files that hold them. "majordomo run" checks all of them before it starts,
and reports every problem at once.`,
		See: []manual.Page{{Name: "majordomo-run", Section: 1}},
	}
	settings := manual.Part{Title: "Settings"}
	for _, o := range optionsOf(root) {
		settings.Items = append(settings.Items, manual.Item{Term: o.name, Text: o.text + "; default " + cmp.Or(o.fallback, "empty")})
	}
	example := "  repo: https://git.example/fleet.git\n  interval: 1m\n  webhook-secret-files: [/run/secrets/majordomo-webhook/secret]"
	p.Parts = []manual.Part{settings, {Title: "Example of a file", Code: example}}
	return p
}

// optionsTable is the page of the settings for a browser, with a column for each way to set one.
func optionsTable(root *cobra.Command) string {
	p := options(root)
	p.Parts = p.Parts[1:] // the table has them
	var b strings.Builder
	b.WriteString(p.Markdown(1))
	b.WriteString("\n| setting | flag | in the environment | default | what it is |\n|---|---|---|---|---|\n")
	for _, o := range optionsOf(root) {
		fallback := "empty"
		if o.fallback != "" {
			fallback = manual.Code(o.fallback)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", manual.Code(o.name), manual.Code("--"+o.name), manual.Code(config.Variable(o.name)), fallback, manual.Plain(o.text))
	}
	return b.String()
}
