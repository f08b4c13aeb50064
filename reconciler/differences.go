package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	sigsyaml "sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// differences prints a plan as a person reviews it: each object that would change, with its fields.
type differences struct {
	*app
	summary bool
	lines   int // around a change in a longer text
}

// plan prints every step that does something, or does not do what Git says.
func (d differences) plan(p plan.Plan) {
	for _, s := range p.Steps {
		switch s.Op {
		case plan.Create:
			d.head(green, "+", s.ID, s.Version, s.Reason)
			d.created(s)
		case plan.Update:
			d.head(yellow, "~", s.ID, s.Version, s.Reason)
			d.changed(s.Changes)
		case plan.Prune:
			d.head(red, "-", s.ID, s.Version, s.Reason)
		case plan.Refuse:
			d.head(red, "!", s.ID, s.Version, "refused: "+s.Reason)
		case plan.Keep:
			if s.Reason != unchanged {
				d.head(dim, "=", s.ID, s.Version, s.Reason)
			}
		}
	}
	if p.Hold == nil {
		return
	}
	for _, id := range p.Hold.IDs {
		d.head(yellow, "-", id, "", held)
	}
	d.printf("%s\n", d.stdout.paint(yellow, oneLine(p.Hold.Reason)))
}

// Reasons of steps: of those that are not worth a line, and of objects whose prune is held.
const (
	unchanged = "unchanged"
	held      = "held: no longer in Git, and waits for approval"
)

// head prints the line of one object: "~ apps/v1 ReplicaSet jenkins/agent-linux  field .spec.replicas changed in Git".
func (d differences) head(s style, mark string, id object.ID, version, reason string) {
	name := oneLine(named(id, version))
	d.printf("%s  %s\n", d.stdout.paint(s, mark+" "+name), d.stdout.paint(dim, oneLine(reason)))
}

// named gives an object as in the file that states it: "apps/v1 ReplicaSet jenkins/agent-linux".
func named(id object.ID, version string) string {
	api := version
	if id.Group != "" {
		api = strings.TrimSuffix(id.Group+"/"+version, "/")
	}
	name := id.Name
	if id.Namespace != "" {
		name = id.Namespace + "/" + name
	}
	return strings.TrimSpace(api + " " + id.Kind + " " + name)
}

// created prints a new object whole, without its secrets.
func (d differences) created(s plan.Step) {
	if d.summary {
		return
	}
	for line := range strings.Lines(whole(s)) {
		d.line(green, "    + ", line)
	}
}

// whole is an object that a step would create, without its secrets.
func whole(s plan.Step) string {
	b, err := sigsyaml.Marshal(object.Redact(s.Payload.Object))
	if err != nil {
		return "" // it came from YAML
	}
	return string(b)
}

func (d differences) changed(changes []object.Change) {
	if d.summary {
		return
	}
	for _, c := range changes {
		d.printf("    %s\n", oneLine(c.Path))
		d.field(c)
	}
}

// field prints one field: longer texts as a unified diff, everything else as what goes and what comes.
func (d differences) field(c object.Change) {
	if from, to, are := texts(c); are {
		d.text(from, to)
		return
	}
	if c.From != nil {
		d.line(red, "      - ", value(c.From))
	}
	if c.To != nil {
		d.line(green, "      + ", value(c.To))
	}
}

// text prints how a text of several lines changes.
func (d differences) text(from, to string) {
	for line := range strings.Lines(unified(from, to, d.lines)) {
		switch line[0] {
		case '+':
			d.line(green, "      + ", line[1:])
		case '-':
			d.line(red, "      - ", line[1:])
		case '@':
			d.line(cyan, "      ", line)
		default:
			d.line(plain, "        ", line[1:])
		}
	}
}

// unified is the difference of two texts, with so many lines around each change.
func unified(from, to string, lines int) string {
	text, err := udiff.ToUnified("", "", from, udiff.Lines(from, to), lines)
	if err != nil {
		return "" // the edits are those of this very text
	}
	body := strings.SplitN(text, "\n", 3) // without the two lines that name files
	return body[len(body)-1]
}

// texts returns the two sides of a field whose difference is best shown line by line, and whether it is such a one.
func texts(c object.Change) (from, to string, are bool) {
	from, isText := c.From.(string)
	to, alsoText := c.To.(string)
	return from, to, isText && alsoText && strings.Contains(from+to, "\n")
}

func (d differences) line(s style, mark, text string) {
	d.printf("%s\n", d.stdout.paint(s, mark+safe(strings.TrimSuffix(text, "\n"))))
}

// value gives a value on one line. What is masked stays as it is, without quotes.
func value(v any) string {
	if v == object.Masked {
		return object.Masked
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// differs tells whether a sync would do anything, or could not.
func (p preview) differs() bool {
	return p.plan.Changes() || p.plan.Hold != nil || p.plan.Count(plan.Refuse) > 0
}

// line sums the plan up: "Plan: 2 to apply (1 create, 1 change), 1 to prune, 0 held — env gke @ 3f2c1ab".
func (p preview) line() string {
	creates, changes, held := p.plan.Count(plan.Create), p.plan.Count(plan.Update), 0
	if p.plan.Hold != nil {
		held = len(p.plan.Hold.IDs)
	}
	refused := ""
	if n := p.plan.Count(plan.Refuse); n > 0 {
		refused = fmt.Sprintf(", %d refused", n)
	}
	return fmt.Sprintf("Plan: %d to apply (%d create, %d change), %d to prune, %d held%s — env %s @ %s",
		creates+changes, creates, changes, p.plan.Count(plan.Prune), held, refused, p.plan.Environment, oneLine(p.at))
}
