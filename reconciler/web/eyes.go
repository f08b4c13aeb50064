package web

import (
	"context"
	"errors"
	"net/http"

	"majordomo.dev/reconciler/window"
)

// eyes are what a client may see. Each environment is asked about once.
type eyes struct {
	ask  func(environment string) (bool, error)
	seen map[string]bool
	err  error // the first; nothing is seen from then on
}

// eyes returns what who asks may see.
func (h *Handler) eyes(ctx context.Context) *eyes {
	return &eyes{ask: func(name string) (bool, error) { return h.sees(ctx, name) }, seen: map[string]bool{}}
}

// look finds out anew who asks, and whether they may still look at all.
func (h *Handler) look(r *http.Request) (*eyes, error) {
	if h.o.Access == nil {
		return h.eyes(r.Context()), nil
	}
	v, err := h.visitor(r)
	if err == nil && !v.known && !v.local {
		err = errors.New("a login is needed here")
	}
	return h.eyes(context.WithValue(r.Context(), visitorKey{}, v)), err
}

// see tells whether an environment may be seen.
func (e *eyes) see(environment string) bool {
	is, known := e.seen[environment]
	if !known && e.err == nil {
		is, e.err = e.ask(environment)
		e.seen[environment] = is
	}
	return is && e.err == nil
}

// same tells whether others see the same of what these have looked at.
func (e *eyes) same(others *eyes) bool {
	for name, is := range e.seen {
		if others.see(name) != is {
			return false
		}
	}
	return others.err == nil
}

// seen is the state as far as who asks may see it.
func (h *Handler) seen(ctx context.Context) (window.State, error) {
	s, eyes := h.o.Window.State(), h.eyes(ctx)
	for _, name := range s.About() {
		if !eyes.see(name) {
			s = window.Only(s, eyes.see)
			break
		}
	}
	return s, eyes.err
}
