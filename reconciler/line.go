package main

import (
	"bytes"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"majordomo.dev/reconciler/object"
)

// lineOf returns the line of a file that states a field of an object, or the nearest one above the field; 0 if the object is not found.
// A value that an overlay has changed is not in the file, so the text of the field has to have it.
func lineOf(data []byte, id object.ID, field, value string) int {
	root := document(data, id)
	if root == nil {
		return 0
	}
	n, line := root, 0
	for _, key := range steps(field) {
		at, next := step(n, key)
		if next == nil {
			if value != "" {
				return 0
			}
			break
		}
		n, line = next, at
	}
	if value != "" && !strings.Contains(n.Value, value) {
		return 0
	}
	return line
}

// document returns the object of that kind and name; if none has the name, which an overlay may have changed, the only one of the kind.
func document(data []byte, id object.ID) *yamlv3.Node {
	var same []*yamlv3.Node
	decoder := yamlv3.NewDecoder(bytes.NewReader(data))
	for {
		var doc yamlv3.Node
		if decoder.Decode(&doc) != nil || len(doc.Content) == 0 {
			break
		}
		root := doc.Content[0]
		if follow(root, "kind") != id.Kind {
			continue
		}
		if follow(root, "metadata", "name") == id.Name {
			return root
		}
		same = append(same, root)
	}
	if len(same) != 1 {
		return nil
	}
	return same[0]
}

// follow returns the text at a path, "" if there is none.
func follow(n *yamlv3.Node, path ...string) string {
	for _, key := range path {
		if _, n = step(n, key); n == nil {
			return ""
		}
	}
	return n.Value
}

// step returns the value of a key, or the element of an index, with the line that it begins in.
func step(n *yamlv3.Node, key string) (line int, value *yamlv3.Node) {
	for n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yamlv3.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i].Line, n.Content[i+1]
			}
		}
	case yamlv3.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i].Line, n.Content[i]
		}
	}
	return 0, nil
}

// steps splits .spec.list[0].field, and .metadata.annotations[example.com/key].
func steps(field string) []string {
	var all []string
	for part := range strings.SplitSeq(field, "[") {
		key, rest, closed := strings.Cut(part, "]")
		if closed {
			all = append(all, key)
			part = rest
		}
		for name := range strings.SplitSeq(part, ".") {
			if name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}
