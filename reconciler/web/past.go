package web

import (
	"net/http"
	"time"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// Past is what has been: the history of the pools, and the timeline.
type Past interface {
	// Series is what became of a pool, and whether anything was ever seen of it.
	Series(pool string, from, to time.Time, step time.Duration) (window.Series, bool)
	// Entries are the entries that are wanted, the newest first, and whether there are more than the limit.
	Entries(timeline.Filter) (list []window.Entry, more bool)
	// Add takes an entry of what the state does not show.
	Add(window.Entry)
}

// pastRoutes adds what shows the past.
func (h *Handler) pastRoutes() {
	h.routes.handle(http.MethodGet, "/api/v1/history", h.history)
	h.routes.handle(http.MethodGet, "/api/v1/timeline", h.timeline)
}

// acts tells the timeline what a person has had done.
func (h *Handler) acts(on access.Action, done string) {
	if h.o.Past == nil {
		return
	}
	e := window.Entry{Kind: window.Acted, Environment: on.On.Environment, Text: done, Actor: on.Who.Name}
	if on.On.Pool != "" {
		e.Pool = on.On.Environment + "/" + on.On.Namespace + "/" + on.On.Pool
	}
	h.o.Past.Add(e)
}
