package main

import (
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/reconciler/manual"
)

const poolIntro = `# AgentPool

A kind of Jenkins agent, whose number follows the Jenkins queue. What the fields do is told in [fleet.md](../fleet.md); the cluster refuses
what is not allowed, and so does ` + "`majordomo validate`" + ` offline, with file and line.

` + "```yaml" + `
apiVersion: majordomo.dev/v1alpha1
kind: AgentPool
metadata:
  name: linux
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}
  jenkins: {url: "http://jenkins.jenkins-gke.svc", credentials: {name: jenkins-api}}
  labels: [linux]
  min: 0
  max: 20
  priority: balanced
  schedules:
  - {cron: "0 8 * * MON-FRI", timezone: Europe/Berlin, duration: 10h, min: 5}
` + "```" + `

Annotations of an AgentPool: ` + "`majordomo.dev/suspend`" + ` leaves the pool alone, ` + "`majordomo.dev/drain`" + ` lets all of its agents go; the text of both is the
reason. ` + "`majordomo.dev/scale-until`" + ` says when the floor of ` + "`spec.replicas`" + ` ends (RFC 3339), ` + "`majordomo.dev/scale-reason`" + ` why it is there.
` + "`majordomo suspend`, `drain` and `scale`" + ` set them.
`

const environmentIntro = `# Environment

One environment of the fleet. Majordomo writes it, from ` + "`fleet.yaml`" + ` and from what it does and sees: it is there to be read. It is
cluster-scoped, and in the cluster that Majordomo runs in. ` + "`kubectl get environments`" + ` tells what runs where and whether it is right; what
each reason means, and what to do, is in [troubleshooting.md](../troubleshooting.md).
`

// kindPage is the reference of a kind: the fields of the program's types, with the bounds that the definition sets.
func kindPage(intro string, parts ...part) string {
	var b strings.Builder
	b.WriteString(intro)
	for _, p := range parts {
		sections := map[string]string{p.root: p.path}
		p.section(&b, p.root, p.path, p.of, sections)
	}
	return b.String()
}

// part is the spec or the status of a kind.
type part struct {
	all  map[string]object
	root string
	path string
	of   *property
}

// section writes a table of the fields of an object, and a section for each object that they lead to, once.
func (p part) section(b *strings.Builder, name, path string, of *property, sections map[string]string) {
	fmt.Fprintf(b, "\n## %s\n\n", path)
	if doc := p.all[name].doc; path != p.path && doc != "" {
		b.WriteString(sentence(strings.TrimPrefix(doc, name+" is ")) + "\n\n")
	}
	spec := strings.HasPrefix(path, "spec")
	head := "| field | | what it is |\n|---|---|---|\n"
	if spec {
		head = "| field | | default | what it is |\n|---|---|---|---|\n"
	}
	b.WriteString(head)
	type next struct {
		name, path string
		of         *property
	}
	var further []next
	for _, f := range p.all[name].fields {
		at, q := path+"."+f.name, of.Properties[f.name]
		if q == nil {
			q = &property{}
		}
		if object, at := f.kind.leads(at); object != "" && sections[object] == "" {
			sections[object] = at
			further = append(further, next{object, at, q.inner()})
		}
		b.WriteString(f.row(spec, q, slices.Contains(of.Required, f.name), sections))
	}
	for _, n := range further {
		p.section(b, n.name, n.path, n.of, sections)
	}
}

// leads returns the object that a field leads to, "" for none, and how its section is called.
func (k kind) leads(path string) (object, at string) {
	for k := &k; k != nil; k = k.of {
		if k.name == "list" {
			path += "[]"
		}
		if k.object != "" {
			return k.object, path
		}
	}
	return "", path
}

// row is the line of a field; that of a status has neither default nor bounds.
func (f field) row(spec bool, q *property, required bool, sections map[string]string) string {
	kind := f.kind.words(sections)
	if !spec {
		return fmt.Sprintf("| `%s` | %s | %s |\n", f.name, kind, cell(f.doc))
	}
	if required {
		kind += ", required"
	}
	value := ""
	if q.Default != nil {
		value = manual.Code(fmt.Sprint(q.Default))
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", f.name, kind, value, cell(f.doc, q.bounds()))
}
