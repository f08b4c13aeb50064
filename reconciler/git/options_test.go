package git

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"majordomo.dev/reconciler/secret"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct{ url, scheme, base, shown string }{
		{"https://example.com/a/b.git", "https", "https://example.com/a/b.git", "https://example.com/a/b.git"},
		{"https://example.com:8443/a/", "https", "https://example.com:8443/a", "https://example.com:8443/a"},
		{"http://[::1]:80/a", "http", "http://[::1]:80/a", "http://[::1]:80/a"},
		{"https://xn--bcher-kva.example/a", "https", "https://xn--bcher-kva.example/a", "https://xn--bcher-kva.example/a"},
		{"ssh://git@example.com:2222/a.git", "ssh", "", "ssh://example.com:2222/a.git"},
		{"git@example.com:a/b.git", "ssh", "", "ssh://example.com/a/b.git"},
		{"example.com:a/b.git", "ssh", "", "ssh://example.com/a/b.git"},
		{"ssh://example.com/~ada/b.git", "ssh", "", "ssh://example.com/~ada/b.git"},
		{"/srv/git/a.git", "file", "", "/srv/git/a.git"},
		{"/srv/git/a:b", "file", "", "/srv/git/a:b"},
	} {
		a, err := parseAddress(tt.url)
		if err != nil || a.scheme != tt.scheme || a.redacted != tt.shown || tt.base != "" && a.base() != tt.base {
			t.Errorf("parseAddress(%q) = %+v, %v, want %s %s", tt.url, a, err, tt.scheme, tt.shown)
		}
	}
}

func TestBadAddressesAreRefused(t *testing.T) {
	for _, url := range []string{
		"", "file:///etc", "file://example.com/x", "ext::sh -c touch% /tmp/x", "fd::17", "http::http://x/y", "-oProxyCommand=x", "--upload-pack=x",
		"git://example.com/x", "ftp://example.com/x", "gopher://x/", "https://", "https:///x", "https://user@example.com/x",
		"https://user:canary@example.com/x", "https://:canary@example.com/x", "https://example.com/x?token=canary", "https://example.com/x#canary",
		"https://exa mple.com/x", "https://example.com\n/x", "https://example.com/\x00", "https://exämple.com/x", "https://еxample.com/x",
		"https://-x.com/y", "https://exam%70le.com:canary/x", "ssh://-oProxyCommand=x/y", "ssh://-l@example.com/x", "ssh://git:canary@example.com/x",
		"ssh://example.com", "ssh://example.com/", "-oProxyCommand=x:y", "git@-x:y", "-x@example.com:y", "git@example.com:-x", "git@exa$(x)mple.com:y",
		"a;b@example.com:x", "\xff\xfe", "https://example.com/\u0085x",
	} {
		_, err := New(Options{URL: url, Auth: Auth{KnownHosts: []byte(exampleHost)}})
		if ReasonOf(err) != InvalidOption {
			t.Errorf("New(%q) = %v, want InvalidOption", url, err)
			continue
		}
		if strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\x00\u0085") {
			t.Errorf("New(%q): error %q shows a secret or a control character", url, err)
		}
		if !strings.Contains(err.Error(), "url: ") {
			t.Errorf("New(%q) = %v, want a problem of url", url, err)
		}
	}
}

func TestRefs(t *testing.T) {
	for _, ref := range []string{"", "main", "feature/x", "refs/heads/main", "refs/tags/v1.2.3", "v1", "größe"} {
		if m, err := New(Options{URL: "/x", Ref: ref}); err != nil {
			t.Errorf("New(Ref: %q): %v", ref, err)
		} else {
			_ = m.Close()
		}
	}
	for _, ref := range []string{
		"refs/heads/../../config", "../x", "a..b", "a b", "a'b", `a"b`, "a\x00b", "a\nb", "-x", "--upload-pack=x", "refs/heads/-x", "a//b", "/a", "a/",
		".a", "a/.b", "a.lock", "a.lock/b", "a.", "a@{1}", "a~1", "a^", "a:b", "a?", "a*", "a[", `a\b`, "refs/notes/x", "refs/heads/",
		strings.Repeat("a", 4096),
	} {
		_, err := New(Options{URL: "/x", Ref: ref})
		wantReason(t, err, InvalidOption)
		if strings.ContainsAny(err.Error(), "\x00\n") || len(err.Error()) > 500 {
			t.Errorf("New(Ref: %q): error %q is long or has control characters", ref, err)
		}
	}
}

func TestEveryProblemIsNamed(t *testing.T) {
	_, err := New(Options{
		URL: "http://example.com/x", Ref: "a b", ForcePush: "sometimes", CA: []byte("none"), Limits: Limits{Pack: -1, Timeout: -1}, After: "HEAD",
		Auth: Auth{Username: "a:b", Password: secret.New("canary"), Token: secret.New("canary"), SSHKey: secret.New("canary")},
	})
	if err == nil {
		t.Fatal("New accepted nonsense")
	}
	for _, want := range []string{
		"ref: ", "forcePush: ", "ca: ", "limits: pack", "limits: timeout", "after: ", "either a password or a token", "an ssh key does not", "in the clear", "colon",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("error shows a secret: %v", err)
	}
}

func TestCredentialsOverPlainHTTP(t *testing.T) {
	auth := Auth{Username: "ada", Token: secret.New("x")}
	for _, tt := range []struct {
		o  Options
		ok bool
	}{
		{Options{URL: "http://example.com/x", Auth: auth}, false},
		{Options{URL: "http://10.0.0.1/x", Auth: auth}, false},
		{Options{URL: "http://localhost.example.com/x", Auth: auth}, false},
		{Options{URL: "http://example.com/x", Auth: auth, AllowPlainHTTP: true}, true},
		{Options{URL: "http://example.com/x"}, true},
		{Options{URL: "http://127.0.0.1:8080/x", Auth: auth}, true},
		{Options{URL: "http://[::1]/x", Auth: auth}, true},
		{Options{URL: "https://example.com/x", Auth: auth}, true},
	} {
		m, err := New(tt.o)
		if (err == nil) != tt.ok {
			t.Errorf("New(%s, plain=%v): %v, want ok=%v", tt.o.URL, tt.o.AllowPlainHTTP, err, tt.ok)
		}
		if err == nil {
			_ = m.Close()
		}
	}
}

func TestSSHNeedsKnownHosts(t *testing.T) {
	for name, known := range map[string]string{
		"none": "", "empty": "# nothing\n", "garbage": "example.com ssh-ed25519 AAAA!\n", "authority": "@cert-authority *" + strings.TrimPrefix(exampleHost, "example.com"),
	} {
		_, err := New(Options{URL: "git@example.com:x", Auth: Auth{KnownHosts: []byte(known)}})
		if err == nil || !strings.Contains(err.Error(), "known_hosts") {
			t.Errorf("%s: New = %v, want a problem of known_hosts", name, err)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	const canary = "canary-7d1c"
	o := Options{URL: "https://example.com/x", Auth: Auth{Username: "ada", Token: secret.New(canary)}}
	m := open(t, o)
	hidden := struct{ o Options }{o}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "options", o, "mirror", m)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", o, "mirror", m)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb+verb+"\n", o, m, hidden)
	}
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	log.Write(b)
	if s := log.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) || !strings.Contains(s, secret.Redacted) {
		t.Errorf("the secret shows:\n%s", s)
	}
}
