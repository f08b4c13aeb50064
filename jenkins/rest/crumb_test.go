package rest

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
)

func password(o *Options) { o.Token, o.Password = Secret{}, NewSecret(canary) }

// crumbed makes the fake want a crumb, which count counts.
func crumbed(t *testing.T, f *fake, valid *string) {
	t.Helper()
	f.handle("GET /crumbIssuer/api/json", func(w http.ResponseWriter, _ *http.Request) {
		asJenkins(w)
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "of-" + *valid, Path: "/", HttpOnly: true})
		_, _ = w.Write([]byte(`{"_class":"hudson.security.csrf.DefaultCrumbIssuer","crumb":"` + *valid + `","crumbRequestField":"Jenkins-Crumb"}`))
	})
	refuse := recorded(t, "029").replay
	f.handle("POST /cancelQuietDown", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Jenkins-Crumb") != *valid || r.Header.Get("Cookie") != "JSESSIONID=of-"+*valid {
			refuse(w, r)
			return
		}
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusFound)
	})
}

// F59.
func TestCrumbs(t *testing.T) {
	const issue, change = "GET /crumbIssuer/api/json", "POST /cancelQuietDown"
	valid := "crumb1"
	f := newFake(t)
	crumbed(t, f, &valid)
	c := f.client(password)
	do := func(why string, want ...string) {
		t.Helper()
		if err := c.CancelQuietDown(t.Context()); err != nil {
			t.Errorf("%s: %v", why, err)
		}
		if diff := cmp.Diff(want, f.requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", why, diff)
		}
	}
	do("a password needs a crumb", issue, change)
	do("which is good for more than one change", change)
	valid = "crumb2"
	do("F59: an expired session: once more with a fresh crumb", change, issue, change)
	c = f.client()
	do("a token that needs a crumb after all", change, issue, change)
}

// F59: no crumb issuer, one that is refused, one that gives nonsense, crumbs that are never right.
func TestCrumbIssuersThatAreNone(t *testing.T) {
	f := newFake(t)
	f.redirect("POST /cancelQuietDown", "/")
	if err := f.client(password).CancelQuietDown(t.Context()); err != nil {
		t.Errorf("F59: crumbs are off: %v", err)
	}
	f.handle("GET /crumbIssuer/api/json", recorded(t, "021").replay)
	wantFault(t, f.client(password).CancelQuietDown(t.Context()), jenkins.AuthLost, "anonymous")
	for _, bad := range []string{
		`{}`, `null`, `[]`, `{"crumb":"","crumbRequestField":"Jenkins-Crumb"}`, `{"crumb":"x\r\nX: y","crumbRequestField":"Jenkins-Crumb"}`,
		`{"crumb":"x","crumbRequestField":"Authorization"}`, `{"crumb":"x","crumbRequestField":"Crumb: x"}`, `{"crumb":7,"crumbRequestField":"Jenkins-Crumb"}`,
	} {
		f.json("GET /crumbIssuer/api/json", bad)
		wantFault(t, f.client(password).CancelQuietDown(t.Context()), jenkins.BadAnswer)
	}
	valid := "crumb"
	crumbed(t, f, &valid)
	f.handle("POST /cancelQuietDown", recorded(t, "032").replay)
	f.requests()
	wantFault(t, f.client(password).CancelQuietDown(t.Context()), jenkins.AuthLost, "refuses its own crumb", "API token")
	if got := len(f.requests()); got != 4 {
		t.Errorf("%d requests, want 4: it is tried again once", got)
	}
}

// What is recorded of Jenkins: with a token there is no crumb; with a password the crumb is of the session of the cookie.
func TestRecordedCrumb(t *testing.T) {
	f := newFake(t)
	f.handle("GET /crumbIssuer/api/json", recorded(t, "030").replay)
	f.redirect("POST /quietDown", "/")
	if err := f.client(password).QuietDown(t.Context(), "a : b"); err != nil {
		t.Fatal(err)
	}
	r := f.taken()[1]
	if got := r.Header.Get("Jenkins-Crumb"); got != "0c94c323568d6a4912bc357b0f7cd8b25cf3a9f9b30e2504f5192472380c85f6" {
		t.Errorf("Jenkins-Crumb = %q", got)
	}
	if got := r.Header.Get("Cookie"); got != "JSESSIONID=node01pzr6leey5o4fdwzum6lw9efe10.node0" {
		t.Errorf("Cookie = %q", got)
	}
	if r.Form.Get("reason") != "a: b" || r.Form.Get("message") != "a: b" {
		t.Errorf("form %v", r.Form)
	}
}
