package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
)

// Access is who may see and do what.
type Access struct {
	// Local lets whoever asks from the machine itself, at an address that only it has, look without a login. Nobody acts without one.
	Local bool
	// May tells whether a person has a right. nil: nobody has any.
	May func(context.Context, access.Person, access.Right) (bool, error)
	// Token tells whose a bearer token is; access.ErrLogin for one that is nobody's. nil: there are no tokens.
	Token func(context.Context, secret.String) (access.Person, error)
	// OIDC vouches for people, too; nil: nobody does.
	OIDC Provider
	// Known lists the environments and pools that there are.
	Known func() []access.Subject
}

// visitor is who asks.
type visitor struct {
	person access.Person
	local  bool // looks without a login
	known  bool // has logged in
}

type visitorKey struct{}

// visiting returns who asks, as the guard has found out.
func visiting(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// open tells whether a path answers everybody: health and metrics, what is signed, and what leads to a login.
func open(path string) bool {
	return slices.Contains([]string{"/healthz", "/readyz", "/metrics", "/login", "/api/v1/me", "/api/v1/session", "/api/v1/openapi.json"}, path) ||
		strings.HasPrefix(path, "/hooks/") || strings.HasPrefix(path, "/login/") || strings.HasPrefix(path, "/assets/")
}

// guard lets a request through to a route if who asks may look at all, and tells the route who it is.
func (h *Handler) guard(serve http.HandlerFunc) http.HandlerFunc {
	if h.o.Access == nil {
		return serve
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/session" || open(r.URL.Path) && !strings.HasPrefix(r.URL.Path, "/api/") {
			serve(w, r) // whoever asks
			return
		}
		ctx, err := h.admit(r)
		switch {
		case err == nil:
			serve(w, r.WithContext(ctx)) //nolint:contextcheck // it is the request's own, and says who asks
		case statusOf(err) == http.StatusUnauthorized && !strings.HasPrefix(r.URL.Path, "/api/") && r.Method == http.MethodGet:
			http.Redirect(w, r, "/login?to="+url.QueryEscape(access.OwnPath(r.URL.RequestURI())), http.StatusSeeOther)
		default:
			refused(w, err)
		}
	}
}

// admit finds out who sends a request, and refuses who may not look at all. Where an answer lasts, it is asked again and again: a login ends,
// and a token is taken back.
func (h *Handler) admit(r *http.Request) (context.Context, error) {
	if h.o.Access == nil {
		return r.Context(), nil
	}
	v, err := h.visitor(r)
	switch {
	case err != nil:
		return nil, err
	case !v.known && !v.local && !open(r.URL.Path):
		return nil, &access.Refusal{Code: unauthenticated, Err: errors.New("a login is needed here: send a bearer token, or log in at /login")}
	}
	return context.WithValue(r.Context(), visitorKey{}, v), nil
}

// visitor finds out who asks. A token that is nobody's is an error, also where one may look without.
func (h *Handler) visitor(r *http.Request) (visitor, error) {
	token, err := bearer(r)
	switch {
	case err != nil:
		return visitor{}, &access.Refusal{Code: unauthenticated, Err: errors.New("the header Authorization is not one bearer token")}
	case !token.IsZero():
		person, err := h.whose(r, token)
		return visitor{person: person, known: err == nil}, err
	}
	v, err := h.resume(r)
	if err != nil {
		return v, h.untold(r, "who you are", err)
	}
	v.local = !v.known && h.o.Access.Local && local(r)
	return v, nil
}

// bearer returns the token of a request, which nobody may send twice or in another form.
func bearer(r *http.Request) (secret.String, error) {
	switch sent := r.Header.Values("Authorization"); {
	case len(sent) == 0:
		return secret.String{}, nil
	case len(sent) == 1:
		kind, token, _ := strings.Cut(sent[0], " ")
		if token = strings.TrimSpace(token); strings.EqualFold(kind, "Bearer") && token != "" {
			return secret.New(token), nil
		}
	}
	return secret.String{}, access.ErrLogin
}

type listenerKey struct{}

// listening tells the requests of a server at which address it listens.
func listening(l net.Listener) context.Context {
	return context.WithValue(context.Background(), listenerKey{}, l.Addr().String())
}

// local tells whether a request comes from the machine itself: from one of its own addresses, to one that only it has, under a name that
// only it has, and not passed on by a proxy, which would make the whole world look like the machine.
func local(r *http.Request) bool {
	at, _ := r.Context().Value(listenerKey{}).(string)
	for _, passed := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(passed)) > 0 {
			return false
		}
	}
	return access.Loopback(at) && access.Loopback(r.RemoteAddr) && access.Loopback(r.Host)
}

// sees tells whether who asks may see an environment, and all that is in it.
func (h *Handler) sees(ctx context.Context, environment string) (bool, error) {
	return h.may(ctx, access.Subject{Environment: environment}.Rights(access.View))
}

// may tells whether who asks has one of the rights. Without a login one may only look.
func (h *Handler) may(ctx context.Context, rights []access.Right) (bool, error) {
	v := visiting(ctx)
	switch {
	case h.o.Access == nil, v.local:
		return rights[0].Verb == "get", nil
	case !v.known || h.o.Access.May == nil:
		return false, nil
	}
	for _, right := range rights {
		if ok, err := h.o.Access.May(ctx, v.person, right); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
