package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/reconciler/config"
)

// The program as a process of its own sends the spans of its first sync, the last of them when it is stopped.
func TestSpansGoToTheCollectorThatIsNamed(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body json.RawMessage
		err := json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+string(body))
		if err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	s := newSite(t)
	r := s.start("--leader-election=false", "--otlp-endpoint", server.URL)
	r.ready()
	if _, text := r.get("/metrics"); !strings.Contains(text, `majordomo_spans_total{result="dropped"} 0`) {
		t.Errorf("/metrics has no majordomo_spans_total:\n%.2000s", text)
	}
	if code := r.stop(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(bodies, "\n")
	has(t, all, "POST /v1/traces ", `"name":"fetch"`, `"name":"environment"`, `"name":"apply"`, `{"key":"env","value":{"stringValue":"`+s.env+`"}}`)
}

func TestNothingIsSentWhereNoCollectorIsNamed(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	if s, err := new(app).collector(config.Default(), discard()); s != nil || err != nil {
		t.Errorf("collector %v, %v; want none", s, err)
	}
}

func TestTheFileOfHeadersIsChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	for headers, want := range map[string]string{file: "line 1 is no header field; allowed is NAME: VALUE", filepath.Join(t.TempDir(), "none"): "no such file"} {
		o := s.want(exitUsage, "run", "--repo", s.repo.Dir, "--state-dir", t.TempDir(), "--otlp-endpoint", "https://collector.example", "--otlp-headers-file", headers)
		has(t, o.stderr, "--otlp-headers-file", headers, want)
		if strings.Contains(o.stderr, "canary") {
			t.Errorf("the text of the file is told: %s", o.stderr)
		}
	}
}

func TestSpansOfTheFleetKeepAllOfWhatTheySay(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	in := fleet.Span{Name: "pool", Start: at, End: at.Add(time.Second), Err: errLeaseLost, Parts: []fleet.Span{{Name: "act", Parts: []fleet.Span{{Name: "scale", Start: at}}}}}
	out := spanOf(in)
	if out.Name != "pool" || !out.End.Equal(in.End) || out.Err != errLeaseLost || out.Parts[0].Parts[0].Name != "scale" || !out.Parts[0].Parts[0].Start.Equal(at) { //nolint:errorlint // the value itself
		t.Errorf("spanOf(%+v) = %+v", in, out)
	}
}
