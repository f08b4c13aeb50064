// Package oidc has an OpenID provider say who somebody is.
package oidc

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
)

// Limits of what a provider may answer.
const (
	timeout   = 10 * time.Second
	maxAnswer = 1 << 20
	maxGroups = 500
	maxName   = 500 // bytes
)

// reserved is how names begin that Kubernetes gives itself. No provider may give them.
const reserved = "system:"

// Options say which provider it is, and how its names become those of Kubernetes, in the words of the API server's own --oidc-*.
type Options struct {
	Issuer   string // URL, as the provider itself says it
	ClientID string
	Secret   secret.String // none for a public client
	Redirect string        // URL of the callback
	Scopes   []string      // beside openid; none: profile, email and groups

	UsernameClaim  string // "": sub
	UsernamePrefix string // "": ISSUER#, but nothing for email; "-": nothing
	GroupsClaim    string // "": groups
	GroupsPrefix   string

	CA  []byte           // further certificate authorities, PEM
	Now func() time.Time // nil: time.Now
}

// Provider is one OpenID provider.
type Provider struct {
	o      Options
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider // once it has answered
}

// New returns the provider. It contacts nobody: a provider that is down keeps nobody from starting.
func New(o Options) (*Provider, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if len(o.CA) > 0 && !roots.AppendCertsFromPEM(o.CA) {
		return nil, errors.New("no certificate is in the file of the provider's certificate authorities")
	}
	o.UsernameClaim, o.GroupsClaim = cmp.Or(o.UsernameClaim, "sub"), cmp.Or(o.GroupsClaim, "groups")
	switch {
	case o.UsernamePrefix == "-":
		o.UsernamePrefix = ""
	case o.UsernamePrefix == "" && o.UsernameClaim != "email":
		o.UsernamePrefix = o.Issuer + "#"
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"profile", "email", "groups"}
	}
	client := &http.Client{
		Timeout:       timeout,
		Transport:     bounded{&http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the provider leads elsewhere") },
	}
	return &Provider{o: o, client: client}, nil
}

// bounded cuts answers that are too long off.
type bounded struct{ http.RoundTripper }

// RoundTrip sends a request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// provider asks the provider what it is, until it has answered once.
func (p *Provider) provider(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the OpenID provider %s: %w", p.o.Issuer, err)
	}
	p.found = found
	return found, nil
}

func (p *Provider) config(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.Secret.Reveal(), Endpoint: found.Endpoint(), RedirectURL: p.o.Redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, p.o.Scopes...),
	}
}

// Begin returns the address at which somebody logs in. State comes back with the browser, the nonce in the token, and whoever wants the token
// has to have the verifier.
func (p *Provider) Begin(ctx context.Context, state, nonce, verifier string) (string, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return "", err
	}
	return p.config(found).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Finish returns who has logged in, access.ErrLogin for whoever has not: the token is not of the issuer, for somebody else, too old, of
// another login, or names nobody. Other errors mean that the provider does not tell now.
func (p *Provider) Finish(ctx context.Context, code, nonce, verifier string) (access.Person, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return access.Person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.config(found).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		return access.Person{}, fmt.Errorf("%w: the provider refuses the code (%s)", access.ErrLogin, cmp.Or(refused.ErrorCode, "without a reason"))
	case err != nil:
		return access.Person{}, fmt.Errorf("the OpenID provider %s: %w", p.o.Issuer, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return access.Person{}, fmt.Errorf("%w: the provider sends no ID token", access.ErrLogin)
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.o.ClientID, Now: p.o.Now}).Verify(ctx, raw)
	if err != nil {
		return access.Person{}, fmt.Errorf("%w: %w", access.ErrLogin, err)
	}
	if id.Nonce == "" || id.Nonce != nonce {
		return access.Person{}, fmt.Errorf("%w: the ID token is of another login", access.ErrLogin)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return access.Person{}, fmt.Errorf("%w: the claims of the ID token: %w", access.ErrLogin, err)
	}
	return p.person(claims)
}

// person makes claims a person as the API server would.
func (p *Provider) person(claims map[string]any) (access.Person, error) {
	name, _ := claims[p.o.UsernameClaim].(string)
	verified, said := claims["email_verified"]
	switch {
	case name == "":
		return access.Person{}, fmt.Errorf("%w: the ID token has no claim %s", access.ErrLogin, p.o.UsernameClaim)
	case len(name) > maxName:
		return access.Person{}, fmt.Errorf("%w: the claim %s of the ID token has more than %d bytes", access.ErrLogin, p.o.UsernameClaim, maxName)
	case p.o.UsernameClaim == "email" && said && verified != true:
		return access.Person{}, fmt.Errorf("%w: the provider has not verified the e-mail address", access.ErrLogin)
	}
	who := access.Person{Name: p.o.UsernamePrefix + name}
	if strings.HasPrefix(who.Name, reserved) {
		return access.Person{}, fmt.Errorf("%w: names that begin with %s are those of Kubernetes itself", access.ErrLogin, reserved)
	}
	for _, g := range list(claims[p.o.GroupsClaim]) {
		if g = p.o.GroupsPrefix + g; !strings.HasPrefix(g, reserved) && len(g) <= maxName && len(who.Groups) < maxGroups {
			who.Groups = append(who.Groups, g)
		}
	}
	who.Groups = append(who.Groups, "system:authenticated")
	return who, nil
}

// list returns the texts of a claim, which is one text or several.
func list(claim any) []string {
	if one, ok := claim.(string); ok && one != "" {
		return []string{one}
	}
	var out []string
	several, _ := claim.([]any)
	for _, e := range several {
		if s, ok := e.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}
