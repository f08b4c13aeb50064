package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLaterSourcesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "majordomo.yaml")
	if err := os.WriteFile(file, []byte("repo: https://example.com/a.git\ninterval: 1m\nlog-level: debug\nleader-election: false\nwebhook-secret-files: [/a, /b]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"MAJORDOMO_CONFIG": file, "MAJORDOMO_INTERVAL": "2m", "MAJORDOMO_STATE_DIR": "/x"}
	got, err := Load("", func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Set("state-dir", "/y"); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Repo, want.Interval, want.LogLevel, want.LeaderElection = "https://example.com/a.git", 2*time.Minute, slog.LevelDebug, false
	want.WebhookSecretFiles, want.StateDir = []string{"/a", "/b"}, "/y"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("Validate = %v", err)
	}
}

func TestOptionsRefuse(t *testing.T) {
	good := func() Options { o := Default(); o.Repo = "https://example.com/a.git"; return o }
	cases := []struct {
		name string
		set  map[string]string
		want string
	}{
		{"no repository", map[string]string{"repo": ""}, "repo: is missing"},
		{"repository with a password", map[string]string{"repo": "https://u:canary@example.com/a"}, "repo: the URL holds credentials"},
		{"repository with a token as user", map[string]string{"repo": "https://canary@example.com/a"}, "repo: the URL holds credentials"},
		{"repository over another scheme", map[string]string{"repo": "ftp://example.com/a"}, `the scheme is "ftp"; allowed: https, http, ssh, file or a path`},
		{"repository without host", map[string]string{"repo": "https:///a"}, "the URL has no host"},
		{"password in the clear", map[string]string{"repo": "http://example.com/a", "git-password-file": "/x"}, "would send the password in the clear"},
		{"interval of a millisecond", map[string]string{"interval": "1ms"}, "interval: 1ms; allowed are 1s to 24h"},
		{"force-push policy", map[string]string{"force-push": "maybe"}, `force-push: "maybe"; allowed: allow, refuse`},
		{"log format", map[string]string{"log-format": "xml"}, `log-format: "xml"; allowed: text, json`},
		{"address", map[string]string{"listen": "8080"}, `listen: "8080" is no address`},
		{"port", map[string]string{"listen": ":99999"}, `listen: ":99999" has no port`},
		{"webhooks without secret", map[string]string{"webhook-listen": ":9000"}, "webhooks are taken only when they are signed"},
		{"webhooks on the same address", map[string]string{"webhook-listen": ":9000", "listen": ":9000", "webhook-secret-files": "/x"}, "webhook-listen: is the address of listen"},
		{"namespace", map[string]string{"namespace": ""}, "namespace: is empty"},
		{"collector without scheme", map[string]string{"otlp-endpoint": "collector:4318"}, "otlp-endpoint: is no URL of a collector; allowed are https://HOST"},
		{"collector with a password", map[string]string{"otlp-endpoint": "https://u:canary@collector"}, "otlp-endpoint: the URL holds credentials"},
		{"collector with a key in the query", map[string]string{"otlp-endpoint": "https://collector?key=canary"}, "otlp-endpoint: the URL holds credentials, a query"},
		{"collector's header in the clear", map[string]string{"otlp-endpoint": "http://collector:4318", "otlp-headers-file": "/x"}, "would send them in the clear"},
		{"header for no collector", map[string]string{"otlp-headers-file": "/x"}, "otlp-headers-file: there is no otlp-endpoint"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := good()
			for k, v := range c.set {
				if err := o.Set(k, v); err != nil {
					t.Fatal(err)
				}
			}
			err := o.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Validate = %v, want %q", err, c.want)
			}
		})
	}
	if err := good().Validate(); err != nil {
		t.Errorf("good options: %v", err)
	}
}

func TestSetRefuses(t *testing.T) {
	cases := []struct{ name, value, want string }{
		{"intervall", "1s", `unknown option "intervall"; did you mean "interval"?`},
		{"interval", "5", `interval: "5" is no duration; allowed are values such as 30s`},
		{"leader-election", "yes", `leader-election: "yes" is no boolean`},
		{"log-level", "loud", `log-level: "loud" is no level; allowed: debug, info, warn, error`},
	}
	for _, c := range cases {
		o := Default()
		if err := o.Set(c.name, c.value); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Set(%s, %s) = %v, want %q", c.name, c.value, err, c.want)
		}
	}
	o := Default()
	if err := o.FromFile("m.yaml", []byte("repo: x\nintervall: 5s\n")); err == nil || !strings.Contains(err.Error(), `m.yaml:2: .intervall: unknown option "intervall"; did you mean "interval"?`) {
		t.Errorf("FromFile = %v", err)
	}
	if err := o.FromEnv(func(k string) string { return map[string]string{"MAJORDOMO_INTERVAL": "x"}[k] }); err == nil || !strings.HasPrefix(err.Error(), "MAJORDOMO_INTERVAL: ") {
		t.Errorf("FromEnv = %v", err)
	}
}
