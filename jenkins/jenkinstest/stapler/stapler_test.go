package stapler_test

import (
	"testing"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

func sample() *stapler.Object {
	number := func(n int) *stapler.Object {
		return &stapler.Object{Class: "N", Props: []stapler.Prop{stapler.Val("n", stapler.Second, n), stapler.Val("deep", stapler.Top, "x\n\"")}}
	}
	return &stapler.Object{Class: "Root", Props: []stapler.Prop{
		stapler.Func("declared", stapler.Top, "N", func() any { return number(1) }),
		stapler.Val("list", stapler.Top, stapler.List{number(1), number(2), number(3)}),
		{Name: "inline", Visibility: stapler.Top, Inline: true, Value: func() any { return number(4) }},
		{Name: "skipped", Visibility: stapler.Top, Skip: true, Value: func() any { return nil }},
		stapler.Val("none", stapler.Top, nil),
		stapler.Val("map", stapler.Top, stapler.Map{{Key: "k", Value: float32(0)}}),
	}}
}

func TestTreesAndDepths(t *testing.T) {
	for query, want := range map[string]string{
		"depth 0":           `{"_class":"Root","declared":{"n":1},"list":[{"_class":"N","n":1},{"_class":"N","n":2},{"_class":"N","n":3}],"inline":{"_class":"N","n":4,"deep":"x\u000a\""},"none":null,"map":{"k":0.0}}`,
		"list[n]{1,}":       `{"_class":"Root","list":[{"_class":"N","n":2},{"_class":"N","n":3}]}`,
		"list[n]{,1},none":  `{"_class":"Root","list":[{"_class":"N","n":1}],"none":null}`,
		"list{1}":           `{"_class":"Root","list":[{"_class":"N"}]}`,
		"list[n]{2,9}":      `{"_class":"Root","list":[{"_class":"N","n":3}]}`,
		"list[n]{7,9}":      `{"_class":"Root","list":[]}`,
		"declared[*]":       `{"_class":"Root","declared":{"n":1,"deep":"x\u000a\""}}`,
		"nothing,none[any]": `{"_class":"Root","none":null}`,
	} {
		p := stapler.Depth(0)
		if query != "depth 0" {
			var err error
			if p, err = stapler.Tree(query); err != nil {
				t.Fatal(err)
			}
		}
		if got := string(stapler.JSON(sample(), p)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

func TestBadTreesAreRefused(t *testing.T) {
	for _, tree := range []string{"a[b", "a]", "a,,b", "a[b]{1", "a{x}", "a{1,2,3}", "a{}", "[a]", "a[]"} {
		if _, err := stapler.Tree(tree); err == nil {
			t.Errorf("tree %q was taken", tree)
		}
	}
}
