package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/util/jsonpath"
	sigsyaml "sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/yaml"
)

// apiVersion is that of every document that a command prints with -o json or yaml. Fields are only ever added to it.
const apiVersion = "majordomo.dev/v1alpha1"

// Forms of output.
const (
	asTable   = "table"
	asText    = "text"
	asWide    = "wide"
	asJSON    = "json"
	asYAML    = "yaml"
	asName    = "name"
	asPath    = "jsonpath"
	asColumns = "custom-columns"
	asGitHub  = "github"
	asSARIF   = "sarif"
)

// output is the flag -o.
type output struct {
	form     string
	template string // of jsonpath and custom-columns
	allowed  []string
}

// outputFlag adds -o with the forms that the command knows, the first of which is the default.
func outputFlag(c *cobra.Command, forms ...string) *output {
	o := &output{form: forms[0], allowed: forms}
	c.Flags().VarP(o, "output", "o", "form of the output: "+strings.Join(o.words(), ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.words(), cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	return o
}

// words returns the forms as one types them.
func (o *output) words() []string {
	words := slices.Clone(o.allowed)
	for i, w := range words {
		if w == asPath || w == asColumns {
			words[i] += "="
		}
	}
	return words
}

// String returns the value of the flag.
func (o *output) String() string { return o.form }

// Type names the value in the help.
func (o *output) Type() string { return "FORM" }

// Set reads the value of the flag.
func (o *output) Set(v string) error {
	form, template, has := strings.Cut(v, "=")
	switch takes := form == asPath || form == asColumns; {
	case !slices.Contains(o.allowed, form):
		return fmt.Errorf("%q is no form of output here%s", v, yaml.DidYouMean(form, o.words()))
	case takes && template == "":
		return fmt.Errorf("%s needs a template, as in jsonpath={.items[*].name} or custom-columns=NAME:.name,REV:.status.revision", form)
	case !takes && has:
		return fmt.Errorf("%s takes no template", form)
	}
	o.form, o.template = form, template
	_, err := o.columns()
	if form == asPath {
		_, err = path(template)
	}
	return err
}

// data prints a document in one of the forms that programs read.
func (a *app) data(o *output, doc any) error {
	switch o.form {
	case asYAML:
		return a.yaml(doc)
	case asPath:
		return a.jsonpath(o.template, doc)
	}
	return a.json(doc, "  ")
}

func (a *app) json(doc any, indent string) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(doc)
}

func (a *app) yaml(doc any) error {
	b, err := sigsyaml.Marshal(doc)
	if err == nil {
		_, err = a.out.Write(b)
	}
	return err
}

func (a *app) jsonpath(template string, doc any) error {
	p, err := path(template)
	if err != nil {
		return err
	}
	text, err := extract(p, doc)
	if err == nil {
		a.printf("%s\n", strings.TrimSuffix(text, "\n"))
	}
	return err
}

// path reads a JSONPath; the braces, and the dot in front, may be left out where it is a single one.
func path(template string) (*jsonpath.JSONPath, error) {
	if !strings.Contains(template, "{") {
		template = "{." + strings.TrimPrefix(template, ".") + "}"
	}
	p := jsonpath.New("output").AllowMissingKeys(true)
	if err := p.Parse(template); err != nil {
		return nil, fmt.Errorf("jsonpath: %w", err)
	}
	return p, nil
}

// extract fills a template from a document, which it sees as its JSON is.
func extract(p *jsonpath.JSONPath, doc any) (string, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return "", err
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return "", err
	}
	var text strings.Builder
	if err := p.Execute(&text, plain); err != nil {
		return "", usagef("jsonpath: %w", err)
	}
	return safe(text.String()), nil
}

// column is one of custom-columns.
type column struct {
	name string
	path *jsonpath.JSONPath
}

func (o *output) columns() ([]column, error) {
	if o.form != asColumns {
		return nil, nil
	}
	var out []column
	for part := range strings.SplitSeq(o.template, ",") {
		name, expr, ok := strings.Cut(part, ":")
		if !ok || name == "" || expr == "" {
			return nil, fmt.Errorf("column %q is not NAME:PATH, as in REV:.status.revision", part)
		}
		p, err := path(expr)
		if err != nil {
			return nil, err
		}
		out = append(out, column{name: name, path: p})
	}
	return out, nil
}

// customColumns adds the rows of items to a table whose columns the user named.
func (o *output) customColumns(items []any) (*table, error) {
	columns, err := o.columns()
	if err != nil {
		return nil, err
	}
	t := &table{}
	for _, c := range columns {
		t.head = append(t.head, c.name)
	}
	for _, item := range items {
		var row []cell
		for _, c := range columns {
			text, err := extract(c.path, item)
			if err != nil {
				return nil, err
			}
			row = append(row, cell{text: text})
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}
