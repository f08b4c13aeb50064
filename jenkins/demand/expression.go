package demand

import (
	"slices"
	"strings"
)

// Expression is a label expression of Jenkins, such as linux && !docker. The zero value is no label at all: any node will do.
type Expression struct{ root *node }

type node struct {
	op   op
	name string  // of an atom
	kids []*node // operands, two or more of and, or, iff
}

type op int

// The operators. A chain of and, or and iff is one node: its depth does not grow with its length.
const (
	atom op = iota
	paren
	not
	and
	or
	implies
	iff
)

var signs = map[op]string{and: "&&", or: "||", implies: "->", iff: "<->"}

// Match tells whether an agent that offers the labels fulfils the expression.
func (e Expression) Match(labels []string) bool {
	return e.root == nil || e.root.match(func(name string) bool { return slices.Contains(labels, name) })
}

func (n *node) match(has func(string) bool) bool {
	switch n.op {
	case atom:
		return has(n.name)
	case not:
		return !n.kids[0].match(has)
	case and:
		return !slices.ContainsFunc(n.kids, func(k *node) bool { return !k.match(has) })
	case or:
		return slices.ContainsFunc(n.kids, func(k *node) bool { return k.match(has) })
	case implies:
		return !n.kids[0].match(has) || n.kids[1].match(has)
	case iff: // (a <-> b) <-> c
		truth := true
		for _, k := range n.kids {
			truth = truth == k.match(has)
		}
		return truth
	default:
		return n.kids[0].match(has)
	}
}

// Name returns the label if the expression is a single one.
func (e Expression) Name() (string, bool) {
	if e.root == nil || e.root.op != atom {
		return "", false
	}
	return e.root.name, true
}

// Names returns the labels that the expression speaks of, sorted.
func (e Expression) Names() []string {
	var names []string
	var walk func(n *node)
	walk = func(n *node) {
		if n.op == atom {
			names = append(names, n.name)
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	if e.root != nil {
		walk(e.root)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// String writes the expression as Jenkins does: operators without spaces, the author's parentheses kept, unsafe names in quotes. Only a
// single label that reads like an expression is in quotes where Jenkins has none, so that Parse always gives the same expression again.
func (e Expression) String() string {
	if e.root == nil {
		return ""
	}
	if name, single := e.Name(); single {
		if name != "" && nameEnd(name) == len(name) && !strings.ContainsFunc(name, control) {
			return name
		}
		return quote(name)
	}
	var b strings.Builder
	e.root.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	switch n.op {
	case atom:
		if safe(n.name) {
			b.WriteString(n.name)
		} else {
			b.WriteString(quote(n.name))
		}
	case not:
		b.WriteByte('!')
		n.kids[0].write(b)
	case paren:
		b.WriteByte('(')
		n.kids[0].write(b)
		b.WriteByte(')')
	default:
		for i, k := range n.kids {
			if i > 0 {
				b.WriteString(signs[n.op])
			}
			k.write(b)
		}
	}
}

// safe tells whether Jenkins writes a name without quotes inside of an expression.
func safe(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `?*/\%!@#$^&|<>[]:; ()"'`) && !strings.ContainsFunc(name, control)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func quote(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\b", `\b`, "\t", `\t`, "\n", `\n`, "\f", `\f`, "\r", `\r`).Replace(name) + `"`
}
