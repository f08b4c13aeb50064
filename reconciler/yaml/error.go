package yaml

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Error is one thing that is wrong with a file, with the place and what is allowed instead.
type Error struct {
	File    string
	Line    int    // 0 if unknown
	Field   string // ".spec.ports[0].port", "" for the file or document as a whole
	Problem string
}

// Error gives "file:line: field: problem", without the parts that are unknown.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString(clip(e.Field, 200) + ": ")
	}
	b.WriteString(clip(e.Problem, 1000))
	return b.String()
}

// clip shortens a text: names in a file may be as long as the file.
func clip(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// Join joins errors like errors.Join, but only the first twenty; the others are counted.
func Join(errs ...error) error {
	const most = 20
	errs = slices.DeleteFunc(slices.Clone(errs), func(e error) bool { return e == nil })
	if n := len(errs) - most; n > 0 {
		errs = append(errs[:most:most], fmt.Errorf("and %d more problems", n))
	}
	return errors.Join(errs...)
}

// place is a field on the way from the root of a document, written down only when there is something to say about it.
type place struct {
	up    *place
	key   string
	index int // for elements of lists, -1 otherwise
}

func (p *place) field(key string) *place { return &place{up: p, key: key, index: -1} }
func (p *place) element(i int) *place    { return &place{up: p, index: i} }

func (p *place) String() string {
	if p == nil {
		return ""
	}
	if p.index >= 0 {
		return fmt.Sprintf("%s[%d]", p.up, p.index)
	}
	if strings.ContainsAny(p.key, ".[]/ ") {
		return fmt.Sprintf("%s[%q]", p.up, p.key)
	}
	return p.up.String() + "." + p.key
}

var parserLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s*)?(?:line (\d+): )?(?:unmarshal errors:\s*)?`)

// syntaxError puts an error of the parser in the form of this package. The parser blames the line after a tab for the tab.
func syntaxError(file string, data []byte, err error) error {
	if line := indentingTab(data); line > 0 {
		return &Error{File: file, Line: line, Problem: "a tab indents this line; YAML allows only spaces"}
	}
	text, line := err.Error(), 0
	if m := parserLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	if strings.HasPrefix(text, "did not find expected") {
		line++ // this half of the parser counts from zero
	}
	return &Error{File: file, Line: line, Problem: "not YAML: " + text}
}

func indentingTab(data []byte) int {
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		rest := strings.TrimLeft(text, " ")
		if trimmed := strings.TrimSpace(rest); strings.HasPrefix(rest, "\t") && trimmed != "" && trimmed[0] != '#' {
			return line
		}
	}
	return 0
}

// Errors returns the single problems that are joined in an error.
func Errors(err error) []*Error {
	var out []*Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, Errors(e)...)
		}
		return out
	}
	var e *Error
	if errors.As(err, &e) {
		out = append(out, e)
	}
	return out
}
