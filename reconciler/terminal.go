package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// style is how a word is shown on a terminal with colours.
type style string

const (
	plain   style = ""
	bold    style = "1"
	dim     style = "2"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
	blue    style = "34"
	magenta style = "35"
	cyan    style = "36"
)

// terminal is one of the two output streams: whether a person reads it, and whether it takes colours.
type terminal struct {
	io.Writer
	tty    bool
	colour bool
}

// newTerminal decides on colours: the flag first, then the conventions of the environment, then whether a person reads it.
func newTerminal(w io.Writer, flag string, getenv func(string) string) terminal {
	t := terminal{Writer: w, tty: isTTY(w)}
	force := getenv("CLICOLOR_FORCE")
	switch {
	case flag == "always":
		t.colour = true
	case flag == "never", getenv("NO_COLOR") != "":
	case force != "" && force != "0":
		t.colour = true
	default:
		t.colour = t.tty && getenv("TERM") != "dumb"
	}
	return t
}

func isTTY(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// paint puts text that is already safe into a style.
func (t terminal) paint(s style, text string) string {
	if !t.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])`)

// safe takes from text that came from Git or a cluster whatever would act on the terminal instead of being shown: escape sequences,
// control characters, marks that turn the direction of writing. Line ends and tabs stay.
func safe(text string) string {
	text = escapes.ReplaceAllString(strings.ToValidUTF8(text, "�"), "")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, text)
}

// oneLine is safe for text that has to stay on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(safe(text)), " ") }
