package git

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

const redacted = "REDACTED"

// Secret is a value that no print, log or encoding shows. The zero value is no secret.
type Secret struct{ value *string } // a pointer: %+v of a struct that holds one unexported prints an address

// NewSecret returns a Secret that holds v.
func NewSecret(v string) Secret {
	if v == "" {
		return Secret{}
	}
	return Secret{&v}
}

// Reveal returns the value. Hand it to whoever must know it, and keep it nowhere.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says that there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

// String returns REDACTED.
func (s Secret) String() string { return redacted }

// GoString returns REDACTED.
func (s Secret) GoString() string { return redacted }

// Format writes REDACTED, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns REDACTED.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "REDACTED".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns REDACTED.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes the value as it stands.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = NewSecret(string(b))
	return nil
}

// cleaner makes text from a remote fit for a message: one line, no control characters, bounded, and without the
// secrets the remote was told.
type cleaner struct{ auth Auth }

func (c cleaner) clean(text string) string {
	if user, pass := c.auth.basic(); pass != "" {
		for _, s := range []string{base64.StdEncoding.EncodeToString([]byte(user + ":" + pass)), url.QueryEscape(pass), pass} {
			text = strings.ReplaceAll(text, s, redacted)
		}
	}
	return oneLine(text, 200)
}

// oneLine cuts text to its first n characters that a terminal can show, with runs of space made one.
func oneLine(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0x2028, r == 0x2029:
			return ' '
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
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
