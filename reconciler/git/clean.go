package git

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode"

	"majordomo.dev/reconciler/secret"
)

// cleaner makes text from a remote fit for a message: one line, no control characters, bounded, and without the
// secrets the remote was told.
type cleaner struct{ auth Auth }

func (c cleaner) clean(text string) string {
	if user, pass := c.auth.basic(); pass != "" {
		for _, s := range []string{base64.StdEncoding.EncodeToString([]byte(user + ":" + pass)), url.QueryEscape(pass), pass} {
			text = strings.ReplaceAll(text, s, secret.Redacted)
		}
	}
	return oneLine(text, 200)
}

// oneLine cuts text to its first n characters that a terminal can show, with runs of space made one.
func oneLine(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == 0x2028, r == 0x2029:
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1 // invisible, or turns the text around
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > n {
		return string(runes[:n]) + "..."
	}
	return string(runes)
}
