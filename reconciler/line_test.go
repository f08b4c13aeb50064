package main

import (
	"testing"

	"majordomo.dev/reconciler/object"
)

func TestAFieldHasItsLine(t *testing.T) {
	const file = `# comment
kind: ConfigMap
metadata: {name: other}
---
kind: ConfigMap
metadata:
  name: cm
  annotations:
    example.com/a: x
base: &base
  list:
  - a: 1
  -
    a: 2
    b: two
alias: *base
`
	id := object.ID{Kind: "ConfigMap", Name: "cm"}
	for _, tt := range []struct {
		field, value string
		want         int
	}{
		{".metadata.name", "", 7},
		{".metadata.annotations[example.com/a]", "", 9},
		{".base.list[0].a", "", 12},
		{".base.list[1].a", "2", 14},
		{".base.list[1].b", "two", 15},
		{".base.list[1].b", "three", 0},
		{".alias.list[1].b", "", 15},
		{".base.list[7].a", "", 11},
		{".base.list[x].a", "", 11},
		{".metadata.namespace", "", 6},
		{".metadata.namespace", "x", 0},
		{".metadata.name.deeper", "", 7},
		{".other", "", 0},
	} {
		if got := lineOf([]byte(file), id, tt.field, tt.value); got != tt.want {
			t.Errorf("%s with %q is in line %d, want %d", tt.field, tt.value, got, tt.want)
		}
	}
	renamed := object.ID{Kind: "ConfigMap", Name: "prefix-cm"}
	if got := lineOf([]byte("kind: ConfigMap\nmetadata:\n  name: cm\n"), renamed, ".metadata.name", ""); got != 3 {
		t.Errorf("the only one of its kind is in line %d, want 3", got)
	}
	if got := lineOf([]byte(file), renamed, ".metadata.name", ""); got != 0 {
		t.Errorf("one of two is in line %d, want none", got)
	}
	for _, bad := range []string{"", "a: b: c", "- x\n", "kind: ConfigMap\nmetadata: [a]\n"} {
		lineOf([]byte(bad), id, ".metadata.name", "")
	}
}
