package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// service is a server that takes notifications, and answers as it is told.
type service struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	answers []reply // the last one again and again
	got     []request
}

type reply struct {
	status int
	header map[string]string
	body   string
}

type request struct {
	method, uri string
	header      http.Header
	body        []byte
}

func serve(t *testing.T, answers ...reply) *service {
	t.Helper()
	s := &service{t: t, answers: answers}
	s.Server = httptest.NewTLSServer(s)
	s.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.got = append(s.got, request{r.Method, r.RequestURI, r.Header.Clone(), body})
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// requests returns what came.
func (s *service) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// last returns the body of the last request as JSON.
func (s *service) last(into any) request {
	s.t.Helper()
	all := s.requests()
	if len(all) == 0 {
		s.t.Fatal("no request came")
	}
	r := all[len(all)-1]
	if err := json.Unmarshal(r.body, into); err != nil {
		s.t.Fatalf("%v in %s", err, r.body)
	}
	return r
}

// place returns a place whose secrets are these, and the server's certificate.
func (s *service) place(secrets map[string]string) Place {
	s.t.Helper()
	secrets["ca.crt"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	return placeOf(s.t, secrets)
}

func placeOf(t *testing.T, secrets map[string]string) Place {
	t.Helper()
	dir := t.TempDir()
	for name, text := range secrets {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Place{Secrets: dir, Hosts: []string{"127.0.0.1"}, Dashboard: "https://majordomo.example.com/", Now: func() time.Time { return noon }}
}

// secretPath is what is secret of the URL of a chat.
const secretPath = "/services/T00000000/B00000000/canary-XXXXXXXXXXXXXXXX"

// chat returns a sink of a kind at the service.
func (s *service) chat(kind string) (Place, config.Notification) {
	s.t.Helper()
	p := s.place(map[string]string{"url": s.URL + secretPath, "key": strings.Repeat("k", 32)})
	n := config.Notification{Name: "sink", Kind: kind, Hook: config.Hook{URL: "url"}, CA: "ca.crt"}
	if kind == config.Webhook {
		n.Hook.Key = "key"
	}
	return p, n
}

// hostile is what a commit, an object or a job may be called.
const hostile = `@everyone <!channel> <https://evil.example|click> [click](https://evil.example) *bold* & "quoted" <at>you</at>`

func message() notice.Message {
	return notice.Message{
		Event: config.Failed, Severity: notice.Error, Title: "gke: failed", Text: hostile, Environment: "gke", Revision: strings.Repeat("a", 40), At: noon,
	}
}

func send(t *testing.T, p Place, n config.Notification) error {
	t.Helper()
	return p.Send(t.Context(), n, notice.Item{Message: message()})
}

// logged is a log that a test reads.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
