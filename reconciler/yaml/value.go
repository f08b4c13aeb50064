package yaml

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// converter turns nodes into values and counts what it makes. One serves all documents of a file.
type converter struct {
	file    string
	limits  Limits
	nodes   int
	aliased int
	open    []*yamlv3.Node // anchors being expanded: an alias to one of them is a cycle
	made    bool           // by a program, which knows what it means, and not by hand
}

// Convert returns the value of a node that a program made, such as the output of kustomize.
func Convert(n *yamlv3.Node, l Limits) (any, error) {
	c := converter{limits: l.orDefault(), made: true}
	return c.value(n, nil, 0)
}

func (c *converter) fail(n *yamlv3.Node, at *place, format string, args ...any) error {
	return &Error{File: c.file, Line: n.Line, Field: at.String(), Problem: fmt.Sprintf(format, args...)}
}

func (c *converter) value(n *yamlv3.Node, at *place, depth int) (any, error) {
	if err := c.count(n, at, depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yamlv3.AliasNode:
		return c.alias(n, func() (any, error) { return c.value(n.Alias, at, depth) }, at)
	case yamlv3.MappingNode:
		if err := c.plainTag(n, at, "!!map"); err != nil {
			return nil, err
		}
		m := make(map[string]any, len(n.Content)/2)
		return m, c.fill(m, n, at, depth)
	case yamlv3.SequenceNode:
		if err := c.plainTag(n, at, "!!seq"); err != nil {
			return nil, err
		}
		return c.list(n, at, depth)
	}
	return c.scalar(n, at)
}

func (c *converter) count(n *yamlv3.Node, at *place, depth int) error {
	c.nodes++
	if len(c.open) > 0 {
		c.aliased++
	}
	switch {
	case depth > c.limits.Depth:
		return c.fail(n, nil, "maps and lists are nested more than %d deep", c.limits.Depth)
	case c.nodes > c.limits.Nodes:
		return c.fail(n, at, "the file has too many keys and list entries; allowed are %d", c.limits.Nodes)
	case c.aliased > c.limits.Aliased:
		return c.fail(n, at, "aliases expand to more than %d keys and values; write them out, or use a kustomize patch", c.limits.Aliased)
	}
	return nil
}

func (c *converter) alias(n *yamlv3.Node, expand func() (any, error), at *place) (any, error) {
	if n.Alias == nil || slices.Contains(c.open, n.Alias) {
		return nil, c.fail(n, at, "alias *%s refers to itself", n.Value)
	}
	c.open = append(c.open, n.Alias)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	return expand()
}

func (c *converter) list(n *yamlv3.Node, at *place, depth int) (any, error) {
	s := make([]any, len(n.Content))
	for i, e := range n.Content {
		v, err := c.value(e, at.element(i), depth+1)
		if err != nil {
			return nil, err
		}
		s[i] = v
	}
	return s, nil
}

// fill puts the entries of a mapping into the map. What the mapping itself says wins over what it merges.
func (c *converter) fill(m map[string]any, n *yamlv3.Node, at *place, depth int) error {
	lines := make(map[string]int, len(n.Content)/2)
	var merges []*yamlv3.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yamlv3.ScalarNode && k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		key, err := c.key(k, at)
		if err != nil {
			return err
		}
		if first := lines[key]; first > 0 {
			return c.fail(k, at.field(key), "is there twice, first on line %d; keep one", first)
		}
		lines[key] = k.Line
		if m[key], err = c.value(v, at.field(key), depth+1); err != nil {
			return err
		}
	}
	if len(merges) > 1 {
		return c.fail(merges[1], at.field("<<"), "is there twice; keep one, with a list of what to merge")
	}
	for _, v := range merges {
		if err := c.merge(m, v, at, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *converter) merge(m map[string]any, n *yamlv3.Node, at *place, depth int) error {
	if err := c.count(n, at, depth); err != nil {
		return err
	}
	switch n.Kind {
	case yamlv3.AliasNode:
		_, err := c.alias(n, func() (any, error) { return nil, c.merge(m, n.Alias, at, depth) }, at.field("<<"))
		return err
	case yamlv3.MappingNode:
		from := make(map[string]any, len(n.Content)/2)
		if err := c.fill(from, n, at, depth+1); err != nil {
			return err
		}
		for k, v := range from {
			if _, ok := m[k]; !ok {
				m[k] = v
			}
		}
		return nil
	case yamlv3.SequenceNode:
		for _, e := range n.Content {
			if e.Kind == yamlv3.SequenceNode {
				return c.fail(e, at.field("<<"), "merges a list of lists; allowed are maps")
			}
			if err := c.merge(m, e, at, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return c.fail(n, at.field("<<"), "merges %s; allowed are maps", nodeName(n))
}

func (c *converter) key(n *yamlv3.Node, at *place) (string, error) {
	if n.Kind == yamlv3.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Kind != yamlv3.ScalarNode {
		return "", c.fail(n, at, "a key is %s; allowed is text", nodeName(n))
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return n.Value, c.unambiguous(n, at.field(n.Value))
	}
	return "", c.fail(n, at, "key %q is %s; allowed is text", n.Value, n.ShortTag())
}

func (c *converter) scalar(n *yamlv3.Node, at *place) (any, error) {
	switch n.ShortTag() {
	case "!!str":
		return n.Value, c.unambiguous(n, at)
	case "!!timestamp":
		if n.Style&yamlv3.TaggedStyle == 0 {
			return n.Value, nil
		}
	case "!!null":
		return nil, nil
	case "!!bool":
		return c.bool(n, at)
	case "!!int":
		return c.int(n, at)
	case "!!float":
		return c.float(n, at)
	case "!!merge":
		return n.Value, nil
	case "!!binary":
		return nil, c.fail(n, at, "has the tag !!binary; write the base64 text without a tag, as data of a Secret or binaryData of a ConfigMap")
	}
	return nil, c.fail(n, at, "has the tag %s; allowed are plain text, numbers, true, false and null", n.ShortTag())
}

func (c *converter) plainTag(n *yamlv3.Node, at *place, tag string) error {
	if got := n.ShortTag(); got != tag {
		return c.fail(n, at, "has the tag %s; allowed are plain maps and lists", got)
	}
	return nil
}

// unambiguous refuses the words that are booleans to YAML 1.1, which kubectl speaks, and text to YAML 1.2, which kustomize speaks.
func (c *converter) unambiguous(n *yamlv3.Node, at *place) error {
	if n.Style != 0 || c.made {
		return nil // quoted, literal or tagged
	}
	switch strings.ToLower(n.Value) {
	case "yes", "on":
		return c.fail(n, at, "%s is true to one YAML reader and text to another; write true, or %q with quotes", n.Value, n.Value)
	case "no", "off":
		return c.fail(n, at, "%s is false to one YAML reader and text to another; write false, or %q with quotes", n.Value, n.Value)
	}
	return nil
}

func (c *converter) bool(n *yamlv3.Node, at *place) (any, error) {
	switch strings.ToLower(n.Value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, c.fail(n, at, "is tagged a boolean and is none; allowed are true and false")
}

func (c *converter) int(n *yamlv3.Node, at *place) (any, error) {
	digits := strings.ReplaceAll(n.Value, "_", "")
	if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return i, nil
	}
	return nil, c.fail(n, at, "does not fit a 64 bit integer; if it is text, put it in quotes")
}

// float reads a number; a whole one becomes an integer, as it does on its way through JSON to the API server.
func (c *converter) float(n *yamlv3.Node, at *place) (any, error) {
	if !strings.ContainsAny(n.Value, ".eE") {
		return c.int(n, at) // an integer that is too big; as a float it would be another number
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, c.fail(n, at, "is no number that JSON has; allowed are finite numbers")
	}
	const exact = 1 << 53
	if f == math.Trunc(f) && math.Abs(f) < exact {
		return int64(f), nil
	}
	return f, nil
}

func nodeName(n *yamlv3.Node) string {
	switch n.Kind {
	case yamlv3.MappingNode:
		return "a map"
	case yamlv3.SequenceNode:
		return "a list"
	}
	return strings.TrimPrefix(n.ShortTag(), "!!")
}

func typeName(v any) string {
	switch v.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return "a boolean"
	}
	return "a number"
}
