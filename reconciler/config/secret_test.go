package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
