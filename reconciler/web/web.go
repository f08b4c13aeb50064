// Package web is what Majordomo answers over HTTP: webhooks, health, metrics and the state of the environments.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// Options is what the handler shows and whom it wakes.
type Options struct {
	Board *status.Board // required
	Build Build
	Log   *slog.Logger // nil: silent

	// Secrets verify webhooks, each of at least 32 bytes; several during a rotation. Without any, webhooks are refused.
	Secrets []secret.String
	// Ref is the full name of the ref that is followed: refs/heads/main. Pushes to others wake nobody.
	Ref string
	// Repository is the URL of the config repository. Pushes to others wake nobody; empty, or a local path, means any.
	Repository string
	// Wake makes the loop look at the repository. It must not block.
	Wake func()

	// Alive says why the loop makes no progress, nil if it does.
	Alive func() error
	// Ready lists what must hold before the process counts as ready.
	Ready func() []Check

	// Pools returns the answer of /api/v1/pools, which is JSON, with what is in environments that may be seen; nil: there is no such page.
	Pools func(seen func(environment string) bool) any
	// Window is what people see; nil: there is no page.
	Window Window
	// Plan computes what a sync of an environment would do now, ErrNoEnvironment if there is none; nil: nobody can ask. It needs a Window.
	Plan func(ctx context.Context, environment string) (Plan, error)
	// Assets are loaded by the pages; nil: they do without.
	Assets *Assets
	// Past is what has been; nil: there is no history and no timeline.
	Past Past

	// Access is who may see and do what; nil: whoever reaches the address may look, and nobody may act.
	Access *Access
	// Act does what a person asks for who may, and says in a sentence what was done. An *access.Refusal says why it was not; nil: nothing can be done.
	Act func(context.Context, access.Action) (string, error)

	Metrics []prometheus.Collector // further ones, such as those of the Kubernetes client
	Now     func() time.Time       // nil: time.Now
}

// Build says which program this is.
type Build struct{ Version, Revision string }

// Check is one condition of readiness.
type Check struct {
	Name string
	Err  error // nil: it holds
}

// Handler serves all routes.
type Handler struct {
	o        Options
	routes   router
	epoch    string // tells this process from the one before
	hub      *hub   // nil without a window
	planner  *planner
	hook     *hook
	acted    *tally
	sessions access.Sessions
	guesses  *limits // tokens that are nobody's
	haste    *limits // actions
	starts   *limits // logins that are sent to a provider
	pending  access.Pendings
	draining atomic.Bool
	guarded  http.Handler
}

// New returns the handler. An error names the option that is wrong.
func New(o Options) (*Handler, error) {
	if o.Board == nil {
		return nil, errors.New("web: no board")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	hook, err := newHook(o)
	if err != nil {
		return nil, err
	}
	acted := new(tally)
	o.Metrics = append(slices.Clone(o.Metrics), acted)
	metrics, err := metricsHandler(o)
	if err != nil {
		return nil, err
	}
	h := &Handler{o: o, hook: hook, acted: acted, guesses: newLimits(loginPace()), haste: newLimits(actionPace()), starts: newLimits(startPace()), epoch: strconv.FormatInt(o.Now().UnixNano(), 36)}
	for path, serve := range map[string]http.HandlerFunc{
		"/healthz": h.healthz, "/readyz": h.readyz, "/metrics": metrics.ServeHTTP, "/api/v1/environments": h.environments,
		"/api/v1/openapi.json": h.openapi,
	} {
		h.routes.handle(http.MethodGet, path, serve)
	}
	h.routes.handle(http.MethodPost, "/hooks/git", hook.serve)
	if o.Pools != nil {
		h.routes.handle(http.MethodGet, "/api/v1/pools", h.pools)
	}
	if o.Window != nil {
		h.windowRoutes()
	}
	if o.Past != nil {
		h.pastRoutes()
	}
	h.routes.handle(http.MethodGet, "/api/v1/me", h.me)
	h.sessionRoutes()
	if o.Access != nil && o.Access.OIDC != nil {
		h.oidcRoutes()
	}
	if o.Act != nil {
		h.actionRoutes()
	}
	h.guarded = http.NewCrossOriginProtection().Handler(http.HandlerFunc(h.dispatch))
	return h, nil
}

// ServeHTTP answers one request. A panic costs that request and nothing else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.survive(w, r)
	secure(w.Header(), r.TLS != nil)
	h.guarded.ServeHTTP(w, r)
}

func (h *Handler) survive(w http.ResponseWriter, r *http.Request) {
	v := recover()
	switch {
	case v == nil:
	case v == http.ErrAbortHandler: //nolint:errorlint // the value itself is what net/http asks for
		panic(v)
	default:
		component := "web"
		if strings.HasPrefix(r.URL.Path, "/hooks/") {
			component = "webhook"
		}
		h.o.Board.Panicked(component)
		h.o.Log.ErrorContext(r.Context(), "panic in a request", "op", component,
			"reason", status.Clean(fmt.Sprint(v), 1000), "err", status.Clean(string(debug.Stack()), 8000))
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// secure sets the headers of every answer. No answer has anything that a browser should run, frame, keep or send on.
func secure(h http.Header, tls bool) {
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if tls {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Drain makes the process count as not ready, so that no new requests are sent to it while it stops, and ends all streams.
func (h *Handler) Drain() {
	h.draining.Store(true)
	if h.hub != nil {
		h.hub.close()
	}
}
