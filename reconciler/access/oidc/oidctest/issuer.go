// Package oidctest has an OpenID provider for tests. It speaks the protocol over TLS on this machine, with codes, PKCE and signed tokens.
package oidctest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is the one client that the provider knows, and its secret.
const (
	Client = "majordomo"
	Secret = "client-secret"
)

// Issuer is a provider at which one person is always logged in.
type Issuer struct {
	URL string
	CA  []byte // PEM

	key *rsa.PrivateKey

	mu     sync.Mutex
	claims map[string]any
	sign   func(claims map[string]any) string
	codes  map[string]url.Values // what a code was given for
	broken bool
}

// New starts a provider. It ends with the test.
func New(tb testing.TB) *Issuer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	i := &Issuer{key: key, codes: map[string]url.Values{}}
	i.sign = func(claims map[string]any) string { return Sign(tb, jose.RS256, key, "key-1", claims) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.isBroken() {
			http.Error(w, "out of order", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	i.URL = server.URL
	i.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	i.Person(map[string]any{"sub": "ann", "groups": []string{"admins"}})
	return i
}

// Sign returns a token with the claims.
func Sign(tb testing.TB, with jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: with, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
	if err != nil {
		tb.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		tb.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// Person sets the claims of tokens: who it is, and whatever else should be other than usual. A nil takes a claim away.
func (i *Issuer) Person(claims map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.claims = claims
}

// Forge has tokens made in another way.
func (i *Issuer) Forge(sign func(claims map[string]any) string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sign = sign
}

// Public is the key by which tokens are verified.
func (i *Issuer) Public() *rsa.PublicKey { return &i.key.PublicKey }

// Break has the provider answer with errors only, or no longer.
func (i *Issuer) Break(broken bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = broken
}

func (i *Issuer) isBroken() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.broken
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	send(w, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "none"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.Public(), KeyID: "key-1", Algorithm: "RS256", Use: "sig"}}})
}

// authorize logs the person in at once, and sends the browser back.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != Client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// token gives the token for a code, once, to whoever has the secret and the verifier.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	id, secret, basic := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || !basic || id != Client || secret != Secret || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		send(w, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": i.URL, "aud": Client, "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, i.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	answer := map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 3600}
	if text := i.sign(claims); text != "" {
		answer["id_token"] = text
	}
	send(w, answer)
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
