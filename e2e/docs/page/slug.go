package page

import (
	"strings"
	"unicode"
)

// Slug is the anchor that GitHub and GitLab give a heading: in lower case, without punctuation, with hyphens for spaces.
func Slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ' || r == '-':
			b.WriteRune('-')
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}
