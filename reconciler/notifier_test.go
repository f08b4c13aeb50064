package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notify"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/web"
)

// listener is a chat and a Git host that listen.
type listener struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	messages []string            // texts of the chat
	marks    map[string][]string // states, by commit
}

func newListener(t *testing.T) *listener {
	t.Helper()
	h := &listener{t: t, marks: map[string][]string{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	var got struct{ Text, State, Context string }
	if err := json.Unmarshal(body, &got); err != nil {
		h.t.Errorf("%s: %v", body, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if sha, ok := strings.CutPrefix(r.URL.Path, "/repos/acme/fleet/statuses/"); ok && r.Header.Get("Authorization") == "Bearer token-of-the-api" {
		h.marks[sha] = append(h.marks[sha], got.Context+" "+got.State)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "{}")
		return
	}
	h.messages = append(h.messages, got.Text)
	_, _ = io.WriteString(w, "ok")
}

// notified adds notifications to the fleet of a site, and returns the flags for them.
func (s *site) notified(h *listener) []string {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, text := range map[string]string{"chat": h.URL + "/services/secret-of-the-chat", "token": "token-of-the-api"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.files["fleet.yaml"] += "notifications:\n- {name: chat, slack: {webhookFrom: {file: chat}}}\n" +
		"- {name: commits, github: {repository: acme/fleet, tokenFrom: {file: token}, url: '" + h.URL + "'}}\n"
	return []string{"--notify-secrets-dir", dir, "--notify-hosts", "127.0.0.1", "--dashboard-url", "https://majordomo.example.com"}
}

// until waits until what was told is so.
func (h *listener) until(what string, holds func() bool) {
	h.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 6000 {
		h.mu.Lock()
		ok := holds()
		h.mu.Unlock()
		if ok {
			return
		}
		<-tick.C
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t.Fatalf("waited for %s; messages %q, marks %q", what, h.messages, h.marks)
}

// marked tells whether a commit has this mark.
func (h *listener) marked(sha, want string) func() bool {
	return func() bool { return slices.Contains(h.marks[sha], want) }
}

func TestABadCommitAndItsMendAreToldOnce(t *testing.T) {
	s := newSite(t)
	h := newListener(t)
	flags := s.notified(h)
	mark := "majordomo/" + s.env + " "
	first := s.commit("with notifications")
	r := s.start(append(flags, "--leader-election=false", "--interval", "1s")...)
	h.until("the first commit", h.marked(first, mark+"success"))

	good := s.files["overlay/kustomization.yaml"]
	s.files["overlay/kustomization.yaml"] = good + "bases: [https://evil.example/x]\n"
	bad := s.commit("bad")
	h.until("the failure", func() bool { return h.marked(bad, mark+"failure")() && len(h.messages) == 1 })

	s.files["overlay/kustomization.yaml"] = good
	fixed := s.commit("fixed")
	h.until("the mend", func() bool { return h.marked(fixed, mark+"success")() && len(h.messages) == 2 })

	s.files["fleet.yaml"] = strings.Replace(s.files["fleet.yaml"], "kind: Fleet", "kind: Flet", 1)
	wrong := s.commit("wrong fleet")
	h.until("the refused commit", func() bool { return h.marked(wrong, mark+"failure")() && len(h.messages) == 3 })

	for _, want := range []string{
		`majordomo_notifications_total{result="sent",sink="chat"} 3`, `majordomo_notifications_total{result="failed",sink="chat"} 0`,
		`majordomo_notifications_total{result="failed",sink="commits"} 0`,
	} {
		h.until("metrics with "+want, func() bool { // an answer is counted after it is there
			code, metrics := r.get("/metrics")
			return code == http.StatusOK && strings.Contains(metrics, want)
		})
	}
	if code := r.stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	want := []string{"🔴 " + s.env + ": failed", "🟢 " + s.env + ": recovered", "🔴 config repository: a commit is refused"}
	if !slices.Equal(h.messages, want) {
		t.Errorf("messages %q, want %q", h.messages, want)
	}
	for sha, end := range map[string]string{first: "success", bad: "failure", fixed: "success", wrong: "failure"} {
		got := h.marks[sha]
		if n := len(got); n > 2 || got[n-1] != mark+end || n == 2 && got[0] != mark+"pending" {
			t.Errorf("marks of %s: %q, want pending at most once and then %s", sha[:7], got, end)
		}
	}
	for _, secret := range []string{"secret-of-the-chat", "token-of-the-api"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log shows a secret:\n%s", r.log)
		}
	}
}

func TestASinkThatIsDownDelaysNoSync(t *testing.T) {
	s := newSite(t)
	h := newListener(t)
	flags := s.notified(h)
	hold := make(chan struct{})
	h.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	defer close(hold)
	s.commit("with notifications")
	r := s.start(append(flags, "--leader-election=false", "--interval", "1s")...)
	r.ready()
	for i := range 3 {
		s.files["overlay/casc.yaml"] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {executors: \"%d\"}\n", i+5)
		s.applied(s.commit(fmt.Sprint("commit ", i)))
	}
	if code := r.stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// applied waits until the environment has a commit.
func (s *site) applied(commit string) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		if strings.Contains(fmt.Sprint(s.object().Object["status"]), "revision:"+commit) {
			return
		}
		<-tick.C
	}
	s.t.Fatalf("commit %s is not applied: %v", commit, s.object().Object["status"])
}

func TestCheckSendsOneTestMessage(t *testing.T) {
	s := newSite(t)
	h := newListener(t)
	flags := s.notified(h)
	sha := s.commit("with notifications")
	check := func(code int, args ...string) outcome {
		return s.want(code, append([]string{"check", "--repo", s.repo.Dir}, args...)...)
	}
	has(t, check(exitOK, append(flags, "--notify", "chat")...).stdout, "✔ notification chat: a test message was taken")
	has(t, check(exitOK, append(flags, "--notify", "commits")...).stdout, "✔ notification commits: a test message was taken")
	if !slices.Equal(h.messages, []string{"🟢 a test"}) || !slices.Equal(h.marks[sha], []string{"majordomo success"}) {
		t.Errorf("messages %q, marks %q", h.messages, h.marks)
	}
	has(t, check(exitFailure, append(flags, "--notify", "chta")...).stdout, `✗ notification chta: fleet.yaml has no such notification; did you mean "chat"?`)
	has(t, check(exitFailure, "--notify", "chat").stdout, "✗ notification chat: file chat: there is no directory of secrets; name it with --notify-secrets-dir")
	has(t, check(exitFailure, append(flags[:2:2], "--notify", "commits")...).stdout, "✗ notification commits: host 127.0.0.1 is not among those of --notify-hosts")
	has(t, s.want(exitFailure, append([]string{"check", "--path", s.directory(), "--notify", "commits"}, flags...)...).stdout, "a plain directory has no commit that could be marked; name the repository with --repo")
}

func TestValidateFindsWhatIsWrongWithNotifications(t *testing.T) {
	s := newSite(t)
	s.files["fleet.yaml"] += "notifications:\n- {name: chat, slak: {}}\n"
	has(t, s.want(exitFailure, "validate", s.directory()).stdout, "fleet.yaml:6", `.notifications[0].slak`, `did you mean "slack"?`)
}

func TestAWebhookOfOursIsSignedAsThoseThatWeTake(t *testing.T) {
	key := strings.Repeat("k", 32)
	handler, err := web.New(web.Options{
		Board: status.NewBoard(), Log: discard(), Ref: "refs/heads/main", Wake: func() {}, Secrets: []secret.String{secret.New(key)},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	dir := t.TempDir()
	send := func(key string) error {
		for name, text := range map[string]string{"url": server.URL + "/hooks/git", "key": key} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n := config.Notification{Name: "hook", Kind: config.Webhook, Hook: config.Hook{URL: "url", Key: "key"}}
		return notify.Place{Secrets: dir}.Send(t.Context(), n, notify.Test(n, "", time.Now()))
	}
	if err := send(key); err == nil || !strings.Contains(err.Error(), "400 Bad Request: the payload names no ref") {
		t.Errorf("signed: %v, want that it was believed and is about no ref", err)
	}
	if err := send(strings.Repeat("x", 32)); err == nil || !strings.Contains(err.Error(), "401 Unauthorized: the signature does not match") {
		t.Errorf("signed with another key: %v, want that it was not believed", err)
	}
}
