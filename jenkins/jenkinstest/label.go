package jenkinstest

import (
	"fmt"
	"strings"
)

// label is a parsed label expression. It is written here anew, so that tests do not check the product's parser with itself.
type label struct {
	class   string // of Jenkins
	name    string // canonical: operators without spaces, the user's parentheses
	matches func(labels map[string]bool) bool
}

const labelClass = "hudson.model.labels."

func atom(name string) *label {
	return &label{class: labelClass + "LabelAtom", name: name, matches: func(l map[string]bool) bool { return l[name] }}
}

// isAtom tells whether the label is a single name.
func (l *label) isAtom() bool { return l.class == labelClass+"LabelAtom" }

// expression is the label inside of another expression: unsafe names are quoted.
func (l *label) expression() string {
	if l.isAtom() && unsafeLabel(l.name) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(l.name) + `"`
	}
	return l.name
}

func unsafeLabel(name string) bool {
	return name == "" || name == "." || name == ".." || strings.ContainsAny(name, "?*/\\%!@#$^&|<>[]:; ()\t\n\"")
}

// readLabel does what Jenkins does with the text that a user wrote: the label, and the text as the API shows it. What is no expression
// is one name with strange characters. No text is no label.
func (w *world) readLabel(text string) (*label, string) {
	if strings.TrimSpace(text) == "" {
		return nil, ""
	}
	if l, err := parseLabel(text, !newer(w.options.Version, 300)); err == nil {
		return l, text
	}
	l := atom(text)
	return l, l.expression()
}

// parseLabel parses an expression by the grammar of Jenkins. In old versions a dash always belongs to a name: a->b is no expression there.
func parseLabel(text string, old bool) (*label, error) {
	p := &labelParser{rest: text, old: old}
	l, err := p.iff()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("%q is unexpected", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("label expression %q: %w", text, err)
	}
	return l, nil
}

type labelParser struct {
	rest string
	old  bool
}

var labelOperators = []string{"<->", "->", "||", "&&", "!", "(", ")"}

// peek returns the next operator, or the first byte of a name, or "" at the end.
func (p *labelParser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t\n\r")
	for _, op := range labelOperators {
		if strings.HasPrefix(p.rest, op) {
			return op
		}
	}
	if p.rest == "" {
		return ""
	}
	return p.rest[:1]
}

func (p *labelParser) take(op string) bool {
	if p.peek() != op {
		return false
	}
	p.rest = p.rest[len(op):]
	return true
}

func binary(class, op string, a, b *label, truth func(a, b bool) bool) *label {
	return &label{class: labelClass + "LabelExpression$" + class, name: a.expression() + op + b.expression(), matches: func(l map[string]bool) bool {
		return truth(a.matches(l), b.matches(l))
	}}
}

// chain parses operands with one operator between them, left to right.
func (p *labelParser) chain(class, op string, operand func() (*label, error), truth func(a, b bool) bool) (*label, error) {
	l, err := operand()
	for err == nil && p.take(op) {
		var r *label
		if r, err = operand(); err == nil {
			l = binary(class, op, l, r, truth)
		}
	}
	return l, err
}

func (p *labelParser) iff() (*label, error) {
	return p.chain("Iff", "<->", p.implies, func(a, b bool) bool { return a == b })
}

// implies is not chained: a->b->c is no expression.
func (p *labelParser) implies() (*label, error) {
	l, err := p.or()
	if err != nil || !p.take("->") {
		return l, err
	}
	r, err := p.or()
	if err != nil {
		return nil, err
	}
	return binary("Implies", "->", l, r, func(a, b bool) bool { return !a || b }), nil
}

func (p *labelParser) or() (*label, error) {
	return p.chain("Or", "||", p.and, func(a, b bool) bool { return a || b })
}

func (p *labelParser) and() (*label, error) {
	return p.chain("And", "&&", p.not, func(a, b bool) bool { return a && b })
}

// not takes one operator only: !!a is no expression.
func (p *labelParser) not() (*label, error) {
	if !p.take("!") {
		return p.primary()
	}
	l, err := p.primary()
	if err != nil {
		return nil, err
	}
	return &label{class: labelClass + "LabelExpression$Not", name: "!" + l.expression(), matches: func(s map[string]bool) bool { return !l.matches(s) }}, nil
}

func (p *labelParser) primary() (*label, error) {
	switch next := p.peek(); next {
	case "":
		return nil, fmt.Errorf("a label is missing at the end")
	case "(":
		p.take("(")
		l, err := p.iff()
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, fmt.Errorf(") is missing before %q", p.rest)
		}
		return &label{class: labelClass + "LabelExpression$Paren", name: "(" + l.expression() + ")", matches: l.matches}, nil
	case `"`:
		return p.quoted()
	default:
		end := nameEnd(p.rest, p.old)
		if end == 0 {
			return nil, fmt.Errorf("%q is unexpected", p.rest)
		}
		l := atom(p.rest[:end])
		p.rest = p.rest[end:]
		return l, nil
	}
}

// nameEnd returns how long the name is that a text begins with. A dash belongs to it, but in new versions not before >.
func nameEnd(text string, old bool) int {
	for i := range len(text) {
		if strings.IndexByte("&|!<>() \t\n\r\"'", text[i]) >= 0 || !old && strings.HasPrefix(text[i:], "->") {
			return i
		}
	}
	return len(text)
}

func (p *labelParser) quoted() (*label, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return atom(b.String()), nil
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return nil, fmt.Errorf("the quote of %q is not closed", p.rest)
}
