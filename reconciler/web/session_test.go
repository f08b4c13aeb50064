package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
)

// enter logs in by a token and returns the cookie, as a browser keeps it.
func (b *bench) enter(t *testing.T, c call, token string) *http.Cookie {
	t.Helper()
	c.method, c.path, c.body = http.MethodPost, "/api/v1/session", `{"token":"`+token+`"}`
	w := b.call(t, c)
	cookies := w.Result().Cookies()
	if w.Code != 200 || len(cookies) != 1 {
		t.Fatalf("login: %d %s, %d cookies", w.Code, w.Body, len(cookies))
	}
	return cookies[0]
}

func with(c call, cookie *http.Cookie) call {
	c.header = map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}
	return c
}

func TestFlagsOfTheCookie(t *testing.T) {
	b := guarded(t, newRealm())
	flags := func(c *http.Cookie) []any {
		return []any{c.Name, c.Path, c.Domain, c.HttpOnly, c.Secure, c.SameSite, c.MaxAge, len(c.Value)}
	}
	for name, c := range map[string]struct {
		from call
		want []any
	}{
		"of the network":   {call{}, []any{"__Host-majordomo", "/", "", true, true, http.SameSiteStrictMode, 8 * 3600, 43}},
		"of the machine":   {near(""), []any{"majordomo", "/", "", true, false, http.SameSiteStrictMode, 8 * 3600, 43}},
		"another name for": {call{listener: "127.0.0.1:1", peer: "127.0.0.1:2", host: "majordomo.example"}, []any{"__Host-majordomo", "/", "", true, true, http.SameSiteStrictMode, 8 * 3600, 43}},
	} {
		if diff := cmp.Diff(c.want, flags(b.enter(t, c.from, "v"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if one, other := b.enter(t, call{}, "v"), b.enter(t, call{}, "v"); one.Value == other.Value {
		t.Error("two sessions have one name")
	}
}

func TestASessionIsWhoHasBegunItUntilItEnds(t *testing.T) {
	now := noon
	b := guarded(t, newRealm(), func(o *Options) { o.Now = func() time.Time { return now } })
	who := func(c *http.Cookie) string { return b.call(t, with(call{path: "/api/v1/me"}, c)).Body.String() }
	cookie := b.enter(t, call{}, "o")
	if got := who(cookie); !strings.Contains(got, `"user":"operator"`) {
		t.Errorf("logged in: %s", got)
	}
	for name, bad := range map[string]*http.Cookie{
		"another value": {Name: cookie.Name, Value: strings.Repeat("A", 43)}, "no value": {Name: cookie.Name}, "huge": {Name: cookie.Name, Value: strings.Repeat("A", 60000)},
		"the name of the machine's cookie": {Name: localCookieName, Value: cookie.Value}, "two of them": {Name: cookie.Name, Value: cookie.Value + "; " + cookie.Name + "=" + cookie.Value},
	} {
		if got := who(bad); !strings.Contains(got, `"user":""`) {
			t.Errorf("%s: %s", name, got)
		}
	}
	again := b.call(t, with(call{method: http.MethodPost, path: "/api/v1/session", body: `{"token":"v"}`}, cookie))
	if got := who(cookie); again.Code != 200 || !strings.Contains(got, `"user":""`) {
		t.Errorf("the session before goes on after another login: %d %s", again.Code, got)
	}
	cookie = again.Result().Cookies()[0]
	now = now.Add(8 * time.Hour)
	if got := who(cookie); !strings.Contains(got, `"user":""`) {
		t.Errorf("after 8 hours: %s", got)
	}
	cookie = b.enter(t, call{}, "v")
	w := b.call(t, with(call{method: http.MethodDelete, path: "/api/v1/session"}, cookie))
	if got := who(cookie); w.Code != 200 || w.Result().Cookies()[0].MaxAge >= 0 || !strings.Contains(got, `"user":""`) {
		t.Errorf("after the logout: %d %v %s", w.Code, w.Header(), got)
	}
}

func TestASessionEndsWithItsToken(t *testing.T) {
	m := newRealm()
	b := guarded(t, m)
	cookie := b.enter(t, call{}, "v")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/state", nil)
	r.AddCookie(cookie)
	if _, err := b.admit(r); err != nil {
		t.Fatalf("admitted: %v", err)
	}
	delete(m.people, "v")
	if _, err := b.admit(r); statusOf(err) != 401 {
		t.Errorf("looked at again, once the token is nobody's: %v, want 401", err)
	}
	m.people["v"] = access.Person{Name: "viewer"}
	if _, err := b.admit(r); statusOf(err) != 401 {
		t.Errorf("a session comes back: %v", err)
	}
}

func TestWhatIsNoLogin(t *testing.T) {
	b := guarded(t, newRealm())
	for name, c := range map[string]struct {
		body, kind string
		want       int
	}{
		"a token that is nobody's": {`{"token":"x"}`, "application/json", 401}, "no name and no groups": {`{"token":"empty"}`, "application/json", 401},
		"no token": {`{}`, "application/json", 400}, "a number": {`{"token":1}`, "application/json", 400}, "a further field": {`{"token":"v","user":"root"}`, "application/json", 400},
		"two bodies": {`{"token":"v"}{"token":"v"}`, "application/json", 400}, "no JSON": {`token=v`, "application/json", 400},
		"text": {`{"token":"v"}`, "text/plain", 400}, "a form": {`{"token":"v"}`, "application/x-www-form-urlencoded", 400}, "no type": {`{"token":"v"}`, "", 400},
		"too long": {`{"token":"` + strings.Repeat("v", 70000) + `"}`, "application/json", 400},
	} {
		w := b.call(t, call{method: http.MethodPost, path: "/api/v1/session", body: c.body, header: map[string]string{"Content-Type": c.kind}})
		if w.Code != c.want || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s: %d %s, want %d and no cookie", name, w.Code, w.Body, c.want)
		}
	}
}

func TestWhoGuessesTokensIsNoLongerAskedAbout(t *testing.T) {
	m := newRealm()
	now := noon
	b := guarded(t, m, func(o *Options) { o.Now = func() time.Time { return now } })
	last := 0
	for range 50 {
		last = b.call(t, call{path: "/api/v1/me", token: "guess"}).Code
	}
	if asked := m.asked; last != 429 || asked != loginPace().eachBurst {
		t.Errorf("the last guess: %d, and the cluster was asked %d times; want 429, %d", last, asked, loginPace().eachBurst)
	}
	if got := b.call(t, call{path: "/api/v1/me", token: "v", peer: "198.51.100.9:1"}).Code; got != 200 {
		t.Errorf("somebody else: %d", got)
	}
	now = now.Add(time.Minute)
	if got := b.call(t, call{path: "/api/v1/me", token: "v"}).Code; got != 200 {
		t.Errorf("after a minute: %d", got)
	}
}

func TestNoTokenIsInAnyAnswerOrLog(t *testing.T) {
	const canary = "canary-3f1b"
	m := newRealm()
	m.people[canary] = access.Person{Name: "viewer"}
	log := &strings.Builder{}
	b := guarded(t, m, logTo(log))
	text := &strings.Builder{}
	cookie := b.enter(t, call{}, canary)
	for _, c := range []call{
		with(call{path: "/api/v1/me"}, cookie),
		{path: "/api/v1/me", token: canary},
		{path: "/api/v1/me", token: canary + "x"},
		{method: http.MethodPost, path: "/api/v1/session", body: `{"token":"` + canary + `x"}`},
		with(call{path: "/metrics"}, cookie),
	} {
		w := b.call(t, c)
		text.WriteString(w.Body.String() + cookie.String())
		_ = w.Header().Write(text)
	}
	if all := text.String() + log.String(); strings.Contains(all, canary) {
		t.Errorf("the token is in\n%s", all)
	}
	if s, _ := b.sessions.Find(cookie.Value, noon); s.Token != (secret.String{}) && s.Token.String() != secret.Redacted {
		t.Error("a session prints its token")
	}
	if !strings.Contains(log.String(), `msg=audit actor=viewer action=login result=done`) {
		t.Errorf("the login is not in the log:\n%s", log)
	}
}
