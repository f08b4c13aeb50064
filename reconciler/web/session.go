package web

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// Names of the cookie. The browser takes one with __Host- from an encrypted page only, and only for this very host.
const (
	cookieName      = "__Host-majordomo"
	localCookieName = "majordomo" // at the machine itself, which has no certificate
)

// sessionBytes make a name of a session that nobody guesses.
const sessionBytes = 32

// sessionRoutes adds what begins and ends a login.
func (h *Handler) sessionRoutes() {
	h.routes.handle(http.MethodPost, "/api/v1/session", h.login)
	h.routes.handle(http.MethodDelete, "/api/v1/session", h.logout)
}

// login begins a session by a token. The cookie has its name only: the token stays here.
func (h *Handler) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Token string `json:"token"`
	}
	if err := only(r.Header.Get("Content-Type")); err != nil {
		refused(w, err)
		return
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAction))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || d.Decode(new(any)) != io.EOF || in.Token == "" {
		refused(w, invalid("token", "the body is not {\"token\": \"...\"}, a token that the cluster knows, such as one of `kubectl create token`"))
		return
	}
	token := secret.New(in.Token)
	person, err := h.whose(r, token)
	if err != nil {
		h.o.Log.InfoContext(r.Context(), "audit", "action", "login", "result", codes[statusOf(err)], "peer", source(r))
		refused(w, err)
		return
	}
	if err := h.enter(w, r, person, token); err != nil {
		refused(w, &access.Refusal{Code: access.Unavailable, Err: err})
		return
	}
	sendJSON(w, Done{Done: "logged in as " + status.Clean(person.Name, 500)})
}

// whose returns whose a token is. Who tries too many that are nobody's is not asked about for a while.
func (h *Handler) whose(r *http.Request, token secret.String) (access.Person, error) {
	if h.o.Access == nil || h.o.Access.Token == nil {
		return access.Person{}, &access.Refusal{Code: unauthenticated, Err: errors.New("here nobody can log in with a token: there is no cluster to ask whose it is")}
	}
	if !h.guesses.left(source(r), h.o.Now()) {
		return access.Person{}, &access.Refusal{Code: access.Limited, Err: errors.New("too many tokens that are nobody's; wait a minute")}
	}
	person, err := h.o.Access.Token(r.Context(), token)
	switch {
	case errors.Is(err, access.ErrLogin), err == nil && person.Nobody():
		h.guesses.take(source(r), h.o.Now())
		return access.Person{}, &access.Refusal{Code: unauthenticated, Err: errors.New("the cluster does not know this token, or not any more")}
	case err != nil:
		return access.Person{}, h.untold(r, "who you are", err)
	}
	return person, nil
}

// enter begins the session of a person, and ends the one that the browser had.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, person access.Person, token secret.String) error {
	id := random()
	session, err := h.sessions.Begin(id, person, token, h.o.Now())
	if err != nil {
		return err
	}
	h.sessions.End(sessionOf(r))
	http.SetCookie(w, cookie(r, id, session.Ends, int(access.Longest/time.Second)))
	h.o.Log.InfoContext(r.Context(), "audit", "actor", status.Clean(person.Name, 500), "action", "login", "result", "done", "peer", source(r))
	return nil
}

// random makes a name that nobody guesses.
func random() string {
	b := make([]byte, sessionBytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// logout ends the session that the browser has, if it has one.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	h.sessions.End(sessionOf(r))
	http.SetCookie(w, cookie(r, "", time.Unix(0, 0), -1))
	sendJSON(w, Done{Done: "logged out"})
}

// cookie holds the name of a session. No script reads it, and no other site's request carries it.
func cookie(r *http.Request, id string, ends time.Time, age int) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: id, Path: "/", Expires: ends, MaxAge: age, HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode}
	if plain(r) {
		c.Name, c.Secure = localCookieName, false
	}
	return c
}

// plain tells whether the browser is on the machine itself and talks to it unencrypted.
func plain(r *http.Request) bool { return r.TLS == nil && local(r) }

// sessionOf returns the name of the session that a request brings, "" for none. Two of them are none: one is not of this site.
func sessionOf(r *http.Request) string {
	name := cookieName
	if plain(r) {
		name = localCookieName
	}
	sent := r.CookiesNamed(name)
	if len(sent) != 1 || len(sent[0].Value) != base64.RawURLEncoding.EncodedLen(sessionBytes) {
		return ""
	}
	return sent[0].Value
}

// resume finds out who asks by the session that the request brings. A session whose token is no longer anybody's has ended.
func (h *Handler) resume(r *http.Request) (visitor, error) {
	id := sessionOf(r)
	session, ok := h.sessions.Find(id, h.o.Now())
	if !ok {
		return visitor{}, nil
	}
	if session.Token.IsZero() {
		return visitor{person: session.Person, known: true}, nil
	}
	person, err := h.o.Access.Token(r.Context(), session.Token)
	if errors.Is(err, access.ErrLogin) || err == nil && person.Nobody() {
		h.sessions.End(id)
		return visitor{}, nil
	}
	return visitor{person: person, known: err == nil}, err
}
