package main

import (
	"fmt"
	"strings"

	"majordomo.dev/e2e/docs/page"
	"majordomo.dev/reconciler/manual"
)

const fleetIntro = `# fleet.yaml

The file at the root of a config repository that says which environments exist. Fields that this page does not know are an error, and so is
a field that is there twice; ` + "`majordomo validate`" + ` names each with file and line. Editors that know JSON Schema complete and check it with
[fleet.schema.json](fleet.schema.json); the language server for YAML takes it from a comment in the first line:

` + "```yaml" + `
# yaml-language-server: $schema=docs/reference/fleet.schema.json
apiVersion: majordomo.dev/v1alpha1
kind: Fleet
environments:
- name: vagrant
  path: overlays/vagrant
- name: gke
  path: overlays/gke
  context: gke_my-project_europe-west1_jenkins
  namespaces: [jenkins-gke]
  serviceAccount: jenkins-gke/deployer
  prune: {maxObjects: 5, maxPercent: 20}
` + "```" + `
`

// fleetPage is the reference of fleet.yaml.
func fleetPage(all map[string]object, root string) string {
	var b strings.Builder
	b.WriteString(fleetIntro)
	section(&b, all, root, "", map[string]string{root: ""})
	return b.String()
}

// section writes a table of the fields of an object, and a section for each object that they lead to, once.
func section(b *strings.Builder, all map[string]object, name, path string, done map[string]string) {
	if path != "" {
		fmt.Fprintf(b, "\n## %s\n", path)
	}
	b.WriteString("\n| field | | default | what it is |\n|---|---|---|---|\n")
	type next struct{ name, path string }
	var further []next
	for _, f := range all[name].fields {
		at := strings.TrimPrefix(path+"."+f.name, ".")
		what := f.doc
		object, at := f.kind.leads(at)
		if _, known := done[object]; object != "" && !known {
			done[object] = at
			further = append(further, next{object, at})
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, words(f, done), fallback(f), cell(what, allowed(f)))
	}
	for _, n := range further {
		section(b, all, n.name, n.path, done)
	}
}

// words names the type of a field, and whether it has to be there; sections are where objects are told of.
func words(f field, sections map[string]string) string {
	text := f.kind.words(sections)
	if _, required := f.markers["required"]; required {
		text += ", required"
	}
	return text
}

func (k kind) words(sections map[string]string) string {
	switch k.name {
	case "whole":
		return "whole number"
	case "truth":
		return "true or false"
	case "list":
		return "list of " + k.of.plural(sections)
	case "map":
		return "map of " + k.of.plural(sections)
	case "object":
		return "[object](#" + page.Slug(sections[k.object]) + ")"
	case "duration":
		return "duration, such as 1h30m"
	case "priority":
		return "text or number"
	}
	return k.name
}

func (k kind) plural(sections map[string]string) string {
	switch k.name {
	case "object":
		return "[objects](#" + page.Slug(sections[k.object]) + ")"
	case "text":
		return "texts"
	}
	return k.words(sections)
}

func fallback(f field) string {
	if value, ok := f.markers["default"]; ok {
		return manual.Code(value)
	}
	return ""
}

// allowed says what the markers allow, as far as the text of the field does not.
func allowed(f field) string {
	m := f.markers
	switch {
	case m["enum"] != "":
		values := strings.Split(m["enum"], ",")
		for i, v := range values {
			values[i] = manual.Code(v)
		}
		return "Allowed: " + strings.Join(values, ", ")
	case m["minimum"] != "" && m["maximum"] != "":
		return "Allowed: " + m["minimum"] + " to " + m["maximum"]
	case m["minimum"] != "":
		return "Allowed: " + m["minimum"] + " and more"
	case m["maxItems"] != "":
		return "Up to " + m["maxItems"] + " elements"
	}
	return ""
}

// cell joins sentences for the cell of a table.
func cell(sentences ...string) string {
	var all []string
	for _, s := range sentences {
		if s != "" {
			all = append(all, sentence(strings.ReplaceAll(s, "|", `\|`)))
		}
	}
	return strings.Join(all, " ")
}
