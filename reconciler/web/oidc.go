package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// Provider vouches for people who log in with it.
type Provider interface {
	// Begin returns the address at which somebody logs in.
	Begin(ctx context.Context, state, nonce, verifier string) (string, error)
	// Finish returns who has logged in, access.ErrLogin for whoever has not.
	Finish(ctx context.Context, code, nonce, verifier string) (access.Person, error)
}

// Names of the cookie of a login that has begun. The browser comes back from elsewhere with it, so it is Lax; it is good for one login only.
const (
	pendingCookie      = "__Host-majordomo-login"
	localPendingCookie = "majordomo-login"
)

// CallbackPath is where the provider sends the browser back to.
const CallbackPath = "/login/oidc/callback"

// oidcRoutes adds the login by a provider.
func (h *Handler) oidcRoutes() {
	h.routes.handle(http.MethodGet, "/login/oidc", h.leave)
	h.routes.handle(http.MethodGet, CallbackPath, h.arrive)
}

// leave sends the browser to the provider.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request) {
	if !h.starts.allow(r, h.o.Now()) {
		http.Error(w, "too many logins at once; wait a minute", http.StatusTooManyRequests)
		return
	}
	id := random()
	one := access.Pending{State: random(), Nonce: random(), Verifier: random(), To: access.OwnPath(r.URL.Query().Get("to")), Ends: h.o.Now().Add(access.Patience)}
	to, err := h.o.Access.OIDC.Begin(r.Context(), one.State, one.Nonce, one.Verifier)
	if err != nil {
		h.o.Log.WarnContext(r.Context(), "nobody can log in", "err", status.Clean(err.Error(), 500))
		http.Error(w, "the OpenID provider does not answer; try again soon", http.StatusServiceUnavailable)
		return
	}
	h.pending.Begin(id, one)
	http.SetCookie(w, pendingOf(r, id, int(access.Patience/time.Second)))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// pendingOf is the cookie of a login that has begun.
func pendingOf(r *http.Request, id string, age int) *http.Cookie {
	c := &http.Cookie{Name: pendingCookie, Value: id, Path: "/", MaxAge: age, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	if plain(r) {
		c.Name, c.Secure = localPendingCookie, false
	}
	return c
}

// arrive takes the browser back from the provider, and begins the session.
func (h *Handler) arrive(w http.ResponseWriter, r *http.Request) {
	one, ok := h.returning(r)
	http.SetCookie(w, pendingOf(r, "", -1))
	q := r.URL.Query()
	switch failed := q.Get("error"); {
	case !ok:
		http.Error(w, "this login was not begun here, or too long ago; begin again at /login", http.StatusBadRequest)
		return
	case failed != "":
		http.Error(w, "the OpenID provider says "+status.Clean(failed+" "+q.Get("error_description"), 300)+"; begin again at /login", http.StatusForbidden)
		return
	}
	person, err := h.o.Access.OIDC.Finish(r.Context(), q.Get("code"), one.Nonce, one.Verifier)
	if err == nil && person.Nobody() {
		err = access.ErrLogin
	}
	if err != nil {
		h.o.Log.WarnContext(r.Context(), "audit", "action", "login", "result", "Unauthorized", "peer", source(r), "err", status.Clean(err.Error(), 500))
		code, text := http.StatusServiceUnavailable, "the OpenID provider does not answer; try again soon"
		if errors.Is(err, access.ErrLogin) {
			code, text = http.StatusUnauthorized, "the OpenID provider does not vouch for you; the log of majordomo tells why"
		}
		http.Error(w, text, code)
		return
	}
	if err := h.enter(w, r, person, secret.String{}); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	// A redirect would still be part of the way from the provider, on which the browser does not send the new cookie; a page of our own is not.
	w.Header().Set("Refresh", "0; url="+one.To)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>Majordomo</title><p>You are logged in. <a href=\"%s\">Go on</a>\n", template.HTMLEscapeString(one.To))
}

// returning returns the login that the request comes back from.
func (h *Handler) returning(r *http.Request) (access.Pending, bool) {
	name := pendingCookie
	if plain(r) {
		name = localPendingCookie
	}
	sent := r.CookiesNamed(name)
	if len(sent) != 1 {
		return access.Pending{}, false
	}
	return h.pending.Take(sent[0].Value, r.URL.Query().Get("state"), h.o.Now())
}
