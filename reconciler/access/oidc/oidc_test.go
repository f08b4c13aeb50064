package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/access/oidc"
	"majordomo.dev/reconciler/access/oidc/oidctest"
	"majordomo.dev/reconciler/secret"
)

const callback = "https://majordomo.example/login/oidc/callback"

func provider(t *testing.T, i *oidctest.Issuer, change ...func(*oidc.Options)) *oidc.Provider {
	t.Helper()
	o := oidc.Options{Issuer: i.URL, ClientID: oidctest.Client, Secret: secret.New(oidctest.Secret), Redirect: callback, CA: i.CA, UsernamePrefix: "-"}
	for _, f := range change {
		f(&o)
	}
	p, err := oidc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visit goes to the provider as a browser does and returns what it brings back.
func visit(t *testing.T, i *oidctest.Issuer, address string) url.Values {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(i.CA)
	browser := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), callback+"?") {
		t.Fatalf("sent back to %v, %v (%s)", back, err, res.Status)
	}
	return back.Query()
}

// login goes all the way.
func login(t *testing.T, i *oidctest.Issuer, p *oidc.Provider) (access.Person, error) {
	t.Helper()
	address, err := p.Begin(t.Context(), "state", "nonce", "verifier-of-at-least-43-characters-as-PKCE-wants")
	if err != nil {
		return access.Person{}, err
	}
	q := visit(t, i, address)
	if q.Get("state") != "state" {
		t.Errorf("the state is %q", q.Get("state"))
	}
	return p.Finish(t.Context(), q.Get("code"), "nonce", "verifier-of-at-least-43-characters-as-PKCE-wants")
}

func TestNamesAreThoseThatTheAPIServerWouldGive(t *testing.T) {
	i := oidctest.New(t)
	i.Person(map[string]any{"sub": "42", "email": "ann@example.com", "email_verified": true, "groups": []any{"admins", "system:masters", "", 7}, "team": "build"})
	for name, c := range map[string]struct {
		change func(*oidc.Options)
		want   access.Person
	}{
		"by default":         {func(o *oidc.Options) { o.UsernamePrefix = "" }, access.Person{Name: i.URL + "#42", Groups: []string{"admins", "system:authenticated"}}},
		"e-mail":             {func(o *oidc.Options) { o.UsernameClaim, o.UsernamePrefix = "email", "" }, access.Person{Name: "ann@example.com", Groups: []string{"admins", "system:authenticated"}}},
		"prefixes":           {func(o *oidc.Options) { o.UsernamePrefix, o.GroupsPrefix = "sso:", "sso:" }, access.Person{Name: "sso:42", Groups: []string{"sso:admins", "sso:system:masters", "system:authenticated"}}},
		"one group, no list": {func(o *oidc.Options) { o.GroupsClaim = "team" }, access.Person{Name: "42", Groups: []string{"build", "system:authenticated"}}},
	} {
		got, err := login(t, i, provider(t, i, c.change))
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestATokenThatIsNotGoodForThisLoginIsNone(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, claims := range map[string]map[string]any{
		"of another issuer": {"sub": "ann", "iss": "https://evil.example"}, "without an issuer": {"sub": "ann", "iss": nil},
		"for somebody else": {"sub": "ann", "aud": "another-client"}, "for nobody": {"sub": "ann", "aud": nil}, "for others": {"sub": "ann", "aud": []string{"a", "b"}},
		"of another login": {"sub": "ann", "nonce": "x"}, "of no login": {"sub": "ann", "nonce": nil},
		"expired": {"sub": "ann", "exp": time.Now().Add(-time.Minute).Unix()}, "without an end": {"sub": "ann", "exp": nil}, "not yet": {"sub": "ann", "nbf": time.Now().Add(time.Hour).Unix()},
		"without a name": {"sub": nil}, "with an empty name": {"sub": ""}, "with a number as name": {"sub": 7}, "with a huge name": {"sub": strings.Repeat("a", 600)},
		"with a name of Kubernetes": {"sub": "system:admin"}, "a service account": {"sub": "system:serviceaccount:majordomo:majordomo"},
	} {
		i := oidctest.New(t)
		i.Person(claims)
		refuses(t, name, i)
	}
	for name, forge := range map[string]func(i *oidctest.Issuer) func(map[string]any) string{
		"signed by another key": func(*oidctest.Issuer) func(map[string]any) string {
			return func(c map[string]any) string { return oidctest.Sign(t, jose.RS256, other, "key-1", c) }
		},
		"signed by the public key as a secret": func(i *oidctest.Issuer) func(map[string]any) string {
			public := x509.MarshalPKCS1PublicKey(i.Public())
			return func(c map[string]any) string { return oidctest.Sign(t, jose.HS256, public, "key-1", c) }
		},
		"not signed": func(*oidctest.Issuer) func(map[string]any) string {
			return func(c map[string]any) string {
				payload, _ := json.Marshal(c)
				encode := base64.RawURLEncoding.EncodeToString
				return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + "."
			}
		},
		"no token": func(*oidctest.Issuer) func(map[string]any) string { return func(map[string]any) string { return "" } },
		"no JWT": func(*oidctest.Issuer) func(map[string]any) string {
			return func(map[string]any) string { return "token" }
		},
		"a huge one": func(*oidctest.Issuer) func(map[string]any) string {
			return func(map[string]any) string { return strings.Repeat("a.", 1<<19) }
		},
	} {
		i := oidctest.New(t)
		i.Forge(forge(i))
		refuses(t, name, i)
	}
}

func refuses(t *testing.T, name string, i *oidctest.Issuer) {
	t.Helper()
	if who, err := login(t, i, provider(t, i)); err == nil || !who.Nobody() {
		t.Errorf("a token %s: %+v, %v; want nobody", name, who, err)
	}
}

func TestAnAddressThatIsNotVerifiedIsNobodys(t *testing.T) {
	i := oidctest.New(t)
	for _, verified := range []any{false, "true", 1} {
		i.Person(map[string]any{"sub": "1", "email": "root@example.com", "email_verified": verified})
		who, err := login(t, i, provider(t, i, func(o *oidc.Options) { o.UsernameClaim = "email" }))
		if !errors.Is(err, access.ErrLogin) || !who.Nobody() {
			t.Errorf("verified %v: %+v, %v", verified, who, err)
		}
	}
}

func TestACodeIsForWhoBeganTheLogin(t *testing.T) {
	i := oidctest.New(t)
	p := provider(t, i)
	address, err := p.Begin(t.Context(), "state", "nonce", "verifier-of-at-least-43-characters-as-PKCE-wants")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := p.Finish(t.Context(), visit(t, i, address).Get("code"), "nonce", "verifier-of-somebody-else-with-43-characters-or-more"); !errors.Is(err, access.ErrLogin) || !who.Nobody() {
		t.Errorf("with another verifier: %+v, %v", who, err)
	}
	for _, code := range []string{"", "stolen"} {
		if who, err := p.Finish(t.Context(), code, "nonce", "verifier"); !errors.Is(err, access.ErrLogin) || !who.Nobody() {
			t.Errorf("code %q: %+v, %v", code, who, err)
		}
	}
}

func TestAProviderThatIsDownKeepsNobodyOutForGood(t *testing.T) {
	i := oidctest.New(t)
	p := provider(t, i)
	i.Break(true)
	if _, err := login(t, i, p); err == nil || errors.Is(err, access.ErrLogin) {
		t.Errorf("down: %v, want an error that is no refusal", err)
	}
	i.Break(false)
	if who, err := login(t, i, p); err != nil || who.Name != "ann" {
		t.Errorf("up again: %+v, %v", who, err)
	}
	if _, err := login(t, i, provider(t, i, func(o *oidc.Options) { o.CA = nil })); err == nil {
		t.Error("a certificate that nobody vouches for is taken")
	}
	if _, err := oidc.New(oidc.Options{CA: []byte("no PEM")}); err == nil {
		t.Error("a file without certificates is taken")
	}
}
