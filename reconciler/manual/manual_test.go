package manual

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func page() Page {
	return Page{
		Name: "tool-do", Section: 1, Title: "tool do", Short: "Do a thing", Usage: "tool do FILE|- [flags]",
		About: "Do it to a <file>,\n.and say 'so'.\n\n  x    stays   as it is\n  'y'  too\n\nEnd.",
		Parts: []Part{
			{Title: "Flags", Items: []Item{{"-f, --force a|b", `with "quotes", *stars*, \ and $A_B and _x_`}}},
			{Title: "Examples", Code: "  tool do x\n  tool do -   ~/y"},
		},
		See: []Page{{Name: "tool", Section: 1}, {Name: "tool-options", Section: 5}},
	}
}

func TestAPageAsRoff(t *testing.T) {
	want := `.TH "TOOL\-DO" "1" "" "tool 1.2" "Majordomo"
.nh
.ad l
.SH "NAME"
tool\-do \- Do a thing
.SH "SYNOPSIS"
tool do FILE|\- [flags]
.SH "DESCRIPTION"
Do it to a <file>,
\&.and say \(aqso\(aq.
.PP
.nf
  x    stays   as it is
  \(aqy\(aq  too
.fi
.PP
End.
.SH "FLAGS"
.TP
\fB\-f, \-\-force a|b\fR
with "quotes", *stars*, \e and $A_B and _x_
.SH "EXAMPLES"
.nf
  tool do x
  tool do \-   \(ti/y
.fi
.SH "SEE ALSO"
\fBtool\fR(1),
\fBtool\-options\fR(5)
`
	if diff := cmp.Diff(want, page().Roff("tool 1.2")); diff != "" {
		t.Errorf("Roff (-want +got):\n%s", diff)
	}
	if got := page().File(); got != "man1/tool-do.1" {
		t.Errorf("File = %s, want man1/tool-do.1", got)
	}
}

func TestNoTextBecomesARequest(t *testing.T) {
	known := []string{".TH", ".SH", ".PP", ".TP", ".nf", ".fi", ".nh", ".ad"}
	for _, hostile := range []string{".so /etc/passwd", "'so x", "a\n.so x", "\\X'x'", "\r.de", "\"", ".", "..", "\t.so", "`.sy ls`"} {
		p := Page{
			Name: hostile, Section: 1, Title: hostile, Short: hostile, Usage: hostile, About: hostile,
			Parts: []Part{{Title: hostile, Code: hostile, Items: []Item{{hostile, hostile}}}}, See: []Page{{Name: hostile, Section: 1}},
		}
		for l := range strings.Lines(p.Roff(hostile)) {
			name, _, _ := strings.Cut(strings.TrimSpace(l), " ")
			request := strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'")
			if request && !strings.Contains(strings.Join(known, " "), name) {
				t.Errorf("%q becomes the request %q", hostile, l)
			}
		}
	}
}

func TestAPageAsMarkdown(t *testing.T) {
	want := "## tool do\n\nDo a thing.\n\n    tool do FILE|- [flags]\n\n" +
		"Do it to a &lt;file>,\n.and say 'so'.\n\n    x    stays   as it is\n    'y'  too\n\nEnd.\n\n" +
		"**Flags**\n\n| | |\n|---|---|\n| `-f, --force a\\|b` | with \"quotes\", \\*stars\\*, \\\\ and $A_B and \\_x\\_ |\n\n" +
		"**Examples**\n\n    tool do x\n    tool do -   ~/y\n"
	if diff := cmp.Diff(want, page().Markdown(2)); diff != "" {
		t.Errorf("Markdown (-want +got):\n%s", diff)
	}
}
