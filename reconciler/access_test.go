package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/access/oidc/oidctest"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/web"
)

// organisation is the page at an address of the network, with a provider that vouches for people, and a browser.
type organisation struct {
	t       *testing.T
	issuer  *oidctest.Issuer
	url     string
	browser *http.Client
}

func newOrganisation(t *testing.T) *organisation {
	t.Helper()
	o := &organisation{t: t, issuer: oidctest.New(t)}
	var h *web.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	o.url = server.URL
	secret, ca := filepath.Join(t.TempDir(), "secret"), filepath.Join(t.TempDir(), "ca.pem")
	for file, text := range map[string][]byte{secret: []byte(oidctest.Secret + "\n"), ca: o.issuer.CA} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := config.Options{
		OIDCIssuerURL: o.issuer.URL, OIDCClientID: oidctest.Client, OIDCClientSecretFile: secret, OIDCCAFile: ca, OIDCUsernamePrefix: "-", DashboardURL: o.url + "/",
	}
	a := &app{}
	provider, err := a.provider(options, discard())
	if err != nil {
		t.Fatal(err)
	}
	board := status.NewBoard()
	board.Put("gke", status.Environment{})
	h, err = web.New(web.Options{Board: board, Access: &web.Access{
		OIDC: provider,
		May:  func(_ context.Context, p access.Person, _ access.Right) (bool, error) { return p.Name == "ann", nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.issuer.CA)
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	o.browser = &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	return o
}

func (o *organisation) get(address string) (*http.Response, string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	res, err := o.browser.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func TestAnOrganisationsPeopleLogInAtItsProvider(t *testing.T) {
	o := newOrganisation(t)
	if res, _ := o.get(o.url + "/api/v1/environments"); res.StatusCode != 401 {
		t.Errorf("before the login: %d", res.StatusCode)
	}
	res, body := o.get(o.url + "/login/oidc?to=/environments/gke")
	if res.StatusCode != 200 || res.Header.Get("Refresh") != "0; url=/environments/gke" || res.Request.URL.Path != "/login/oidc/callback" {
		t.Fatalf("after the way to the provider and back: %d %v at %s\n%s", res.StatusCode, res.Header, res.Request.URL, body)
	}
	if _, body := o.get(o.url + "/api/v1/me"); !strings.Contains(body, `"user":"ann"`) || !strings.Contains(body, `"login":["oidc"]`) || !strings.Contains(body, `"gke":["view"`) {
		t.Errorf("who it is: %s", body)
	}
	cookies := map[string]*http.Cookie{}
	for _, c := range res.Cookies() {
		cookies[c.Name] = c
	}
	if c := cookies["__Host-majordomo"]; c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the session's cookie: %v", c)
	}
	if c := cookies["__Host-majordomo-login"]; c == nil || c.MaxAge >= 0 {
		t.Errorf("the login's cookie is still there: %v", c)
	}
	if res, _ := o.get(res.Request.URL.String()); res.StatusCode != 400 {
		t.Errorf("the same way back once more: %d, want 400", res.StatusCode)
	}
	for _, to := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"} {
		if res, body := o.get(o.url + "/login/oidc?to=" + url.QueryEscape(to)); res.Header.Get("Refresh") != "0; url=/" || strings.Contains(body, "evil") {
			t.Errorf("a login on the way to %s leads to %q", to, res.Header.Get("Refresh"))
		}
	}
}

func TestALoginThatWasNotBegunHereIsNone(t *testing.T) {
	o := newOrganisation(t)
	victim := *o.browser
	empty, _ := cookiejar.New(nil)
	victim.Jar = empty
	var back string // where the provider sends the attacker's browser, which hands it to the victim's
	o.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/login/oidc/callback" {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	o.get(o.url + "/login/oidc")
	attacker := o.browser
	o.browser = &victim
	if res, body := o.get(back); res.StatusCode != 400 || len(res.Cookies()) != 1 || !strings.Contains(body, "not begun here") {
		t.Errorf("the login of somebody else: %d %v %s", res.StatusCode, res.Cookies(), body)
	}
	o.browser = attacker
	if res, _ := o.get(strings.Replace(back, "state=", "state=x", 1)); res.StatusCode != 400 {
		t.Errorf("another state: %d", res.StatusCode)
	}
	if res, _ := o.get(back); res.StatusCode != 400 {
		t.Errorf("a login that has failed once goes on: %d", res.StatusCode)
	}
}

func TestWhoTheProviderDoesNotVouchForDoesNotGetIn(t *testing.T) {
	o := newOrganisation(t)
	o.issuer.Person(map[string]any{"sub": "ann", "aud": "another"})
	if res, body := o.get(o.url + "/login/oidc"); res.StatusCode != 401 || strings.Contains(body, "another") {
		t.Errorf("for another client: %d %s", res.StatusCode, body)
	}
	o.issuer.Person(map[string]any{"sub": "bob"})
	o.get(o.url + "/login/oidc")
	if _, body := o.get(o.url + "/api/v1/environments"); strings.Contains(body, "gke") {
		t.Errorf("bob sees %s", body)
	}
	if res, body := o.get(o.url + "/login/oidc/callback?error=access_denied&error_description=%3Cscript%3E"); res.StatusCode != 400 {
		t.Errorf("an error that nobody asked for: %d %s", res.StatusCode, body)
	}
	o.issuer.Break(true)
	if res, _ := o.get(o.url + "/login/oidc"); res.StatusCode != 502 && res.StatusCode != 503 {
		t.Errorf("while the provider is down: %d", res.StatusCode)
	}
}
