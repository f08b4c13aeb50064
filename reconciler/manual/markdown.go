package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Markdown returns the page with a heading of that level.
func (p Page) Markdown(level int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n\n%s.\n", strings.Repeat("#", level), p.Title, Plain(p.Short))
	if p.Usage != "" {
		fmt.Fprintf(&b, "\n    %s\n", p.Usage)
	}
	for _, para := range paragraphs(p.About) {
		code := strings.Join(para.lines, "\n")
		if b.WriteString("\n"); para.verbatim {
			b.WriteString(indented(code))
			continue
		}
		b.WriteString(Plain(code) + "\n")
	}
	for _, part := range p.Parts {
		fmt.Fprintf(&b, "\n**%s**\n\n", part.Title)
		b.WriteString(rows(part.Items))
		if part.Code != "" {
			b.WriteString(indented(part.Code))
		}
	}
	return b.String()
}

// indented makes lines a block of code, two spaces of which they may have already.
func indented(code string) string {
	var b strings.Builder
	for l := range strings.Lines(code) {
		b.WriteString("    " + strings.TrimPrefix(strings.TrimRight(l, "\n"), "  ") + "\n")
	}
	return b.String()
}

// rows writes items as a table.
func rows(items []Item) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, i := range items {
		fmt.Fprintf(&b, "| %s | %s |\n", Code(i.Term), Plain(i.Text))
	}
	return b.String()
}

// Plain escapes a text so that Markdown shows it as it is, in the cell of a table too. An underscore inside of a word means nothing there.
func Plain(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "*", `\*`, "<", "&lt;", "|", `\|`, "`", "\\`").Replace(s)
	return edge.ReplaceAllString(s, `$1\_$2`)
}

// edge is an underscore at the edge of a word.
var edge = regexp.MustCompile(`(^|[^0-9A-Za-z])_|_([^0-9A-Za-z]|$)`)

// Code sets a text in the type of code, in the cell of a table too. It has no backtick.
func Code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
