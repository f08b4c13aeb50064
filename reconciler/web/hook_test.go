package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the tests sign as old senders do
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	current  = "0123456789abcdef0123456789abcdef"
	retired  = "fedcba9876543210fedcba9876543210"
	followed = "refs/heads/main"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// bench is a handler with what it does made visible.
type bench struct {
	*Handler
	tb    testing.TB
	board *status.Board
	wakes atomic.Int64
	now   atomic.Int64 // seconds after noon
}

func newBench(tb testing.TB, change ...func(*Options)) *bench {
	tb.Helper()
	b := &bench{tb: tb, board: status.NewBoard()}
	o := Options{
		Board: b.board, Secrets: []secret.String{secret.New(current), secret.New(retired)}, Ref: followed,
		Wake: func() { b.wakes.Add(1) },
		Now:  func() time.Time { return noon.Add(time.Duration(b.now.Add(1)) * time.Second) }, // a second per request: no limits
	}
	for _, f := range change {
		f(&o)
	}
	h, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	b.Handler = h
	return b
}

// sender is how one provider delivers a payload.
type sender struct {
	name    string
	file    string
	headers map[string]string // of the request, but for the signature
	sign    func(h http.Header, key string, body []byte)
	clone   string // what the repository is called
}

func sum(key string, body []byte) string { return hex.EncodeToString(mac([]byte(key), body)) }

func sha1sum(key string, body []byte) string {
	m := hmac.New(sha1.New, []byte(key))
	_, _ = m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

var senders = []sender{
	{
		"github", "github.json",
		map[string]string{"X-GitHub-Event": "push", "X-GitHub-Delivery": "1"},
		func(h http.Header, key string, body []byte) {
			h.Set("X-Hub-Signature", "sha1="+sha1sum(key, body))
			h.Set("X-Hub-Signature-256", "sha256="+sum(key, body))
		}, "https://github.com/acme/config",
	},
	{
		"gitea", "gitea.json",
		map[string]string{
			"X-Gitea-Event": "push", "X-Gogs-Event": "push", "X-GitHub-Event": "push", "X-Gitea-Delivery": "1", "X-GitHub-Delivery": "1",
		},
		func(h http.Header, key string, body []byte) {
			h.Set("X-Gitea-Signature", sum(key, body))
			h.Set("X-Gogs-Signature", sum(key, body))
			h.Set("X-Hub-Signature", "sha1="+sha1sum(key, body))
			h.Set("X-Hub-Signature-256", "sha256="+sum(key, body))
		}, "git@git.acme.example:ops/config.git",
	},
	{
		"forgejo", "gitea.json",
		map[string]string{"X-Forgejo-Event": "push", "X-Gitea-Event": "push", "X-Forgejo-Delivery": "1"},
		func(h http.Header, key string, body []byte) {
			h.Set("X-Forgejo-Signature", sum(key, body))
			h.Set("X-Gitea-Signature", sum(key, body))
		}, "ssh://git@git.acme.example/ops/config",
	},
	{
		"gitlab token", "gitlab.json",
		map[string]string{"X-Gitlab-Event": "Push Hook", "Idempotency-Key": "1"},
		func(h http.Header, key string, _ []byte) { h.Set("X-Gitlab-Token", key) },
		"https://oauth2:token@gitlab.acme.example:443/ops/config.git/",
	},
	{
		"gitlab signed", "gitlab.json",
		map[string]string{"X-Gitlab-Event": "Push Hook", "Webhook-Id": "1", "Webhook-Timestamp": fmt.Sprint(noon.Unix())},
		func(h http.Header, key string, body []byte) {
			content := append([]byte(h.Get("Webhook-Id")+"."+h.Get("Webhook-Timestamp")+"."), body...)
			h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac([]byte(key), content)))
		}, "https://gitlab.acme.example/ops/config",
	},
	{
		"bitbucket cloud", "bitbucket-cloud.json",
		map[string]string{"X-Event-Key": "repo:push", "X-Request-UUID": "1"},
		func(h http.Header, key string, body []byte) { h.Set("X-Hub-Signature", "sha256="+sum(key, body)) },
		"git@bitbucket.org:Acme/config.git",
	},
	{
		"bitbucket dc", "bitbucket-dc.json",
		map[string]string{"X-Event-Key": "repo:refs_changed", "X-Request-Id": "1"},
		func(h http.Header, key string, body []byte) { h.Set("X-Hub-Signature", "sha256="+sum(key, body)) },
		"ssh://git@bitbucket.acme.example:7999/ops/config.git",
	},
	{
		"generic", "generic.json",
		map[string]string{"X-Delivery-Id": "1"},
		func(h http.Header, key string, body []byte) { h.Set("X-Signature", "sha256="+sum(key, body)) },
		"https://git.acme.example/ops/config",
	},
}

func (s sender) payload(tb testing.TB) []byte {
	tb.Helper()
	b, err := os.ReadFile("testdata/payloads/" + s.file)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// request is a delivery as the provider sends it, signed with the secret.
func (s sender) request(tb testing.TB, body []byte) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/hooks/git", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for k, v := range s.headers {
		r.Header.Set(k, v)
	}
	s.sign(r.Header, current, body)
	return r
}

// send gives the answer to a request: "202 accepted".
func (b *bench) send(r *http.Request) string {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return fmt.Sprintf("%d %s", w.Code, strings.TrimSpace(w.Body.String()))
}

// expect sends the request and checks the answer and whether it woke the loop.
func (b *bench) expect(t *testing.T, r *http.Request, want string) {
	t.Helper()
	before := b.wakes.Load()
	got := b.send(r)
	if got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	woke, shall := b.wakes.Load()-before, int64(0)
	if strings.HasPrefix(want, "202") {
		shall = 1
	}
	if woke != shall {
		t.Errorf("woke the loop %d times, want %d", woke, shall)
	}
}

// each runs a test for every provider.
func each(t *testing.T, test func(t *testing.T, s sender)) {
	t.Helper()
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

const (
	accepted   = "202 accepted"
	forged     = "401 the signature does not match"
	unsigned   = "401 no sha256 signature; set the secret at the sender"
	otherRef   = "200 ignored: another ref"
	otherRepo  = "200 ignored: another repository"
	refDeleted = "200 ignored: the ref was deleted"
	duplicate  = "200 this delivery was received before"
	notObject  = "400 the payload is not a JSON object"
	tooLarge   = "413 the payload is longer than 1048576 bytes; polling goes on"
	notJSON    = "415 the content type has to be application/json; choose it at the sender"
)
