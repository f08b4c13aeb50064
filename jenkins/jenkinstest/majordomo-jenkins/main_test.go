package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestItIsAJenkinsUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"--listen", "127.0.0.1:0", "--follow=false", "--open"}, w) }()
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+[0-9]`).FindString(string(line[:n]))
	for _, step := range []struct{ method, path, want string }{
		{"POST", "/sim/enqueue?job=linux&count=3&duration=1s", `"items"`},
		{"GET", "/queue/api/json?tree=items[task[name,labelExpression]]", `"name":"linux","labelExpression":"linux"`},
		{"GET", "/sim/stats", `"waiting": 3`},
		{"POST", "/sim/crash", "{}"},
		{"GET", "/sim/stats", `"waiting": 0`}, // the control API is there while Jenkins is not
	} {
		if got := ask(t, step.method, url+step.path); !strings.Contains(got, step.want) {
			t.Errorf("%s %s: %s, want %s in it", step.method, step.path, got, step.want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

func ask(t *testing.T, method, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestBadInputIsRefusedWithItsPlace(t *testing.T) {
	file := func(text string) string {
		f := filepath.Join(t.TempDir(), "jobs.yaml")
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nope"}, "unknown flag: --nope"},
		{[]string{"extra"}, `"extra" is unexpected`},
		{[]string{"--jobs", "/nonexistent"}, "no such file"},
		{[]string{"--jobs", file("jobs:\n- {label: x}")}, "jobs[0].name is missing"},
		{[]string{"--jobs", file("jobs:\n- {name: a}\n- {name: a}")}, `jobs[1].name: "a" is there already`},
		{[]string{"--jobs", file("jobs:\n- {name: a, durration: 1s}")}, "field durration not found"},
		{[]string{"--jobs", file("jobs:\n- {name: a, steps: [{label: x}]}")}, "only a job with pipeline: true has steps"},
		{[]string{"--jobs", file("jobs:\n- {name: a, duration: -1s}")}, "durations are 0 or more"},
		{[]string{"--kubeconfig", "/nonexistent"}, "--follow=false does without one"},
		{[]string{"--follow=false", "--listen", "nowhere:x"}, "listen on nowhere:x"},
	} {
		if err := run(t.Context(), c.args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("run(%q) = %v, want %q in it", c.args, err, c.want)
		}
	}
}

func TestHelpTellsHowToUseIt(t *testing.T) {
	var b strings.Builder
	if err := run(t.Context(), []string{"--help"}, &b); err != nil || !strings.Contains(b.String(), "/sim/enqueue") || !strings.Contains(b.String(), "--agent-delay") {
		t.Errorf("help (%v):\n%s", err, b.String())
	}
}
