package demand

import (
	"errors"
	"fmt"
	"strings"
)

// What a label expression may have at most. Jenkins itself knows no bound.
const (
	maxText  = 10_000 // bytes
	maxDepth = 100    // parentheses in each other
)

var errEmpty = errors.New("is empty")

// Parse reads a label expression by the grammar of Jenkins, the strongest operator first: (a), !a, a && b, a || b, a -> b, a <-> b. A
// label with other than plain characters stands in double quotes.
//
// A text that is none is an error that says where; the Expression is then what Jenkins makes of it nevertheless: one label of that very
// name. Only an empty text has none.
func Parse(text string) (Expression, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if text == "" {
		return Expression{}, fmt.Errorf("label expression %w", errEmpty)
	}
	if len(text) > maxText {
		return single(text), fmt.Errorf("label expression has %d characters; %d are allowed", len(text), maxText)
	}
	p := &parser{text: text}
	root, err := p.iff()
	if err == nil && p.peek() != "" {
		err = p.unexpected()
	}
	if err != nil {
		return single(text), fmt.Errorf("label expression %q: %w; it may have names, && || ! -> <-> and parentheses", shorten(text), err)
	}
	return Expression{root}, nil
}

func single(name string) Expression { return Expression{&node{op: atom, name: name}} }

// written reads the label of a project as Jenkins does when it looks the label up: quotes around the whole are taken away before.
func written(text string) Expression {
	e, _ := Parse(unquote(strings.TrimSpace(text)))
	return e
}

type parser struct {
	text  string
	at    int
	depth int
}

var tokens = []string{"<->", "->", "||", "&&", "!", "(", ")"}

// peek returns the next operator, or the first byte of something else, or "" at the end.
func (p *parser) peek() string {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	rest := p.text[p.at:]
	for _, t := range tokens {
		if strings.HasPrefix(rest, t) {
			return t
		}
	}
	return rest[:min(len(rest), 1)]
}

func (p *parser) take(token string) bool {
	if p.peek() != token {
		return false
	}
	p.at += len(token)
	return true
}

func (p *parser) unexpected() error {
	return fmt.Errorf("%q at character %d is unexpected", shorten(p.text[p.at:]), p.at+1)
}

// chain parses operands with the same operator between them.
func (p *parser) chain(o op, operand func() (*node, error)) (*node, error) {
	n, err := operand()
	if err != nil || p.peek() != signs[o] {
		return n, err
	}
	n = &node{op: o, kids: []*node{n}}
	for p.take(signs[o]) {
		next, err := operand()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, next)
	}
	return n, nil
}

func (p *parser) iff() (*node, error) { return p.chain(iff, p.implies) }

// implies is not chained: a->b->c is no expression.
func (p *parser) implies() (*node, error) {
	n, err := p.or()
	if err != nil || !p.take("->") {
		return n, err
	}
	then, err := p.or()
	if err != nil {
		return nil, err
	}
	return &node{op: implies, kids: []*node{n, then}}, nil
}

func (p *parser) or() (*node, error)  { return p.chain(or, p.and) }
func (p *parser) and() (*node, error) { return p.chain(and, p.not) }

// not is not repeated: !!a is no expression.
func (p *parser) not() (*node, error) {
	if !p.take("!") {
		return p.primary()
	}
	n, err := p.primary()
	if err != nil {
		return nil, err
	}
	return &node{op: not, kids: []*node{n}}, nil
}

func (p *parser) primary() (*node, error) {
	switch p.peek() {
	case "":
		return nil, errors.New("a label is missing at the end")
	case "(":
		return p.parens()
	case `"`:
		return p.quoted()
	}
	end := p.at + nameEnd(p.text[p.at:])
	if end == p.at {
		return nil, p.unexpected()
	}
	n := &node{op: atom, name: p.text[p.at:end]}
	p.at = end
	return n, nil
}

func (p *parser) parens() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("more than %d parentheses in each other", maxDepth)
	}
	defer func() { p.depth-- }()
	from := p.at + 1
	p.take("(")
	n, err := p.iff()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		if p.peek() != "" {
			return nil, p.unexpected()
		}
		return nil, fmt.Errorf("the parenthesis at character %d is not closed", from)
	}
	return &node{op: paren, kids: []*node{n}}, nil
}

func (p *parser) quoted() (*node, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '"':
			p.at = i + 1
			return &node{op: atom, name: b.String()}, nil
		case '\r', '\n':
			return nil, fmt.Errorf("line break in the quotes at character %d", p.at+1)
		case '\\':
			if i++; i == len(p.text) || strings.IndexByte(`btnfr"'\`, p.text[i]) < 0 {
				return nil, fmt.Errorf(`\ at character %d stands before none of b t n f r " ' \`, i)
			}
			b.WriteByte(unescape(p.text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return nil, fmt.Errorf("the quote at character %d is not closed", p.at+1)
}

// nameEnd returns how long the name is that a text begins with. A dash belongs to it unless it begins an arrow.
func nameEnd(text string) int {
	for i := range len(text) {
		if strings.IndexByte("&|!<>() \t\"'", text[i]) >= 0 || strings.HasPrefix(text[i:], "->") {
			return i
		}
	}
	return len(text)
}

func unescape(c byte) byte {
	if i := strings.IndexByte("btnfr", c); i >= 0 {
		return "\b\t\n\f\r"[i]
	}
	return c
}

// unquote takes away the quotes around a text, single or double ones.
func unquote(text string) string {
	if len(text) < 2 || text[0] != text[len(text)-1] || text[0] != '"' && text[0] != '\'' {
		return text
	}
	var b strings.Builder
	for i := 1; i < len(text)-1; i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text)-1 {
			i++
			c = unescape(text[i])
		}
		b.WriteByte(c)
	}
	return b.String()
}
