package status

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text stays", "field .spec.replicas differs", "field .spec.replicas differs"},
		{"colours go", "\x1b[31mred\x1b[0m \x1b[1;32mgreen", "red green"},
		{"titles and links of terminals go", "a\x1b]0;owned\x07b\x1b]8;;http://evil\x1b\\c", "abc"},
		{"an escape without an end goes", "a\x1b[31", "a[31"},
		{"lines become one", "one\ntwo\r\n\tthree", "one two three"},
		{"NUL, bell and backspace go", "a\x00b\ac\bd", "abcd"},
		{"C1 controls go", "a\u009b31mb", "a31mb"},
		{"text that runs backwards goes", "a\u202eb\u2066c\u200bd", "abcd"},
		{"invalid UTF-8 is replaced", "a\xffb", "a�b"},
		{"credentials in URLs go", "clone https://bob:hunter2@git.example.com/x failed", "clone https://REDACTED@git.example.com/x failed"},
		{"credentials split by control characters go", "https://bob:hun\x00ter2@git.example.com", "https://REDACTED@git.example.com"},
		{"credentials split by colours go", "https://bob:hun\x1b[0mter2@git.example.com", "https://REDACTED@git.example.com"},
		{"line and paragraph separators are blanks", "a\u2028b\u2029c", "a b c"},
		{"other scripts stay", "Größe 大きさ", "Größe 大きさ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Clean(c.in, 200); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestCleanCutsAtCharacters(t *testing.T) {
	got := Clean(strings.Repeat("ü", 100), 20)
	if len(got) > 20 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("Clean = %q of %d bytes, want at most 20, valid, with a mark", got, len(got))
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred\x1b]0;x\x07https://a:b@c\n", 10)
	f.Fuzz(func(t *testing.T, in string, limit int) {
		limit = max(limit%2000, 8)
		got := Clean(in, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\x1b\n\r\t\x00\u202e") {
			t.Errorf("Clean(%q, %d) = %q", in, limit, got)
		}
		if again := Clean(got, limit); again != got {
			t.Errorf("cleaning %q twice gives %q", got, again)
		}
	})
}
