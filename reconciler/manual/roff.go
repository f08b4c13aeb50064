package manual

import (
	"fmt"
	"strings"
)

// Roff returns the page in the macros of man(7). source is the program with its version, for the foot of the page.
func (p Page) Roff(source string) string {
	var b strings.Builder
	macro := func(name string, arguments ...string) {
		b.WriteString("." + name)
		for _, a := range arguments {
			b.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
		}
		b.WriteString("\n")
	}
	macro("TH", strings.ToUpper(p.Name), fmt.Sprint(p.Section), "", source, "Majordomo")
	b.WriteString(".nh\n.ad l\n")
	macro("SH", "NAME")
	b.WriteString(line(p.Name+" - "+p.Short) + "\n")
	if p.Usage != "" {
		macro("SH", "SYNOPSIS")
		b.WriteString(line(p.Usage) + "\n")
	}
	if p.About != "" {
		macro("SH", "DESCRIPTION")
	}
	for i, para := range paragraphs(p.About) {
		if i > 0 {
			macro("PP")
		}
		b.WriteString(text(para.lines, para.verbatim))
	}
	for _, part := range p.Parts {
		macro("SH", strings.ToUpper(part.Title))
		for _, i := range part.Items {
			macro("TP")
			b.WriteString(`\fB` + line(i.Term) + "\\fR\n")
			b.WriteString(text([]string{i.Text}, false))
		}
		if part.Code != "" {
			b.WriteString(text(strings.Split(part.Code, "\n"), true))
		}
	}
	if len(p.See) > 0 {
		macro("SH", "SEE ALSO")
		names := make([]string, len(p.See))
		for i, s := range p.See {
			names[i] = `\fB` + line(s.Name) + fmt.Sprintf(`\fR(%d)`, s.Section)
		}
		b.WriteString(strings.Join(names, ",\n") + "\n")
	}
	return b.String()
}

// text writes lines, filled or as they are.
func text(lines []string, verbatim bool) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(line(l) + "\n")
	}
	if verbatim {
		return ".nf\n" + b.String() + ".fi\n"
	}
	return b.String()
}

// line escapes a line of text: one that begins with a dot or an apostrophe would be a request.
func line(s string) string {
	s = escape(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

// escape keeps what a person would copy as it is: a hyphen is otherwise typeset as another character, and so are quotes.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "\n", " ", "\r", " ", "\t", "    ").Replace(s)
}
