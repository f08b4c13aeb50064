// Package secret holds a text that prints as REDACTED.
package secret

import (
	"fmt"
	"log/slog"
)

// Redacted stands for a secret wherever one would be printed.
const Redacted = "REDACTED"

// String is a text that prints as REDACTED whichever way it is printed. Only Reveal gives it. The zero value is no secret.
type String struct {
	text *string // a pointer, because fmt prints what unexported fields hold without asking their methods, but follows no pointer in them
}

// New returns the secret that text is; "" is none.
func New(text string) String {
	if text == "" {
		return String{}
	}
	return String{&text}
}

// Reveal returns the text. Hand it to whoever must know it, and keep it nowhere.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether there is no secret.
func (s String) IsZero() bool { return s.text == nil }

// String returns REDACTED, "" for no secret.
func (s String) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// GoString returns what String does, for %#v.
func (s String) GoString() string { return s.String() }

// Format prints what String returns for every verb, also those for numbers and bytes.
func (s String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue logs what String returns.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes what String returns, in JSON, YAML and wherever else text is encoded.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
