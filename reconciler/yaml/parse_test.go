package yaml

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const identity = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// bomb is a billion laughs: each level holds ten of the one before.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 lol\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

func mergeBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 {k0: v, l0: v}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [*a%d, *a%d], k%d: v}\n", i, i, i-1, i-1, i)
	}
	return b.String()
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func TestRefuse(t *testing.T) {
	cases := []struct {
		name, text, want string
		limits           Limits
	}{
		{name: "alias bomb", text: bomb(), want: "aliases expand to more than 50000 keys and values"},
		{name: "merge bomb", text: mergeBomb(), want: "aliases expand to more than 50000 keys and values"},
		{name: "a million keys", text: keys(1_000_000), limits: Limits{Bytes: 64 << 20}, want: "f.yaml: has too many keys and list entries; allowed are 500000"},
		{name: "a million entries on one line", text: "a: [" + strings.Repeat("1,", 1_000_000) + "1]", want: "has too many keys and list entries"},
		{name: "nesting of 10,000 lists", text: strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), want: "nested more than 100 deep"},
		{name: "nesting of 101 maps", text: strings.Repeat("{a: ", 101) + "1" + strings.Repeat("}", 101), want: "f.yaml:1: maps and lists are nested more than 100 deep"},
		{name: "nesting that is never closed", text: strings.Repeat("{a: ", 20_000), want: "f.yaml"},
		{name: "duplicate key", text: "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", want: "f.yaml:5: .b.c: is there twice, first on line 3; keep one"},
		{name: "duplicate key in other quotes", text: "\"a\": 1\na: 2\n", want: "f.yaml:2: .a: is there twice"},
		{name: "tab", text: "a:\n\tb: 1\n", want: "f.yaml:2: a tab indents this line; YAML allows only spaces"},
		{name: "NUL", text: "a: 1\nb: \x00\n", want: "f.yaml:2: has a NUL byte"},
		{name: "control character", text: "a: \x01\n", want: "f.yaml: not YAML: control characters are not allowed"},
		{name: "UTF-16 little endian", text: "\xff\xfea\x00:\x00", want: "f.yaml:1: is UTF-16; save it as UTF-8"},
		{name: "UTF-16 big endian", text: "\xfe\xff\x00a\x00:", want: "f.yaml:1: is UTF-16; save it as UTF-8"},
		{name: "UTF-16 without mark", text: "a\x00:\x00", want: "has a NUL byte"},
		{name: "invalid UTF-8", text: "a: 1\nb: \xc3\x28\n", want: "f.yaml:2: is not UTF-8"},
		{name: "byte order mark inside", text: "a: 1\nb: \xEF\xBB\xBFx\n", want: "f.yaml:2: has a byte order mark inside the text"},
		{name: "a broken second document", text: identity + "---\na: [1\n---\nb: 2\n", want: "f.yaml:5: not YAML"},
		{name: "alias to itself", text: "a: &a\n  b: *a\n", want: "alias *a refers to itself"},
		{name: "alias to nothing", text: "a: *b\n", want: "not YAML: unknown anchor 'b' referenced"},
		{name: "merge of itself", text: "a: &a\n  <<: *a\n", want: "refers to itself"},
		{name: "merge of a text", text: "a: {<<: text}\n", want: "f.yaml:1: .a.<<: merges str; allowed are maps"},
		{name: "two merges", text: "x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\n", want: ".y.<<: is there twice"},
		{name: "tag of a language", text: "a: !!python/object:os.system {}\n", want: "f.yaml:1: .a: has the tag !!python/object:os.system; allowed are plain maps and lists"},
		{name: "tag of one's own", text: "a: !secret x\n", want: ".a: has the tag !secret; allowed are plain text, numbers"},
		{name: "binary", text: "a: !!binary aGVsbG8=\n", want: ".a: has the tag !!binary; write the base64 text"},
		{name: "huge binary", text: "a: !!binary " + strings.Repeat("A", 1<<20) + "\n", want: ".a: has the tag !!binary"},
		{name: "set", text: "a: !!set {x: null}\n", want: ".a: has the tag !!set"},
		{name: "tagged time", text: "a: !!timestamp 2026-01-01\n", want: ".a: has the tag !!timestamp"},
		{name: "yes", text: "a: yes\n", want: ".a: yes is true to one YAML reader and text to another; write true, or \"yes\" with quotes"},
		{name: "off", text: "a: [on, Off]\n", want: ".a[0]: on is true to one YAML reader"},
		{name: "no as a key", text: "no: 1\n", want: ".no: no is false to one YAML reader and text to another"},
		{name: "not a number", text: "a: .nan\n", want: ".a: is no number that JSON has"},
		{name: "infinite", text: "a: -.inf\n", want: ".a: is no number that JSON has"},
		{name: "integer of 65 bits", text: "a: 18446744073709551616\n", want: ".a: does not fit a 64 bit integer"},
		{name: "integer of 64 bits without sign", text: "a: 18446744073709551615\n", want: ".a: does not fit a 64 bit integer"},
		{name: "scalar of 10 MB", text: "a: " + strings.Repeat("x", 10<<20) + "\n", want: "f.yaml: is 10485764 bytes; allowed are 5242880"},
		{name: "null key", text: "~: 1\n", want: "key \"~\" is !!null; allowed is text"},
		{name: "map as a key", text: "{a: 1}: 1\n", want: "a key is a map; allowed is text"},
		{name: "text instead of an object", text: "hello\n", want: "f.yaml:1: a Kubernetes object is a map with apiVersion, kind and metadata; this is text"},
		{name: "list instead of an object", text: "- a\n", want: "this is a list"},
		{name: "list with a text in it", text: "apiVersion: v1\nkind: List\nitems: [x]\n", want: ".items[0]: is no object"},
		{name: "list whose items are none", text: "apiVersion: v1\nkind: List\nitems: {}\n", want: ".items: the items of a List are a list of objects"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			docs, err := Parse("f.yaml", []byte(c.text), c.limits)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%.60q) = %d documents, error %v; want %q", c.text, len(docs), err, c.want)
			}
			if len(Errors(err)) == 0 {
				t.Errorf("the error is no *Error: %v", err)
			}
		})
	}
}

func TestErrorsAreShort(t *testing.T) {
	_, err := Parse("f.yaml", []byte(strings.Repeat("---\nx\n", 10_000)), Limits{})
	if n := len(Errors(err)); n != 20 || !strings.HasSuffix(err.Error(), "and 9980 more problems") {
		t.Errorf("%d problems in %.200v", n, err)
	}
	_, err = Parse("f.yaml", []byte("a: {"+strings.Repeat("x", 1<<20)+": 1, a: &x [*x]}"), Limits{})
	if err == nil || len(err.Error()) > 2000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestValue(t *testing.T) {
	cases := []struct {
		name, text string
		want       any
	}{
		{"integers are int64, as the API server has them", "{a: 1, b: -5, c: 0x1F, d: 1_000}", map[string]any{"a": int64(1), "b": int64(-5), "c": int64(31), "d": int64(1000)}},
		{"octal numbers are octal, as Kubernetes reads them", "mode: 0644", map[string]any{"mode": int64(420)}},
		{"a whole float is an integer, as after JSON", "{a: 1e3, b: 2.0}", map[string]any{"a": int64(1000), "b": int64(2)}},
		{"a float is a float64", "a: 0.5", map[string]any{"a": 0.5}},
		{"booleans", "{a: true, b: False}", map[string]any{"a": true, "b": false}},
		{"quoted words are text", `{a: "yes", b: 'off', "on": "1"}`, map[string]any{"a": "yes", "b": "off", "on": "1"}},
		{"nulls", "{a: null, b: ~}", map[string]any{"a": nil, "b": nil}},
		{"dates are text", "a: 2026-01-01", map[string]any{"a": "2026-01-01"}},
		{"times of day are text, not numbers to base 60", "a: 12:30:45", map[string]any{"a": "12:30:45"}},
		{"keys that look like numbers are text", "8080: x", map[string]any{"8080": "x"}},
		{"line ends of Windows", "a: 1\r\nb: |\r\n  x\r\n  y\r\n", map[string]any{"a": int64(1), "b": "x\ny\n"}},
		{"a byte order mark at the start", "\xEF\xBB\xBFa: 1\n", map[string]any{"a": int64(1)}},
		{"aliases", "a: &x {b: [1]}\nc: *x", map[string]any{"a": map[string]any{"b": []any{int64(1)}}, "c": map[string]any{"b": []any{int64(1)}}}},
		{"what a map says wins over what it merges", "x: &x {a: 1, b: 1}\ny: {<<: *x, a: 2}", map[string]any{"x": map[string]any{"a": int64(1), "b": int64(1)}, "y": map[string]any{"a": int64(2), "b": int64(1)}}},
		{"the first of several merges wins", "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}", map[string]any{
			"x": map[string]any{"a": int64(1)}, "y": map[string]any{"a": int64(2), "b": int64(2)}, "z": map[string]any{"a": int64(1), "b": int64(2)},
		}},
		{"standard tags", "{a: !!str 1, b: !!int \"2\"}", map[string]any{"a": "1", "b": int64(2)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Values("f.yaml", []byte(c.text), Limits{})
			if err != nil || len(got) != 1 {
				t.Fatalf("Values(%q) = %v, error %v", c.text, got, err)
			}
			if diff := cmp.Diff(c.want, got[0].Value); diff != "" {
				t.Errorf("Values(%q) (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Run("empty files and documents are nothing", func(t *testing.T) {
		for _, text := range []string{"", "\n\n", "# only a comment\n", "---\n---\n# x\n---\n", "null\n"} {
			if docs, err := Parse("f.yaml", []byte(text), Limits{}); err != nil || len(docs) != 0 {
				t.Errorf("Parse(%q) = %v, error %v; want nothing", text, docs, err)
			}
		}
	})
	t.Run("documents know their line", func(t *testing.T) {
		docs, err := Parse("f.yaml", []byte("# first\n"+identity+"---\n\n"+identity), Limits{})
		if err != nil || len(docs) != 2 || docs[0].Line != 2 || docs[1].Line != 7 {
			t.Errorf("Parse = %v, error %v", docs, err)
		}
	})
	t.Run("lists are flattened", func(t *testing.T) {
		const one = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"
		text := "apiVersion: v1\nkind: List\nitems:\n- " + fmt.Sprintf(one, "a") + "\n- apiVersion: v1\n  kind: List\n  items:\n  - " + fmt.Sprintf(one, "b") + "\n- {apiVersion: v1, kind: List}\n"
		docs, err := Parse("f.yaml", []byte(text), Limits{})
		if err != nil || len(docs) != 2 || docs[0].Object.ID().Name != "a" || docs[1].Object.ID().Name != "b" {
			t.Errorf("Parse = %v, error %v", docs, err)
		}
	})
	t.Run("a file at its limit is read", func(t *testing.T) {
		text := "a: 1\n"
		if _, err := Values("f.yaml", []byte(text), Limits{Bytes: len(text)}); err != nil {
			t.Error(err)
		}
		if _, err := Values("f.yaml", []byte(text), Limits{Bytes: len(text) - 1}); err == nil {
			t.Error("a file over its limit was read")
		}
	})
}

// FuzzYAML reads any text: it must end with values that are JSON or an error that says where.
func FuzzYAML(f *testing.F) {
	for _, text := range []string{identity, bomb(), mergeBomb(), "a: &a [*a]", "? {a: b}\n: c", "- - - -", "a: |\n  x\n\ty", "%YAML 1.1\n---\na: yes\n", "!!map {}", "{<<: {<<: {a: 1}}}", "\xff\xfe"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := Parse("f.yaml", data, Limits{})
		if err != nil && (len(Errors(err)) == 0 || !strings.HasPrefix(err.Error(), "f.yaml")) {
			t.Errorf("error without place: %v", err)
		}
		for _, d := range docs {
			_ = d.Object.Hash() // panics unless it is JSON
			_, _ = Check(d.Object)
		}
	})
}
