package web

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzWebhook: whatever a sender signs, and whatever else it claims to be, there is an answer and no panic, and the loop is woken
// by nothing but a push that is accepted.
func FuzzWebhook(f *testing.F) {
	for i, s := range senders {
		body := s.payload(f)
		f.Add(i, body, s.headers["X-GitHub-Event"]+s.headers["X-Gitlab-Event"]+s.headers["X-Event-Key"])
		for _, wrong := range wrongs {
			f.Add(i, replaceField(body, "repository", wrong), "push")
			f.Add(i, replaceField(body, "ref", wrong), "push")
		}
	}
	// What has brought down receivers of webhooks: a link that is no list, changes without members, no repository, a ref without slashes.
	f.Add(6, []byte(`{"changes":[{}],"repository":{"links":{"clone":{"href":"x"}}}}`), "repo:refs_changed")
	f.Add(6, []byte(`{"repository":{"links":{"clone":[[]]}}}`), "repo:refs_changed")
	f.Add(5, []byte(`{"push":{"changes":[{"new":{},"old":null}]}}`), "repo:push")
	f.Add(1, []byte(`{"repository":null,"ref":""}`), "push")
	f.Add(0, []byte(`{"ref":"a","repository":{"html_url":""}}`), "push")
	f.Fuzz(func(t *testing.T, i int, body []byte, event string) {
		s := senders[(i%len(senders)+len(senders))%len(senders)]
		b := newBench(t, func(o *Options) { o.Repository = s.clone })
		r := s.request(t, body)
		for _, name := range []string{"X-GitHub-Event", "X-Gitea-Event", "X-Gitlab-Event", "X-Event-Key"} {
			if r.Header.Get(name) != "" {
				r.Header[name] = []string{event}
			}
		}
		got := b.send(r)
		if len(b.board.Snapshot().Panics) > 0 || strings.HasPrefix(got, "500") {
			t.Fatalf("panic: %s", got)
		}
		if woke := b.wakes.Load(); (woke == 1) != (got == accepted) || woke > 1 {
			t.Errorf("answer %q, woken %d times", got, woke)
		}
		forgery := s.request(t, body)
		s.sign(forgery.Header, strings.Repeat("z", 32), body)
		if got := b.send(forgery); !strings.HasPrefix(got, "401 ") {
			t.Errorf("a forged delivery gets %q", got)
		}
	})
}

// FuzzSignature: no header passes for a signature but the right one.
func FuzzSignature(f *testing.F) {
	body := []byte(`{"ref":"refs/heads/main"}`)
	f.Add("sha256="+sum("x", body), "v1,"+sum("x", body), "1")
	f.Add("sha1="+sha1sum(current, body), "", "")
	f.Fuzz(func(t *testing.T, text, standard, stamp string) {
		b := newBench(t)
		for i, h := range []http.Header{
			{"X-Signature": {text}},
			{"X-Hub-Signature-256": {text}, "X-Github-Event": {"push"}},
			{"X-Gitea-Signature": {text}},
			{"X-Gitlab-Token": {text}},
			{"Webhook-Signature": {standard}, "Webhook-Id": {"1"}, "Webhook-Timestamp": {stamp}},
			{"X-Hub-Signature": {text}, "X-Event-Key": {"repo:push"}},
		} {
			right := text == "sha256="+sum(current, body) || text == sum(current, body) || text == current
			r := senders[7].request(t, body)
			h.Set("Content-Type", "application/json")
			r.Header = h
			if got := b.send(r); got == accepted && !right {
				t.Errorf("header set %d with %q, %q passes", i, text, standard)
			}
		}
	})
}

// FuzzRepository: what a URL is compared by has a host and a path, in lower case, or is nothing at all.
func FuzzRepository(f *testing.F) {
	for _, s := range senders {
		f.Add(s.clone)
	}
	f.Add("https://[::1]:443/a")
	f.Add("\x00:0")
	f.Fuzz(func(t *testing.T, text string) {
		n := normal(text)
		host, path, _ := strings.Cut(n, "/")
		if n != strings.ToLower(n) || n != "" && (host == "" || path == "") {
			t.Errorf("normal(%q) = %q", text, n)
		}
	})
}
