package demand_test

import (
	"strings"
	"testing"

	"majordomo.dev/jenkins/demand"
)

func TestLabelExpressions(t *testing.T) {
	tests := []struct {
		text, want string
		yes, no    string // sets of labels, separated by spaces and commas
	}{
		{"linux", "linux", "linux,linux docker", " ,docker"},
		{" linux\t", "linux", "linux", "docker"},
		{"linux && docker", "linux&&docker", "docker linux", "linux,docker"},
		{"windows || (mac && arm64)", "windows||(mac&&arm64)", "windows,mac arm64", "mac,arm64,linux"},
		{"linux && !docker", "linux&&!docker", "linux", "linux docker,docker"},
		{"!linux", "!linux", " ,docker", "linux"},
		{"docker||linux&&!big", "docker||linux&&!big", "docker,docker big,linux", "linux big"},
		{"linux->docker", "linux->docker", "docker, ,linux docker", "linux"},
		{"a-->b", "a-->b", "b, ", "a-"},
		{"a <-> b <-> c", "a<->b<->c", "a b c,a,b,c", "a b, "},
		{"a||b->c||d", "a||b->c||d", "c,a d, ", "a,b"},
		{"((a))", "((a))", "a", "b"},
		{`"a b"||c`, `"a b"||c`, "c", "a b"},
		{`"linux"`, "linux", "linux", "docker"},
		{`"a\"b\\c\n"`, `"a\"b\\c\n"`, "", "a"},
		{"a/b&&c:d", `"a/b"&&"c:d"`, "a/b c:d", "a/b"},
		{"arm-64_x.y:1", "arm-64_x.y:1", "arm-64_x.y:1", "arm-64"},
		{"größe||日本", "größe||日本", "größe,日本", "grosse"},
		{"agent-1", "agent-1", "agent-1", "agent"},
		{`""`, `""`, "", "a"},
	}
	for _, tt := range tests {
		e, err := demand.Parse(tt.text)
		if err != nil || e.String() != tt.want {
			t.Errorf("Parse(%q) = %q, %v, want %q", tt.text, e, err, tt.want)
		}
		for want, sets := range map[bool]string{true: tt.yes, false: tt.no} {
			for set := range strings.SplitSeq(sets, ",") {
				if got := e.Match(strings.Fields(set)); got != want && sets != "" {
					t.Errorf("%q matches %q: %v, want %v", tt.text, set, got, want)
				}
			}
		}
	}
}

func TestWhatIsNoExpressionIsOneLabelOfThatName(t *testing.T) {
	deep := strings.Repeat("(", 101) + "a" + strings.Repeat(")", 101)
	long := strings.Repeat("a||", 5000) + "a"
	tests := map[string]string{
		"linux &&":  "a label is missing at the end",
		"&& linux":  `"&& linux" at character 1 is unexpected`,
		"linux & x": `"& x" at character 7 is unexpected`,
		"a b":       `"b" at character 3 is unexpected`,
		"!!a":       `"!a" at character 2 is unexpected`,
		"a->b->c":   `"->c" at character 5 is unexpected`,
		"(a":        "the parenthesis at character 1 is not closed",
		"(a b)":     `"b)" at character 4 is unexpected`,
		"a)":        `")" at character 2 is unexpected`,
		"()":        `")" at character 2 is unexpected`,
		`"a`:        "the quote at character 1 is not closed",
		"\"a\nb\"":  "line break in the quotes at character 1",
		`"a\x"`:     `\ at character 3 stands before none of`,
		`"a\`:       `\ at character 3 stands before none of`,
		"it's":      `"'s" at character 3 is unexpected`,
		"a <- b":    `"<- b" at character 3 is unexpected`,
		deep:        "more than 100 parentheses in each other",
		long:        "has 15001 characters; 10000 are allowed",
		"a && !":    "a label is missing at the end",
	}
	for text, want := range tests {
		e, err := demand.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.40q): %v, want %q", text, err, want)
		}
		if !e.Match([]string{text}) || e.Match([]string{"a", "b", "linux"}) {
			t.Errorf("Parse(%.40q) = %.40q is not one label of that name", text, e)
		}
	}
	if e, err := demand.Parse(" \n"); err == nil || !e.Match(nil) || e.String() != "" {
		t.Errorf("Parse of nothing = %q, %v, want an error and no label", e, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"linux && docker", `!"a b"||(c->d)`, "a<->b", "linux &&", `"\"\\\n"`, "a-->b", "((", "größe", "\xff&&\x00", "'a'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := demand.Parse(text)
		written := e.String()
		again, err2 := demand.Parse(written)
		if len(written) > 10_000 {
			return // longer than it was, for its quotes
		}
		if again.String() != written {
			t.Fatalf("%q is written %q, and that %q (%v, %v)", text, written, again, err, err2)
		}
		if err == nil && err2 != nil {
			t.Fatalf("%q is written %q, which is no expression: %v", text, written, err2)
		}
		names := e.Names()
		for i := range min(1<<len(names), 64) {
			var set []string
			for j, n := range names {
				if j < 6 && i&(1<<j) != 0 {
					set = append(set, n)
				}
			}
			if e.Match(set) != again.Match(set) {
				t.Fatalf("%q and %q differ for %q", text, written, set)
			}
		}
	})
}
