package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignedPushWakesTheLoop(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		b := newBench(t, func(o *Options) { o.Repository = s.clone })
		b.expect(t, s.request(t, s.payload(t)), accepted)
		w := b.board.Snapshot().Webhooks
		if provider, _, _ := strings.Cut(s.name, " "); len(w) != 1 || w[0].Labels[1] != "accepted" || provider != "forgejo" && w[0].Labels[0] != provider {
			t.Errorf("counted %v", w)
		}
	})
}

func TestRetiredSecretIsGoodDuringRotation(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		r := s.request(t, s.payload(t))
		s.sign(r.Header, retired, s.payload(t))
		newBench(t).expect(t, r, accepted)
		only := newBench(t, func(o *Options) { o.Secrets = o.Secrets[:1] })
		r = s.request(t, s.payload(t))
		s.sign(r.Header, retired, s.payload(t))
		only.expect(t, r, forged)
	})
}

func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, s sender) {
		b := newBench(t)
		b.expect(t, s.request(t, s.payload(t)), accepted)
		b.expect(t, s.request(t, s.payload(t)), duplicate)
		if s.name == "gitlab signed" {
			return // its time would be too old by then
		}
		b.now.Add(int64(replayWindow / time.Second))
		b.expect(t, s.request(t, s.payload(t)), accepted)
	})
}

func TestStrangersPushNoDeliveryOut(t *testing.T) {
	b, s := newBench(t), senders[0]
	b.expect(t, s.request(t, s.payload(t)), accepted)
	for i := range 5 * maxReplays {
		r := s.request(t, s.payload(t))
		r.Header.Set("X-GitHub-Delivery", fmt.Sprint("x", i))
		r.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64))
		b.now.Store(1)
		b.hook.limits = newLimits(hookPace()) // the limits are not what is tested
		if got := b.send(r); got != forged {
			t.Fatal(got)
		}
	}
	b.now.Store(30)
	b.expect(t, s.request(t, s.payload(t)), duplicate)
}

func TestReplaysAreBounded(t *testing.T) {
	r := newReplays()
	for i := range 10 * maxReplays {
		r.again("github", fmt.Sprint(i), noon)
	}
	if len(r.seen) > maxReplays || !r.again("github", fmt.Sprint(10*maxReplays-1), noon) || r.again("github", "0", noon) {
		t.Errorf("%d deliveries are remembered, want the last %d", len(r.seen), maxReplays)
	}
}

func TestMethodAndFormat(t *testing.T) {
	b, s := newBench(t), senders[0]
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		r := s.request(t, s.payload(t))
		r.Method = m
		b.expect(t, r, "405 this path takes POST only")
	}
	for _, kind := range []string{
		"application/x-www-form-urlencoded", "text/plain", "text/plain; application/json", "", "multipart/form-data", "application/json5", "/",
	} {
		r := s.request(t, s.payload(t))
		r.Header.Set("Content-Type", kind)
		b.expect(t, r, notJSON)
	}
	r := s.request(t, s.payload(t))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	b.expect(t, r, accepted)
	for _, encoding := range []string{"gzip", "br", "identity, gzip", "deflate"} {
		r := s.request(t, s.payload(t))
		r.Header.Set("Content-Encoding", encoding)
		b.expect(t, r, "415 compressed payloads are not taken")
	}
}

func TestRepository(t *testing.T) {
	const config = "https://git.acme.example/ops/config.git"
	for _, c := range []struct{ url, want string }{
		{"https://git.acme.example/ops/config.git", accepted},
		{"https://GIT.acme.example/Ops/Config", accepted},
		{"https://user:token@git.acme.example:443/ops/config/", accepted},
		{"http://git.acme.example:80/ops/config.git", accepted},
		{"ssh://git@git.acme.example:22/ops/config.git", accepted},
		{"git@git.acme.example:ops/config.git", accepted},
		{"git.acme.example:/ops/config", accepted},
		{"https://git.acme.example:8443/ops/config.git", otherRepo},
		{"https://git.acme.example/ops/config2", otherRepo},
		{"https://git.acme.example/ops", otherRepo},
		{"https://git.acme.example/ops/config.git/../other", otherRepo},
		{"https://gitXacme.example/ops/config", otherRepo},
		{"https://.*/.*", otherRepo},
		{"(?i).*", otherRepo},
		{"^(((((a+)+)+)+)+)$", otherRepo},
		{"https://evil.example/?git.acme.example/ops/config", otherRepo},
		{"https://git.acme.example@evil.example/ops/config", otherRepo},
		{"https://evil.example#@git.acme.example/ops/config", otherRepo},
		{"https://%zz/ops/config", otherRepo},
		{"file:///ops/config", otherRepo},
		{"ext::sh -c id", otherRepo},
	} {
		t.Run(c.url, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.Repository = config })
			body := fmt.Appendf(nil, `{"ref":"refs/heads/main","repository":%q}`, c.url)
			b.expect(t, senders[7].request(t, body), c.want)
		})
	}
}

func TestAnyRepositoryWhereOnesOwnIsAPath(t *testing.T) {
	for _, config := range []string{"", "/srv/config", "./config", "file:///srv/config"} {
		b := newBench(t, func(o *Options) { o.Repository = config })
		b.expect(t, senders[0].request(t, senders[0].payload(t)), accepted)
	}
}

func TestRef(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"the one that is followed", `{"ref":"refs/heads/main","after":"1234"}`, accepted},
		{"another branch", `{"ref":"refs/heads/feature"}`, otherRef},
		{"a branch whose name ends alike", `{"ref":"refs/heads/x/refs/heads/main"}`, otherRef},
		{"a tag of the same name", `{"ref":"refs/tags/main"}`, otherRef},
		{"a short name", `{"ref":"main"}`, otherRef},
		{"other letters", `{"ref":"refs/heads/MAIN"}`, otherRef},
		{"deleted", `{"ref":"refs/heads/main","after":"0000000000000000000000000000000000000000"}`, refDeleted},
		{"deleted in a repository of SHA-256", `{"ref":"refs/heads/main","after":"` + strings.Repeat("0", 64) + `"}`, refDeleted},
		{"another one deleted", `{"ref":"refs/heads/x","after":"0000000000000000000000000000000000000000"}`, otherRef},
		{"none", `{}`, "400 the payload names no ref"},
		{"an empty one", `{"ref":""}`, "400 the payload names no ref"},
	} {
		t.Run(c.name, func(t *testing.T) { newBench(t).expect(t, senders[7].request(t, []byte(c.body)), c.want) })
	}
}

func TestBitbucketDeletesAndTags(t *testing.T) {
	gone := `{"push":{"changes":[{"new":null,"old":{"type":"branch","name":"main"}}]}}`
	newBench(t).expect(t, senders[5].request(t, []byte(gone)), refDeleted)
	tag := `{"push":{"changes":[{"new":{"type":"branch","name":"x"}},{"new":{"type":"tag","name":"v1"}}]}}`
	b := newBench(t, func(o *Options) { o.Ref = "refs/tags/v1" })
	b.expect(t, senders[5].request(t, []byte(tag)), accepted)
	moved := `{"changes":[{"ref":{"id":"refs/heads/main"},"toHash":"0000000000000000000000000000000000000000"}]}`
	newBench(t).expect(t, senders[6].request(t, []byte(moved)), refDeleted)
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		sender      int
		header, val string
		want        string
	}{
		{0, "X-GitHub-Event", "ping", "200 pong"},
		{0, "X-GitHub-Event", "pull_request", "200 ignored: not a push"},
		{0, "X-GitHub-Event", "", "200 ignored: not a push"},
		{1, "X-Gitea-Event", "issues", "200 ignored: not a push"},
		{3, "X-Gitlab-Event", "Pipeline Hook", "200 ignored: not a push"},
		{3, "X-Gitlab-Event", "Tag Push Hook", accepted},
		{3, "X-Gitlab-Event", "System Hook", accepted},
		{5, "X-Event-Key", "diagnostics:ping", "200 pong"},
		{5, "X-Event-Key", "repo:fork", "200 ignored: not a push"},
	} {
		t.Run(c.header+" "+c.val, func(t *testing.T) {
			s := senders[c.sender]
			r := s.request(t, s.payload(t))
			r.Header.Set(c.header, c.val)
			newBench(t).expect(t, r, c.want)
		})
	}
}

func TestProvider(t *testing.T) {
	b := newBench(t)
	r := senders[0].request(t, senders[0].payload(t))
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Gogs-Event": {"push"}}
	b.expect(t, r, "400 "+errNobody.Error())
	for i, one := range senders {
		for k, two := range senders {
			kin := func(s sender) bool { return slices.Contains([]string{"github", "gitea", "forgejo"}, s.name) }
			if i == k || kin(one) && kin(two) || strings.Fields(one.name)[0] == strings.Fields(two.name)[0] {
				continue
			}
			r := one.request(t, one.payload(t))
			for name, v := range two.headers {
				r.Header.Set(name, v)
			}
			two.sign(r.Header, current, one.payload(t))
			b.now.Add(60)
			b.expect(t, r, "400 headers of two kinds of Git server at once")
		}
	}
}

func TestForgedSignatureBesideAGoodOne(t *testing.T) {
	s := senders[1]
	for _, name := range []string{"X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature"} {
		r := s.request(t, s.payload(t))
		r.Header.Set(name, strings.Repeat("0", 64))
		newBench(t).expect(t, r, forged)
	}
}

func TestManyCommits(t *testing.T) {
	one := `{"id":"76ae82c7b1a177c8d03f9e96e0adf2466113728f","message":"more agents","added":["a"]}`
	body := `{"commits":[` + one + strings.Repeat(","+one, 9999) + `],"ref":"refs/heads/main"}`
	if len(body) > maxBody {
		t.Fatalf("%d bytes", len(body))
	}
	newBench(t).expect(t, senders[0].request(t, []byte(body)), accepted)
}

func TestPanicCostsOneRequest(t *testing.T) {
	first := true
	b := newBench(t)
	b.hook.wake = func() {
		if first {
			first = false
			panic("boom")
		}
	}
	s := senders[7]
	s.headers = nil
	if got := b.send(s.request(t, s.payload(t))); got != "500 internal error" {
		t.Errorf("answer %q", got)
	}
	if got := b.send(s.request(t, s.payload(t))); got != accepted {
		t.Errorf("the next one: %q", got)
	}
	if p := b.board.Snapshot().Panics; len(p) != 1 || p[0].Labels[0] != "webhook" || p[0].Value != 1 {
		t.Errorf("panics counted: %v", p)
	}
}
