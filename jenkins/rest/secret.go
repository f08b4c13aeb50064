package rest

import (
	"fmt"
	"log/slog"
)

// Redacted stands for a secret wherever one would be printed.
const Redacted = "REDACTED"

// Secret is a text that prints as REDACTED whichever way it is printed. The zero value is no secret.
type Secret struct {
	text *string // a pointer, because fmt prints what unexported fields hold without asking their methods, but follows no pointer in them
}

// NewSecret returns the secret that text is; "" is none.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

func (s Secret) reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns REDACTED, "" for no secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// GoString returns what String does, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format prints what String returns for every verb, also those for numbers and bytes.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue logs what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes what String returns, in JSON and wherever else text is encoded.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
