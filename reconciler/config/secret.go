package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// redacted stands for a secret wherever it is printed.
const redacted = "REDACTED"

// Secret is a text that prints as REDACTED whichever way it is printed. Reveal gives it to the one place that needs it.
type Secret struct {
	text *string // a pointer, because fmt looks into unexported fields without asking their methods
}

// NewSecret wraps a text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String returns REDACTED, "" for no secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString returns REDACTED, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format prints REDACTED for every verb, also those for numbers and bytes.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue logs REDACTED.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes as REDACTED in JSON, YAML and wherever else text is encoded.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SecretFile reads a secret from a file, without the line end that editors and kubectl add. A warning says when others than the
// owner and group may read the file.
func SecretFile(path string) (s Secret, warning string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, "", fmt.Errorf("secret file: %w", err)
	}
	const largest = 64 << 10
	if !info.Mode().IsRegular() || info.Size() > largest {
		return Secret{}, "", fmt.Errorf("secret file %s: is no regular file of up to 64 KiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, "", fmt.Errorf("secret file: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if strings.TrimSpace(text) == "" || bytes.IndexByte(data, 0) >= 0 {
		return Secret{}, "", fmt.Errorf("secret file %s: is empty or no text", path)
	}
	if info.Mode().Perm()&0o004 != 0 {
		warning = fmt.Sprintf("secret file %s can be read by every user (mode %04o); chmod 0600 it", path, info.Mode().Perm())
	}
	return NewSecret(text), warning, nil
}
