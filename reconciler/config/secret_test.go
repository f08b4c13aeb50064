package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretNeverPrints(t *testing.T) {
	const canary = "canary-5cd1"
	s := NewSecret(canary)
	type holder struct {
		Open   Secret
		hidden Secret
		ptr    *Secret
	}
	h := holder{s, s, &s}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "holder", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "holder", h)
	inJSON, err := json.Marshal(map[string]any{"s": s, "h": h})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(inJSON) + fmt.Errorf("wrapped: %v", s).Error()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, h) + fmt.Sprintf(verb, &h) + fmt.Sprintf(verb, []any{s, h})
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("%d", []byte(canary))} {
		if strings.Contains(out, form) {
			t.Errorf("%s is in %s", form, out)
		}
	}
	if s.Reveal() != canary || s.String() != "REDACTED" || NewSecret("").String() != "" || !(Secret{}).IsZero() {
		t.Errorf("Reveal, String or IsZero is wrong: %s", s)
	}
}

func TestSecretFile(t *testing.T) {
	write := func(text string, mode os.FileMode) string {
		p := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	cases := []struct {
		name, path, want, warning, problem string
	}{
		{"the line end is not part of it", write("abc\n", 0o600), "abc", "", ""},
		{"of windows neither", write("abc\r\n", 0o640), "abc", "", ""},
		{"readable by all", write("abc", 0o644), "abc", "can be read by every user (mode 0644)", ""},
		{"empty", write(" \n", 0o600), "", "", "is empty or no text"},
		{"too big", write(strings.Repeat("x", 65<<10), 0o600), "", "", "is no regular file of up to 64 KiB"},
		{"folder", t.TempDir(), "", "", "is no regular file"},
		{"missing", "/does/not/exist", "", "", "no such file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, warning, err := SecretFile(c.path)
			if s.Reveal() != c.want || !strings.Contains(warning, c.warning) || (warning == "") != (c.warning == "") || (err == nil) != (c.problem == "") {
				t.Errorf("SecretFile = %q, %q, %v", s.Reveal(), warning, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %q", err, c.problem)
			}
		})
	}
}
