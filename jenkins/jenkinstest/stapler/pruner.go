package stapler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Pruner decides which properties are shown.
type Pruner interface {
	// accept returns the pruner for the value of a property, nil if it is not shown.
	accept(Prop) Pruner
	// span tells which elements of a list are shown.
	span(n int) (from, to int)
}

// depth shows what is visible at a level.
type depth int

// Depth shows what ?depth=n shows.
func Depth(n int) Pruner { return depth(1 - n) }

func (d depth) accept(p Prop) Pruner {
	if p.Visibility < int(d) {
		return nil
	}
	if p.Inline {
		return d
	}
	return d + 1
}

func (depth) span(n int) (int, int) { return 0, n }

// node is a level of a tree.
type node struct {
	children map[string]*node
	bounded  bool
	from, to int
}

func (t *node) accept(p Prop) Pruner {
	c := t.children[p.Name]
	if c == nil {
		c = t.children["*"]
	}
	if c == nil {
		return nil
	}
	return c
}

func (t *node) span(n int) (int, int) {
	if !t.bounded {
		return 0, n
	}
	from, to := min(max(t.from, 0), n), min(t.to, n)
	return from, max(from, to)
}

// Tree shows what ?tree=expression shows: names with commas between, [children] and {from,to} behind them.
func Tree(expression string) (Pruner, error) {
	p := parser{text: expression}
	root := &node{children: map[string]*node{}}
	if err := p.level(root); err != nil {
		return nil, fmt.Errorf("tree %q: %w", expression, err)
	}
	if p.at < len(p.text) {
		return nil, fmt.Errorf("tree %q: %q at %d is unexpected", expression, p.text[p.at:], p.at)
	}
	return root, nil
}

type parser struct {
	text string
	at   int
}

const special = ",[]{}"

func (p *parser) level(into *node) error {
	for {
		c, err := p.item(into)
		if err != nil {
			return err
		}
		if p.take('[') {
			if err := p.level(c); err != nil {
				return err
			}
			if !p.take(']') {
				return fmt.Errorf("] is missing at %d", p.at)
			}
		}
		if p.take('{') {
			if err := p.bounds(c); err != nil {
				return err
			}
		}
		if !p.take(',') {
			return nil
		}
	}
}

// item reads a name. The same name twice is one node.
func (p *parser) item(into *node) (*node, error) {
	end := strings.IndexAny(p.text[p.at:], special)
	if end < 0 {
		end = len(p.text) - p.at
	}
	name := strings.TrimSpace(p.text[p.at : p.at+end])
	if name == "" {
		return nil, fmt.Errorf("a name is missing at %d", p.at)
	}
	p.at += end
	c := into.children[name]
	if c == nil {
		c = &node{children: map[string]*node{}}
		into.children[name] = c
	}
	return c, nil
}

func (p *parser) take(b byte) bool {
	if p.at < len(p.text) && p.text[p.at] == b {
		p.at++
		return true
	}
	return false
}

// bounds reads the rest of {from,to}, {from,}, {,to} or {index}.
func (p *parser) bounds(n *node) error {
	inner, _, ok := strings.Cut(p.text[p.at:], "}")
	if !ok {
		return fmt.Errorf("} is missing behind %d", p.at)
	}
	p.at += len(inner) + 1
	parts := strings.Split(inner, ",")
	if len(parts) > 2 || slices.Equal(parts, []string{""}) {
		return fmt.Errorf("{%s} is no range", inner)
	}
	n.bounded, n.from, n.to = true, 0, int(^uint(0)>>1)
	for i, part := range parts {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		v, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("{%s} is no range", inner)
		}
		if i == 0 {
			n.from = v
		} else {
			n.to = v
		}
	}
	if len(parts) == 1 {
		n.to = n.from + 1
	}
	return nil
}
