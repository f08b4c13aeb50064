package web

import (
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/status"
)

// askAtOnce is how many subjects are asked about at a time.
const askAtOnce = 16

// Me is the answer of /api/v1/me: who asks, how one can log in, and what they may do.
type Me struct {
	User      string   `json:"user"`
	Anonymous bool     `json:"anonymous"`
	Login     []string `json:"login"` // token, oidc
	Can       Can      `json:"can"`
}

// Can is what somebody may do, by environment and by key of the pool. What they may not see is not there.
type Can struct {
	Environments map[string][]access.Verb `json:"environments"`
	Pools        map[string][]access.Verb `json:"pools"`
}

func (h *Handler) me(w http.ResponseWriter, r *http.Request) {
	v := visiting(r.Context())
	m := Me{
		User: status.Clean(v.person.Name, 500), Anonymous: !v.known, Login: h.logins(r),
		Can: Can{Environments: map[string][]access.Verb{}, Pools: map[string][]access.Verb{}},
	}
	subjects := h.known()
	verbs := make([][]access.Verb, len(subjects))
	var g errgroup.Group
	g.SetLimit(askAtOnce)
	for i, s := range subjects {
		g.Go(func() (err error) { verbs[i], err = h.can(r, s); return err })
	}
	if err := g.Wait(); err != nil {
		h.unknowable(w, r, err)
		return
	}
	for i, s := range subjects {
		switch {
		case len(verbs[i]) == 0:
		case s.Pool == "":
			m.Can.Environments[s.Key()] = verbs[i]
		default:
			m.Can.Pools[s.Key()] = verbs[i]
		}
	}
	sendJSON(w, m)
}

// can lists what who asks may do with a subject: nothing at all if they may not see it.
func (h *Handler) can(r *http.Request, s access.Subject) ([]access.Verb, error) {
	var out []access.Verb
	for _, verb := range s.Verbs() {
		ok, err := h.may(r.Context(), s.Rights(verb))
		if err != nil || !ok && verb == access.View {
			return nil, err
		}
		if ok {
			out = append(out, verb)
		}
	}
	return out, nil
}

// logins are the ways to log in.
func (h *Handler) logins(r *http.Request) []string {
	out := []string{}
	if h.o.Access != nil && h.o.Access.Token != nil {
		out = append(out, "token")
	}
	if h.o.Access != nil && h.o.Access.OIDC != nil && !plain(r) { // the provider sends browsers back to the address of the network
		out = append(out, "oidc")
	}
	return out
}

// known lists environments and pools: those of the board at least.
func (h *Handler) known() []access.Subject {
	if h.o.Access != nil && h.o.Access.Known != nil {
		return h.o.Access.Known()
	}
	var out []access.Subject
	for _, e := range h.o.Board.Snapshot().Environments {
		out = append(out, access.Subject{Environment: e.Name})
	}
	return out
}

// unknowable answers that the cluster does not tell who may do what. Then nobody may.
func (h *Handler) unknowable(w http.ResponseWriter, r *http.Request, err error) {
	decline(w, r, http.StatusServiceUnavailable, h.untold(r, "what you may do", err).Error())
}

// untold is the refusal where the cluster does not tell something. The log has the cause.
func (h *Handler) untold(r *http.Request, what string, err error) error {
	h.o.Log.WarnContext(r.Context(), "the cluster does not tell", "reason", what, "err", status.Clean(err.Error(), 500))
	why := fmt.Errorf("the cluster does not tell now %s; try again soon", what)
	if errors.Is(err, access.ErrPowerless) {
		why = fmt.Errorf("nobody can tell %s: %w", what, access.ErrPowerless)
	}
	return &access.Refusal{Code: access.Unavailable, Err: why}
}
