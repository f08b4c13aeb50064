package yaml

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type embedded struct {
	Inner string `json:"inner"`
}

type sample struct {
	embedded
	Embedded embedded       `json:"embedded"`
	Name     string         `json:"name"`
	Count    *int           `json:"count"`
	On       bool           `json:"enabled"`
	Ratio    float64        `json:"ratio"`
	Items    []embedded     `json:"items"`
	Texts    map[string]int `json:"texts"`
}

func TestDecode(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"unknown field", "naem: x\n", `f.yaml:1: .naem: unknown field; did you mean "name"?`},
		{"unknown field that is like none", "zzzzzz: x\n", ".zzzzzz: unknown field; allowed: "},
		{"field in another case", "Name: x\n", `.Name: unknown field; did you mean "name"?`},
		{"unknown field in a list", "name: x\nitems:\n- iner: y\n", `f.yaml:3: .items[0].iner: unknown field; did you mean "inner"?`},
		{"unknown field behind an alias", "embedded: &x {innr: 1}\nitems: [*x]\n", `.items[0].innr: unknown field`},
		{"unknown field that is merged", "embedded: {<<: {innr: 1}}\n", ".embedded.innr: unknown field"},
		{"number for text", "name: 5\n", ".name: is a number; allowed is text; put it in quotes"},
		{"text for a number", "count: \"5\"\n", ".count: is text; allowed is a whole number"},
		{"text for a boolean", "enabled: \"true\"\n", ".enabled: is text; allowed is true or false"},
		{"fraction for a whole number", "count: 1.5\n", ".count: is a number; allowed is a whole number"},
		{"map for a list", "items: {a: b}\n", ".items: is a map; allowed is a list"},
		{"list for a map", "texts: [1]\n", ".texts: is a list; allowed is a map"},
		{"text in a map of numbers", "texts: {a: b}\n", ".texts.a: is text; allowed is a whole number"},
		{"list for the whole", "- a\n", "f.yaml:1: is a list; allowed is a map"},
		{"two documents", "name: a\n---\nname: b\n", "f.yaml:3: a second document; one is allowed, and it began on line 1"},
		{"nothing", "# nothing\n", "f.yaml: is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s sample
			if err := decode(c.text, &s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Decode(%q) = %+v, error %v; want %q", c.text, s, err, c.want)
			}
		})
	}
	t.Run("all problems at once", func(t *testing.T) {
		var s sample
		if err := decode("a1: 1\nb2: 2\ncount: x\n", &s); len(Errors(err)) != 3 {
			t.Errorf("error %v, want three", err)
		}
	})
	t.Run("good", func(t *testing.T) {
		var got sample
		err := decode("name: a\ncount: 3\nenabled: true\nratio: 2\nitems: [{inner: x}]\ntexts: {b: 1}\n", &got)
		three := 3
		want := sample{Name: "a", Count: &three, On: true, Ratio: 2, Items: []embedded{{"x"}}, Texts: map[string]int{"b": 1}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); err != nil || diff != "" {
			t.Errorf("error %v, (-want +got):\n%s", err, diff)
		}
	})
}

func TestDidYouMean(t *testing.T) {
	cases := []struct{ word, want string }{
		{"vagrnat", `; did you mean "vagrant"?`},
		{"GKE", `; did you mean "gke"?`},
		{"production", "; allowed: gke, vagrant"},
		{strings.Repeat("x", 1000), "; allowed: gke, vagrant"},
	}
	for _, c := range cases {
		if got := DidYouMean(c.word, []string{"gke", "vagrant"}); got != c.want {
			t.Errorf("DidYouMean(%.20q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func decode(text string, into any) error {
	f, err := Open("f.yaml", []byte(text))
	if err != nil {
		return err
	}
	return f.Decode(into)
}
