package page

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPageIsTakenApart(t *testing.T) {
	const text = "# One *two*: `three` [four](x.md)\n\ntext [a](b.md#c) and `[no](d.md)`\n    no code\n\n    code [no](e.md)\n\n```sh\n# no heading\n```\n\n" +
		"1. item\n\n       in a list\n\n   more [f](#g)\n\n## One two three four\n## One two three four\n"
	got := Read("p.md", text)
	want := Page{
		File: "p.md", Anchors: []string{"one-two-three-four", "one-two-three-four-1", "one-two-three-four-2"},
		Links: []Text{{1, "x.md"}, {3, "b.md#c"}, {16, "#g"}}, Spans: []Text{{1, "three"}, {3, "[no](d.md)"}},
		Code: []Text{{6, "code [no](e.md)"}, {9, "# no heading"}, {14, "in a list"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
