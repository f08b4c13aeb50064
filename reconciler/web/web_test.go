package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

var update = flag.Bool("update", false, "rewrite testdata")

func (b *bench) get(t *testing.T, path string) (int, string, http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String(), w.Header()
}

func TestLivenessFollowsTheLoop(t *testing.T) {
	var stuck error
	b := newBench(t, func(o *Options) { o.Alive = func() error { return stuck } })
	if code, text, _ := b.get(t, "/healthz"); code != 200 || text != "ok loop\nok\n" {
		t.Errorf("%d %q", code, text)
	}
	stuck = errors.New("no pass for 10m\x1b[0m")
	if code, text, _ := b.get(t, "/healthz"); code != 503 || text != "fail loop: no pass for 10m\n" {
		t.Errorf("%d %q", code, text)
	}
}

func TestReadiness(t *testing.T) {
	checks := []Check{{"git", nil}, {"cluster gke", errors.New("not observed yet")}}
	b := newBench(t, func(o *Options) { o.Ready = func() []Check { return checks } })
	if code, text, _ := b.get(t, "/readyz"); code != 503 || text != "ok git\nfail cluster gke: not observed yet\n" {
		t.Errorf("before the first look: %d %q", code, text)
	}
	checks[1].Err = nil
	if code, text, _ := b.get(t, "/readyz"); code != 200 || text != "ok git\nok cluster gke\nok\n" {
		t.Errorf("after it: %d %q", code, text)
	}
	b.Drain()
	if code, text, _ := b.get(t, "/readyz"); code != 503 || !strings.Contains(text, "fail running: is shutting down") {
		t.Errorf("while stopping: %d %q", code, text)
	}
	if code, _, _ := b.get(t, "/healthz"); code != 200 {
		t.Errorf("a process that stops is alive: %d", code)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	b := newBench(t)
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
		"Cache-Control":                "no-store",
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/v1/environments", "/hooks/git", "/nothing"} {
		_, _, h := b.get(t, path)
		got := map[string]string{}
		for k := range want {
			got[k] = h.Get(k)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestOnlyTheMethodOfTheRoute(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/v1/environments"} {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "TRACE": 405} {
			w := httptest.NewRecorder()
			b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			if w.Code != want || want == 405 && w.Header().Get("Allow") != "GET" {
				t.Errorf("%s %s: %d, want %d", method, path, w.Code, want)
			}
		}
	}
}

// fill puts one environment with everything on the board.
func fill(b *status.Board) {
	b.Put("gke", status.Environment{
		Revision: "3f2c1ab9", ShortRevision: "3f2c1ab",
		Conditions: []status.Condition{
			{Type: status.Ready, Status: status.False, Reason: status.PruneGuard, Message: "held", LastTransitionTime: noon},
		},
		Objects:  status.Objects{Total: 20, Ready: 19},
		LastSync: &status.Sync{Time: noon, Trigger: status.Poll, Duration: status.Duration(time.Second)},
		Drift:    status.Drifts{Repairs: 1, Fights: []status.Fight{{Object: "Service a/b", Manager: "hpa"}}},
		Held:     &status.Held{Hash: "h", Reason: "held", Objects: []string{"Service a/c"}},
	})
	b.Next("gke", noon.Add(time.Minute))
	b.Leader(true)
	b.Source(status.Source{URL: "https://git.acme.example/ops/config", Ref: followed, Revision: "3f2c1ab9", LastSuccess: noon})
	b.Synced("gke", status.ResultSynced, status.Poll)
	b.Took("gke", status.PhaseApply, 30*time.Millisecond)
	b.Drifted("gke", "Service")
	b.Pruned("gke", 2)
	b.Gated("gke", "prune")
	b.Fetched("fetched", 20*time.Millisecond)
	b.Panicked("render")
	b.Webhook("github", "accepted")
}

func TestEnvironments(t *testing.T) {
	b := newBench(t)
	_, empty, _ := b.get(t, "/api/v1/environments")
	if !strings.Contains(empty, `"items":[]`) {
		t.Errorf("an empty board: %s", empty)
	}
	fill(b.board)
	code, text, h := b.get(t, "/api/v1/environments")
	var l List
	if err := json.Unmarshal([]byte(text), &l); err != nil || code != 200 || h.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", code, err, text)
	}
	if l.Kind != "EnvironmentStatusList" || len(l.Items) != 1 || l.Items[0].Status.Revision != "3f2c1ab9" || !l.Items[0].Next.Equal(noon.Add(time.Minute)) || !l.Leader {
		t.Errorf("list %+v", l)
	}
}

func TestMetrics(t *testing.T) {
	b := newBench(t, func(o *Options) {
		o.Build = Build{Version: "1.2.3", Revision: "abc"}
		o.Metrics = []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "further", Help: "x"}, func() float64 { return 7 })}
	})
	fill(b.board)
	_, text, _ := b.get(t, "/metrics")
	var got []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "majordomo_") || strings.HasPrefix(line, "further") {
			got = append(got, line)
		}
	}
	all := strings.Join(got, "")
	if i := strings.Index(all, `goversion="`); i >= 0 {
		end := strings.IndexByte(all[i+11:], '"')
		all = all[:i+11] + "GO" + all[i+11+end:]
	}
	if *update {
		if err := os.WriteFile("testdata/metrics.txt", []byte(all), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes", "process_open_fds"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
}

// An alert sees no increase in a counter that comes into being with the first panic.
func TestPanicsAreCountedFromZero(t *testing.T) {
	b := newBench(t)
	_, text, _ := b.get(t, "/metrics")
	for _, component := range []string{"loop", "web", "webhook"} {
		if !strings.Contains(text, `majordomo_panics_total{component="`+component+`"} 0`) {
			t.Errorf("no panics of %s, want 0:\n%s", component, text)
		}
	}
	b.board.Panicked("web")
	if _, text, _ = b.get(t, "/metrics"); strings.Count(text, `component="web"}`) != 1 || !strings.Contains(text, `component="web"} 1`) {
		t.Errorf("after a panic:\n%s", text)
	}
}

func TestEveryMetricThatIsDescribedIsServed(t *testing.T) {
	board := status.NewBoard()
	fill(board)
	c := &collector{board, Build{Version: "1.2.3"}}
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var served, described []string
	for _, family := range families {
		served = append(served, family.GetName())
	}
	descriptions := make(chan *prometheus.Desc, 100)
	c.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		described = append(described, name)
	}
	slices.Sort(described)
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("served (-described +served):\n%s", diff)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("names and helps: %v %v", problems, err)
	}
}

func TestMetricsOfADeletedEnvironmentGo(t *testing.T) {
	b := newBench(t)
	fill(b.board)
	b.board.Delete("gke")
	if _, text, _ := b.get(t, "/metrics"); strings.Contains(text, `env="gke"`) {
		t.Errorf("series of a deleted environment:\n%s", text)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	wake := func() {}
	board := status.NewBoard()
	twice := []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "go_goroutines"}, func() float64 { return 7 })}
	for name, o := range map[string]Options{
		"no board":               {},
		"a short ref":            {Board: board, Secrets: []secret.String{secret.New(current)}, Ref: "main", Wake: wake},
		"no ref":                 {Board: board, Secrets: []secret.String{secret.New(current)}, Wake: wake},
		"nobody to wake":         {Board: board, Secrets: []secret.String{secret.New(current)}, Ref: followed},
		"a metric that is there": {Board: board, Metrics: twice},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestServerHasLimits(t *testing.T) {
	s := server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 15*time.Second || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes != 64<<10 {
		t.Errorf("server %+v", s)
	}
}

func TestServeLetsRequestsFinish(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	b := newBench(t, func(o *Options) {
		o.Alive = func() error { close(started); <-finish; return nil }
	})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan string, 1)
	go func() { served <- Serve(ctx, l, b.Handler, slog.New(slog.DiscardHandler)) }()
	go func() { answered <- fetch(t, "http://"+l.Addr().String()+"/healthz") }()
	<-started
	stop()
	close(finish)
	if got := <-answered; got != "200 ok loop\nok\n" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if code, _, _ := b.get(t, "/readyz"); code != 503 {
		t.Errorf("ready after the end: %d", code)
	}
}

func fetch(t *testing.T, url string) string {
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

func TestServeSaysWhenItCannot(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := Serve(t.Context(), l, newBench(t).Handler, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error on a closed listener")
	}
}

func TestPanicOutsideOfWebhooks(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) {
		o.Log = slog.New(slog.NewJSONHandler(&log, nil))
		o.Ready = func() []Check { panic("boom\n") }
	})
	if code, text, _ := b.get(t, "/readyz"); code != 500 || strings.Contains(text, "boom") {
		t.Errorf("%d %q", code, text)
	}
	if p := b.board.Snapshot().Panics; len(p) != 1 || p[0].Labels[0] != "web" || !strings.Contains(log.String(), "boom") {
		t.Errorf("panics %v, log %s", p, log.String())
	}
}
