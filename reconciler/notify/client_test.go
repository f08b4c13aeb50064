package notify

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"majordomo.dev/reconciler/config"
)

// noCanary fails if an error shows a secret.
func noCanary(t *testing.T, err error) {
	t.Helper()
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v: want one that shows no secret", err)
	}
}

func TestNoErrorShowsTheURL(t *testing.T) {
	echo := serve(t, reply{404, nil, "no hook at " + secretPath + " nor canary-XXXXXXXXXXXXXXXX"})
	p, n := echo.chat(config.Slack)
	noCanary(t, send(t, p, n))

	down := serve(t, reply{status: 200})
	p, n = down.chat(config.Slack)
	down.Close()
	err := send(t, p, n)
	noCanary(t, err)
	if !strings.Contains(err.Error(), "127.0.0.1: ") || !strings.Contains(err.Error(), "connection refused") || permanent(err) {
		t.Errorf("error %q, final %v: want one that names host and cause, and is tried again", err, permanent(err))
	}

	untrusted := serve(t, reply{status: 200})
	p, n = untrusted.chat(config.Slack)
	n.CA = ""
	err = send(t, p, n)
	noCanary(t, err)
	if !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %q, want it to speak of the certificate", err)
	}
	if len(untrusted.requests()) > 0 {
		t.Error("the request was sent to a server that nobody vouches for")
	}
}

func TestASlowSinkIsGivenUp(t *testing.T) {
	hold := make(chan struct{})
	slow := serve(t, reply{status: 200})
	slow.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	defer close(hold)
	p, n := slow.chat(config.Slack)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.Send(ctx, n, item("a"))
	noCanary(t, err)
	if permanent(err) {
		t.Errorf("error %q is final, want another try", err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, reply{200, nil, "ok"})
	s := serve(t, reply{307, map[string]string{"Location": elsewhere.URL + "/canary"}, ""})
	p, n := s.chat(config.Slack)
	err := send(t, p, n)
	noCanary(t, err)
	if !permanent(err) || len(elsewhere.requests()) > 0 {
		t.Errorf("error %v, and %d requests at the other place", err, len(elsewhere.requests()))
	}
}

func TestAddressesAreJudgedAfterNamesWereResolved(t *testing.T) {
	for _, test := range []struct {
		host, resolved string
		ok             bool
	}{
		{"hooks.slack.com", "3.68.1.2:443", true},
		{"gitea.internal", "10.0.0.7:443", true},
		{"127.0.0.1", "127.0.0.1:80", true},
		{"localhost", "[::1]:80", true},
		{"rebound.example", "127.0.0.1:80", false},
		{"rebound.example", "[::1]:80", false},
		{"rebound.example", "[::ffff:127.0.0.1]:80", false},
		{"rebound.example", "169.254.169.254:80", false},
		{"rebound.example", "[::ffff:169.254.169.254]:80", false},
		{"rebound.example", "[64:ff9b::a9fe:a9fe]:80", false},
		{"rebound.example", "[fe80::1%eth0]:80", false},
		{"rebound.example", "[fd00:ec2::254]:80", false},
		{"rebound.example", "100.100.100.200:80", false},
		{"rebound.example", "0.0.0.0:80", false},
		{"rebound.example", "224.0.0.1:80", false},
	} {
		if err := judge(test.host, test.resolved); (err == nil) != test.ok {
			t.Errorf("judge(%s, %s) = %v, want ok %v", test.host, test.resolved, err, test.ok)
		}
	}
	var d net.Conn
	d, err := dial(t.Context(), "tcp", "169.254.169.254:80")
	if d != nil || !refused(err) {
		t.Errorf("the metadata service was dialled: %v", err)
	}
}

func TestWhatCannotWorkIsSaidWithFileAndReason(t *testing.T) {
	key := strings.Repeat("k", 32)
	hook := func(n *config.Notification) { n.Kind, n.Hook = config.Webhook, config.Hook{URL: "url", Key: "key"} }
	good := map[string]string{"url": "https://hooks.example.com/canary", "key": key}
	with := func(name, text string) map[string]string {
		m := maps.Clone(good)
		if m[name] = text; text == "" {
			delete(m, name)
		}
		return m
	}
	for name, test := range map[string]struct {
		secrets map[string]string
		sink    func(*config.Notification)
		want    string // "" for nothing
	}{
		"all is well":           {good, hook, ""},
		"no file":               {with("url", ""), hook, "file url: is not in "},
		"empty":                 {with("url", "\n"), hook, "is empty or no text"},
		"white space":           {with("url", "   "), hook, "is empty or no text"},
		"space at the end":      {with("key", key+" \n"), hook, "file key: begins or ends with white space"},
		"several lines":         {with("key", key+"\n"+key), hook, "file key: has several lines"},
		"short key":             {with("key", "canary"), hook, "file key: has 6 bytes; at least 32 are needed"},
		"http":                  {with("url", "http://hooks.example.com/canary"), hook, "file url: the URL is http, which anybody on the way can read"},
		"user":                  {with("url", "https://canary:canary@hooks.example.com"), hook, "the URL holds a user or password"},
		"no URL":                {with("url", "canary"), hook, "the URL does not begin with https://"},
		"metadata":              {with("url", "https://169.254.169.254/canary"), hook, "the URL has the host 169.254.169.254, which is link-local"},
		"a number":              {with("url", "https://2852039166/canary"), hook, "another way to write an address"},
		"authorities that none": {with("ca", "canary"), func(n *config.Notification) { hook(n); n.CA = "ca" }, "file ca: has no certificate in PEM"},
		"no authorities":        {good, func(n *config.Notification) { hook(n); n.CA = "ca" }, "file ca: "},
		"a host of one's own": {with("token", "canary-token"), func(n *config.Notification) {
			n.Kind, n.Commits = config.GitHub, config.Commits{API: "https://evil.example", Repository: "a/b", Token: "token"}
		}, "host evil.example is not among those of --notify-hosts"},
		"GitHub's own": {with("token", "canary-token"), func(n *config.Notification) {
			n.Kind, n.Commits = config.GitHub, config.Commits{API: "https://api.github.com", Repository: "a/b", Token: "token"}
		}, ""},
		"a mail server": {good, func(n *config.Notification) {
			n.Kind, n.Mail = config.Email, config.Mail{Server: "smtp.example.com:587", TLS: config.StartTLS}
		}, "host smtp.example.com is not among those of --notify-hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			p := placeOf(t, test.secrets)
			n := config.Notification{Name: "sink"}
			test.sink(&n)
			err := p.Check(n)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			noCanary(t, err)
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestWithoutADirectoryOfSecretsTheOptionIsNamed(t *testing.T) {
	n := config.Notification{Name: "sink", Kind: config.Slack, Hook: config.Hook{URL: "url"}}
	if err := (Place{}).Check(n); err == nil || !strings.Contains(err.Error(), "name it with --notify-secrets-dir") {
		t.Errorf("without a directory: %v", err)
	}
}
