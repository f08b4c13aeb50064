package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// realm is who there is, by token, and what they may do, as Right says it.
type realm struct {
	mu     sync.Mutex
	people map[string]access.Person
	rights map[string][]string // by name
	down   error
	asked  int // about tokens
	sought int // rights
}

func (m *realm) token(_ context.Context, token secret.String) (access.Person, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	p, ok := m.people[token.Reveal()]
	switch {
	case m.down != nil:
		return access.Person{}, m.down
	case !ok:
		return access.Person{}, access.ErrLogin
	}
	return p, nil
}

func (m *realm) may(_ context.Context, p access.Person, r access.Right) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sought++
	return slices.Contains(m.rights[p.Name], r.String()), m.down
}

func (m *realm) rightsAsked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sought
}

func right(verb, what string) string { return "`kubectl auth can-i " + verb + " " + what + "`" }

// newRealm has a viewer and an operator of gke, and somebody without rights.
func newRealm() *realm {
	see, change := right("get", "environments.majordomo.dev/gke"), right("patch", "environments.majordomo.dev/gke")
	return &realm{
		people: map[string]access.Person{"v": {Name: "viewer"}, "o": {Name: "operator"}, "n": {Name: "nobody"}, "empty": {}},
		rights: map[string][]string{
			"viewer":   {see},
			"operator": {see, change, right("patch", "agentpools.majordomo.dev/linux -n jenkins"), right("patch", "pods/agent-1 -n jenkins")},
		},
	}
}

// guarded is a bench with access control: gke with a pool, and vagrant.
func guarded(t *testing.T, m *realm, change ...func(*Options)) *bench {
	t.Helper()
	b := newBench(t, append([]func(*Options){func(o *Options) {
		o.Board.Put("gke", status.Environment{})
		o.Board.Put("vagrant", status.Environment{})
		o.Pools = func(seen func(string) bool) any {
			return map[string]bool{"gke": seen("gke"), "vagrant": seen("vagrant")}
		}
		o.Access = &Access{Local: true, May: m.may, Token: m.token, Known: func() []access.Subject {
			return []access.Subject{{Environment: "gke"}, {Environment: "vagrant"}, {Environment: "gke", Namespace: "jenkins", Pool: "linux"}}
		}}
		o.Act = func(_ context.Context, a access.Action) (string, error) {
			return string(a.Do) + " " + a.On.Key() + " by " + a.Who.Name, nil
		}
	}}, change...)...)
	return b
}

// call is a request as it comes in at a listener, from a peer.
type call struct {
	method, path, body string
	token              string
	listener, peer     string // default: an address of the network
	host               string
	header             map[string]string
}

func (b *bench) call(t *testing.T, a call) *httptest.ResponseRecorder {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodGet
	}
	ctx := t.Context()
	if a.listener != "" {
		ctx = context.WithValue(ctx, listenerKey{}, a.listener)
	}
	r := httptest.NewRequestWithContext(ctx, a.method, a.path, strings.NewReader(a.body))
	r.RemoteAddr, r.Host = "192.0.2.1:4711", "majordomo.example"
	if a.peer != "" {
		r.RemoteAddr = a.peer
	}
	if a.host != "" {
		r.Host = a.host
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func near(path string) call {
	return call{path: path, listener: "127.0.0.1:8080", peer: "127.0.0.1:4711", host: "localhost:8080"}
}

func TestWithoutALoginOnlyTheMachineItselfLooks(t *testing.T) {
	b := guarded(t, newRealm())
	const path = "/api/v1/environments"
	with := func(change func(*call)) call { a := near(path); change(&a); return a }
	passed := func(name string) call { return with(func(a *call) { a.header = map[string]string{name: "127.0.0.1"} }) }
	for name, c := range map[string]struct {
		ask  call
		want int
	}{
		"the machine itself":                 {near(path), 200},
		"the machine itself, by IPv6":        {call{path: path, listener: "[::1]:8080", peer: "[::1]:4711", host: "[::1]:8080"}, 200},
		"an address of the network":          {call{path: path, listener: "10.0.0.1:8080"}, 401},
		"any address, from the machine":      {with(func(a *call) { a.listener = "[::]:8080" }), 401},
		"from elsewhere":                     {with(func(a *call) { a.peer = "192.0.2.1:4711" }), 401},
		"another name, as in DNS rebinding":  {with(func(a *call) { a.host = "evil.example:8080" }), 401},
		"a name that looks like the machine": {with(func(a *call) { a.host = "localhost.evil.example" }), 401},
		"passed on by a proxy":               {passed("X-Forwarded-For"), 401},
		"passed on, in another way":          {passed("Forwarded"), 401},
		"no listener that is known":          {with(func(a *call) { a.listener = "" }), 401},
	} {
		if got := b.call(t, c.ask).Code; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAnOpenAddressAnswersOnlyHealthAndMetricsWithoutALogin(t *testing.T) {
	b := guarded(t, newRealm())
	got := map[string]int{}
	for _, r := range b.routes.list() {
		path := strings.NewReplacer("{env}", "gke", "{namespace}", "jenkins", "{pool}", "linux").Replace(r.path)
		w := b.call(t, call{method: r.method, path: path, body: "{}", listener: "0.0.0.0:8080"})
		if w.Code != 401 && w.Code != 303 {
			got[r.method+" "+path] = w.Code
		}
		if w.Code == 401 && !strings.HasPrefix(path, "/hooks/") && w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: no WWW-Authenticate", path)
		}
	}
	maps.DeleteFunc(got, func(route string, _ int) bool {
		return open(strings.Fields(route)[1]) && !strings.HasPrefix(route, "GET /api/")
	})
	want := map[string]int{"GET /api/v1/me": 200, "GET /api/v1/openapi.json": 200}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers without a login (-want +got):\n%s", diff)
	}
	if w := b.call(t, call{path: "/api/v1/me"}); !strings.Contains(w.Body.String(), `"user":"","anonymous":true,"login":["token"],"can":{"environments":{},"pools":{}}`) {
		t.Errorf("who asks without a login may: %s", w.Body)
	}
}

func TestMeTellsWhatEachMayDo(t *testing.T) {
	b := guarded(t, newRealm())
	for name, c := range map[string]struct {
		ask  call
		want string
	}{
		"the machine itself": {near("/api/v1/me"), `{"user":"","anonymous":true,"login":["token"],"can":{"environments":{"gke":["view"],"vagrant":["view"]},"pools":{"gke/jenkins/linux":["view"]}}}`},
		"viewer":             {call{path: "/api/v1/me", token: "v"}, `{"user":"viewer","anonymous":false,"login":["token"],"can":{"environments":{"gke":["view"]},"pools":{"gke/jenkins/linux":["view"]}}}`},
		"operator": {call{path: "/api/v1/me", token: "o"}, `{"user":"operator","anonymous":false,"login":["token"],"can":{"environments":{"gke":["view","sync","approve","suspend","rollback"]},` +
			`"pools":{"gke/jenkins/linux":["view","scale","drain","suspend"]}}}`},
		"nobody": {call{path: "/api/v1/me", token: "n"}, `{"user":"nobody","anonymous":false,"login":["token"],"can":{"environments":{},"pools":{}}}`},
	} {
		if got := strings.TrimSpace(b.call(t, c.ask).Body.String()); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
	}
}

func TestWhatOneMayNotSeeIsLeftOut(t *testing.T) {
	b := guarded(t, newRealm())
	for token, want := range map[string]string{"v": `{"gke":true,"vagrant":false}`, "n": `{"gke":false,"vagrant":false}`} {
		if got := strings.TrimSpace(b.call(t, call{path: "/api/v1/pools", token: token}).Body.String()); got != want {
			t.Errorf("pools for %s: %s, want %s", token, got, want)
		}
		text := b.call(t, call{path: "/api/v1/environments", token: token}).Body.String()
		if strings.Contains(text, "vagrant") || strings.Contains(text, `"gke"`) != (token == "v") {
			t.Errorf("environments for %s: %s", token, text)
		}
	}
}

func TestNobodyGetsInByACredentialThatIsNone(t *testing.T) {
	b := guarded(t, newRealm())
	for name, sent := range map[string]string{
		"a token that is nobody's": "Bearer x", "no name and no groups": "Bearer empty", "an empty token": "Bearer ", "a password": "Basic dTpw", "nothing": "", "two words": "Bearer",
	} {
		a := near("/api/v1/environments") // where even nobody may look
		a.header = map[string]string{"Authorization": sent}
		if got := b.call(t, a).Code; got != 401 {
			t.Errorf("%s: %d, want 401", name, got)
		}
	}
}

func TestWhileTheClusterDoesNotTellNobodyMayDoAnything(t *testing.T) {
	m := newRealm()
	b := guarded(t, m)
	m.down = errors.New("connection refused")
	for _, a := range []call{
		{path: "/api/v1/environments", token: "o"}, {path: "/api/v1/me", token: "o"}, {method: http.MethodPost, path: "/api/v1/environments/gke/sync", body: "{}", token: "o"},
	} {
		if w := b.call(t, a); w.Code != 503 || strings.Contains(w.Body.String(), "refused") {
			t.Errorf("%s: %d %s, want 503", a.path, w.Code, w.Body)
		}
	}
	m.down = fmt.Errorf("ask: %w: tokenreviews is forbidden", access.ErrPowerless)
	for _, a := range []call{{path: "/api/v1/me", token: "o"}, {method: http.MethodPost, path: "/api/v1/session", body: `{"token":"o"}`}} {
		if w := b.call(t, a); w.Code != 503 || !strings.Contains(w.Body.String(), "may not ask the cluster; it needs the right to create tokenreviews and subjectaccessreviews") {
			t.Errorf("%s where majordomo may not ask: %d %s", a.path, w.Code, w.Body)
		}
	}
	if w := b.call(t, call{path: "/healthz", token: "o"}); w.Code != 200 {
		t.Errorf("/healthz: %d", w.Code)
	}
}

func TestARealServerKnowsAtWhichAddressItListens(t *testing.T) {
	b := guarded(t, newRealm())
	for address, want := range map[string]int{"127.0.0.1:0": 200, "0.0.0.0:0": 401} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, l, b.Handler, slog.New(slog.DiscardHandler)) }()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/api/v1/environments", nil)
		res, err := new(http.Client).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("at %s: %d, want %d", address, res.StatusCode, want)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
