package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"majordomo.dev/reconciler/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is one that takes spans, or does not.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   [][]byte
	headers  []http.Header
	requests int
	answers  []int // of the first requests; 200 afterwards
	got      chan struct{}
}

func newCollector(t *testing.T, answers ...int) *collector {
	t.Helper()
	c := &collector{answers: answers, got: make(chan struct{}, 1000)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		code := http.StatusOK
		if c.requests < len(c.answers) {
			code = c.answers[c.requests]
		}
		c.requests++
		if r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			code = http.StatusNotFound
		}
		if code == http.StatusOK {
			c.bodies, c.headers = append(c.bodies, body), append(c.headers, r.Header)
		}
		if code == http.StatusFound {
			http.Redirect(w, r, "http://elsewhere.invalid/", code)
			return
		}
		w.WriteHeader(code)
		c.got <- struct{}{}
	}))
	t.Cleanup(c.Close)
	return c
}

// spans returns all that were taken, by name.
func (c *collector) spans(t *testing.T) map[string]span {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]span{}
	for _, b := range c.bodies {
		var e export
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		for _, s := range e.Resources[0].Scopes[0].Spans {
			all[s.Name] = s
		}
	}
	return all
}

// run runs a sender until stop is called, which returns once it has ended.
func run(t *testing.T, o Options) (s *Sender, stop func()) {
	t.Helper()
	o.Gather = time.Millisecond
	s = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return s, stop
}

// fates returns what became of passes.
func fates(t *testing.T, s *Sender) map[string]float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(s); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	return out
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)

func pass(name string, parts ...Span) Span {
	return Span{Name: name, Start: noon, End: noon.Add(time.Second), Parts: parts}
}

func TestAPassIsATraceWithParents(t *testing.T) {
	c := newCollector(t)
	s, stop := run(t, Options{Endpoint: c.URL, Version: "1.2.3", Instance: "majordomo-0", Header: http.Header{"Authorization": {"Bearer x"}}})
	scale := pass("scale")
	scale.Err, scale.Facts = errors.New("https://bob:hunter2@example.com refused\nit"), []slog.Attr{slog.Int("to", 7), slog.Bool("fresh", true), slog.String("pool", "li\x1b[31mnux")}
	s.Send(pass("pool", pass("decide"), pass("act", scale)))
	stop()
	got := c.spans(t)
	for child, parent := range map[string]string{"decide": "pool", "act": "pool", "scale": "act"} {
		if got[child].Parent == "" || got[child].Parent != got[parent].ID || got[child].Trace != got["pool"].Trace {
			t.Errorf("%s has the parent %q in trace %q; want %q in %q", child, got[child].Parent, got[child].Trace, got[parent].ID, got["pool"].Trace)
		}
	}
	if p := got["pool"]; p.Parent != "" || len(p.Trace) != 32 || len(p.ID) != 16 || p.Start != "1772366400000000005" || p.End != "1772366401000000005" || p.Status.Code != 0 {
		t.Errorf("pool: %+v", p)
	}
	to := "7"
	fresh, name := true, "linux"
	want := []attribute{{"to", value{Integer: &to}}, {"fresh", value{Truth: &fresh}}, {"pool", value{Text: &name}}}
	if diff := cmp.Diff(want, got["scale"].Attributes); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(outcome{2, "https://REDACTED@example.com refused it"}, got["scale"].Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if h := c.headers[0]; h.Get("Authorization") != "Bearer x" || h.Get("User-Agent") != "majordomo/1.2.3" {
		t.Errorf("headers %v", h)
	}
}

func TestNobodyWaitsForACollector(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer server.Close()
	defer close(hang)
	s, _ := run(t, Options{Endpoint: server.URL})
	const many = 3 * queued
	for range many { // returns at once, or the test does not end
		s.Send(pass("pool"))
	}
	if f := fates(t, s); f[dropped] < many-queued-batch || f[dropped] > many-queued {
		t.Errorf("%v of %d passes were dropped, want all that are beyond the queue of %d", f[dropped], many, queued)
	}
}

func TestWhatIsLeftIsSentAtTheEnd(t *testing.T) {
	c := newCollector(t)
	s := New(Options{Endpoint: c.URL + "/v1/traces/"})
	for range 2*batch + 1 {
		s.Send(pass("pool"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if f := fates(t, s); f[sent] != 2*batch+1 || len(c.bodies) != 3 {
		t.Errorf("%v in %d requests, want %d in 3", f, len(c.bodies), 2*batch+1)
	}
}

func TestAnAnswerThatMayPassIsTriedAgain(t *testing.T) {
	c := newCollector(t, http.StatusServiceUnavailable)
	s, stop := run(t, Options{Endpoint: c.URL})
	s.Send(pass("pool"))
	<-c.got
	<-c.got
	stop()
	if f := fates(t, s); f[sent] != 1 || f[refused] != 0 {
		t.Errorf("%v, want 1 sent", f)
	}
}

func TestARefusalIsSaidOnceAndSoIsItsEnd(t *testing.T) {
	c := newCollector(t, http.StatusUnauthorized, http.StatusFound, http.StatusBadRequest)
	var b bytes.Buffer
	s, stop := run(t, Options{Endpoint: c.URL, Log: slog.New(slog.NewTextHandler(&b, nil)), Header: http.Header{"Authorization": {"Bearer canary"}}})
	for n := range 5 {
		s.Send(pass("pool"))
		tick := time.NewTicker(time.Millisecond)
		for sum(fates(t, s)) <= float64(n) {
			<-tick.C
		}
		tick.Stop()
	}
	stop()
	if f := fates(t, s); f[refused] != 3 || f[sent] != 2 {
		t.Errorf("%v, want 3 refused and 2 sent", f)
	}
	log := b.String()
	if strings.Count(log, "spans not sent") != 1 || strings.Count(log, "spans are sent again") != 1 || !strings.Contains(log, "401 Unauthorized") || strings.Contains(log, "canary") {
		t.Errorf("log:\n%s", log)
	}
}

func sum(counts map[string]float64) (n float64) {
	for _, v := range counts {
		n += v
	}
	return n
}

func TestADeadCollectorDelaysTheEndByAtMostFiveSeconds(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // refuses connections
	s := New(Options{Endpoint: server.URL})
	for range queued {
		s.Send(pass("pool"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil { // ends, or the test does not
		t.Fatal(err)
	}
	if f := fates(t, s); f[refused] != queued {
		t.Errorf("%v, want %d refused", f, queued)
	}
}

func TestHeadersAreReadFromAFile(t *testing.T) {
	h, err := Header(secret.New("Authorization: Bearer abc\n\nX-Tenant:  7 "))
	if diff := cmp.Diff(http.Header{"Authorization": {"Bearer abc"}, "X-Tenant": {"7"}}, h); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"canary", "Authorization: ok\ncanary", "Author ization: canary", "A:", "A: \x01canary", ": canary"} {
		if _, err := Header(secret.New(bad)); err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "is no header field; allowed is NAME: VALUE") {
			t.Errorf("%q: %v, want the line and what is allowed, and not its text", bad, err)
		}
	}
}

func TestIdsAreNeverZeroAndNeverTheSame(t *testing.T) {
	var all []string
	for range 1000 {
		all = append(all, id(8))
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != 1000 || all[0] == strings.Repeat("0", 16) {
		t.Errorf("%d different ids of 1000, the least is %s", n, all[0])
	}
}
