package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majordomo.dev/reconciler/config"
)

func TestASecretThatEverybodyMayReadIsToldWhereOneLooks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil { //nolint:gosec // the mistake that is to be told
		t.Fatal(err)
	}
	var out, terminal, log bytes.Buffer
	a := &app{getenv: func(string) string { return "" }, color: choice{value: "auto"}}
	a.streams(&out, &terminal)
	o := config.Default()
	o.Repo, o.GitPasswordFile = "https://git.example/fleet.git", file
	for name, c := range map[string]struct {
		warn       func(string)
		told, mute *bytes.Buffer
	}{
		"by a command": {a.told, &terminal, &log},
		"by the loop":  {logged(newLogger(&log, "json", slog.LevelInfo)), &log, &terminal},
	} {
		terminal.Reset()
		log.Reset()
		m, err := a.mirror(o, t.TempDir(), c.warn)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		text := c.told.String()
		if !strings.Contains(text, file+" can be read by every user (mode 0644)") || strings.Contains(text, "s3cret") || c.mute.Len() > 0 {
			t.Errorf("%s: %q is told, and %q elsewhere", name, text, c.mute)
		}
		if c.told == &log && !json.Valid(log.Bytes()) {
			t.Errorf("%s: %q is no JSON", name, &log)
		}
	}
}
