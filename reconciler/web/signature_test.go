package web

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// signatures are the headers that may carry a signature.
var signatures = []string{
	"X-Hub-Signature", "X-Hub-Signature-256", "X-Gitea-Signature", "X-Gogs-Signature", "X-Forgejo-Signature", "X-Gitlab-Token",
	"Webhook-Signature", "X-Signature",
}

func TestSignature(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		b, body := newBench(t), s.payload(t)
		bend := func(change func(string) string) *http.Request {
			r := s.request(t, body)
			for _, name := range signatures {
				if v := r.Header.Get(name); v != "" {
					r.Header.Set(name, change(v))
				}
			}
			return r
		}
		t.Run("of another secret", func(t *testing.T) {
			r := s.request(t, body)
			s.sign(r.Header, strings.Repeat("x", 32), body)
			b.expect(t, r, forged)
		})
		t.Run("cut short", func(t *testing.T) { b.expect(t, bend(func(v string) string { return v[:len(v)-1] }), forged) })
		t.Run("too long", func(t *testing.T) { b.expect(t, bend(func(v string) string { return v + "ab" }), forged) })
		t.Run("in other letters", func(t *testing.T) {
			b.expect(t, bend(func(v string) string {
				kind, rest, ok := strings.Cut(v, "=")
				if !ok || strings.HasPrefix(v, "v1,") {
					return strings.ToUpper(v)
				}
				return kind + "=" + strings.ToUpper(rest)
			}), forged)
		})
		t.Run("missing", func(t *testing.T) {
			r := s.request(t, body)
			for _, name := range signatures {
				if s.name == "generic" {
					r.Header.Set(name, "") // without the header it is nobody's
				} else {
					r.Header.Del(name)
				}
			}
			if s.name == "generic" {
				r.Header = http.Header{"Content-Type": r.Header["Content-Type"], "X-Signature": {""}}
			}
			b.expect(t, r, unsigned)
		})
		t.Run("twice", func(t *testing.T) {
			r := s.request(t, body)
			for _, name := range signatures {
				if v := r.Header.Get(name); v != "" {
					r.Header.Add(name, v)
				}
			}
			if got := b.send(r); !strings.HasPrefix(got, "401 a header that must occur once is there twice") {
				t.Errorf("answer %q", got)
			}
		})
		if b.wakes.Load() != 0 {
			t.Error("the loop was woken")
		}
	})
}

func TestSHA1IsRefused(t *testing.T) {
	b := newBench(t)
	for _, s := range []sender{senders[0], senders[5]} {
		body := s.payload(t)
		r := s.request(t, body)
		r.Header.Del("X-Hub-Signature-256")
		r.Header.Set("X-Hub-Signature", "sha1="+sha1sum(current, body))
		b.expect(t, r, "401 signed with sha1 only; this server takes sha256")
	}
}

func TestSignatureIsOverTheBytes(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		if s.name == "gitlab token" {
			return // its token says nothing of the body
		}
		b, body := newBench(t), s.payload(t)
		for name, changed := range map[string][]byte{
			"another body":      []byte(`{"ref":"refs/heads/main"}`),
			"white space added": append(bytes.Clone(body), ' '),
			"white space gone":  bytes.TrimSpace(body),
			"empty":             {},
		} {
			r := s.request(t, changed)
			s.sign(r.Header, current, body)
			if got := b.send(r); got != forged {
				t.Errorf("%s: %q, want %q", name, got, forged)
			}
		}
	})
}

func TestNothingIsParsedBeforeTheSignature(t *testing.T) {
	b := newBench(t)
	r := senders[0].request(t, []byte(`{"ref":`))
	r.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64))
	b.expect(t, r, forged)
	b.expect(t, senders[0].request(t, []byte(`{"ref":`)), notObject)
}

func TestSecretsAreChecked(t *testing.T) {
	for _, c := range []struct{ name, secret, want string }{
		{"short", "hunter2hunter2", "has 14 bytes; at least 32"},
		{"with a newline", current + "\n", "white space"},
		{"empty", "", "has 0 bytes"},
		{"a signing token that is none", "whsec_" + strings.Repeat("!", 40), "base64"},
		{"a short signing token", "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef01234")), "at least 32 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(Options{Board: status.NewBoard(), Secrets: []secret.String{secret.New(current), secret.New(c.secret)}, Ref: followed, Wake: func() {}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "secret 2") {
				t.Errorf("New = %v, want an error with %q for secret 2", err, c.want)
			}
			if err != nil && c.secret != "" && strings.Contains(err.Error(), strings.TrimSpace(c.secret)) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	b := newBench(t, func(o *Options) { o.Secrets = nil })
	b.expect(t, senders[0].request(t, senders[0].payload(t)), "404 webhooks are off: no secret is configured")
}

func TestOldTimestampIsRefused(t *testing.T) {
	b, s := newBench(t), senders[4]
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute, -1000 * time.Hour} {
		r := s.request(t, s.payload(t))
		r.Header.Set("Webhook-Timestamp", fmt.Sprint(noon.Add(off).Unix()))
		s.sign(r.Header, current, s.payload(t))
		b.expect(t, r, "401 the delivery is signed for another time; it is old, or a clock is wrong")
	}
	for _, stamp := range []string{"", "now", "99999999999999999999", "1e9"} {
		r := s.request(t, s.payload(t))
		r.Header.Set("Webhook-Timestamp", stamp)
		s.sign(r.Header, current, s.payload(t))
		b.expect(t, r, forged)
	}
}

func TestGitLabSigningToken(t *testing.T) {
	key := bytes.Repeat([]byte{0xfe}, 32)
	token := secret.New("whsec_" + base64.StdEncoding.EncodeToString(key))
	b, s := newBench(t, func(o *Options) { o.Secrets = []secret.String{token} }), senders[4]
	r := s.request(t, s.payload(t))
	s.sign(r.Header, string(key), s.payload(t))
	r.Header.Set("Webhook-Signature", "v2,x v1,AAAA "+r.Header.Get("Webhook-Signature"))
	b.expect(t, r, accepted)
}
