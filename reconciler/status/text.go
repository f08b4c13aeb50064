package status

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"majordomo.dev/reconciler/object"
)

// maxText bounds every message: an Event's note may have 1024 bytes.
const maxText = 1000

// ansi matches the escape sequences of terminals: colours, cursor movements, titles and links.
var ansi = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])`)

// Clean makes text that came from outside fit to be shown on one line: no escape sequences, control or invisible characters, no user
// and password in URLs, and at most limit bytes.
func Clean(text string, limit int) string {
	if plain(text) && len(text) <= limit {
		return text
	}
	text = ansi.ReplaceAllString(strings.ToValidUTF8(text, "�"), "")
	text = strings.Map(visible, text)
	return cut(strings.Join(strings.Fields(object.RedactURL(text)), " "), limit)
}

// plain tells whether a text is clean as it is, as most are: printable ASCII, single blanks between words, no URL.
func plain(text string) bool {
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && before == ' ' || c == '/' && before == '/' {
			return false
		}
		before = c
	}
	return text == "" || before != ' '
}

// visible maps white space to a blank and drops what has no width or changes the direction of writing.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

func cut(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := max(limit-len(mark), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
