package web

import (
	"context"
	"math"
	"net/http"
	"time"

	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// Timeline is the answer of /api/v1/timeline.
type Timeline struct {
	Items []window.Entry `json:"items"` // newest first
	More  bool           `json:"more"`  // there are older ones
}

// timeline answers with what has happened.
func (h *Handler) timeline(w http.ResponseWriter, r *http.Request) {
	q := parameters(r, "env", "pool", "kind", "from", "to", "before", "limit", "format")
	format := q.word("format", "json", "csv")
	limit := int64(100)
	if format == "csv" {
		limit = timeline.MaxEntries
	}
	kinds := []string{""}
	for _, k := range window.Kinds() {
		kinds = append(kinds, string(k))
	}
	f := timeline.Filter{
		Environment: q.values.Get("env"), Kind: window.Kind(q.word("kind", kinds...)), From: q.moment("from", time.Time{}), To: q.moment("to", time.Time{}),
		Before: uint64(q.number("before", 1, math.MaxInt64, 0)), //nolint:gosec // not below 1
		Limit:  int(q.number("limit", 1, timeline.MaxEntries, limit)),
	}
	if q.values.Get("pool") != "" {
		f.Pool = q.pool("pool")
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		q.wrong("from", "from is %d and to is %d; want from before to", f.From.Unix(), f.To.Unix())
	}
	if q.fault != nil {
		fail(w, http.StatusBadRequest, *q.fault)
		return
	}
	var err error
	if f.Sees, err = h.hindsight(r.Context()); err != nil {
		h.unknowable(w, r, err)
		return
	}
	items, more := h.o.Past.Entries(f)
	if format == "csv" {
		sendEntries(w, items)
		return
	}
	sendJSON(w, Timeline{Items: append([]window.Entry{}, items...), More: more})
}

// hindsight returns of which environments who asks may see the past, nil for all: of those that they see now, or of all, also those that are
// gone, if they may see whichever there is. What is of Majordomo itself, of the environment "", is for those who may see any. Whoever uses it asks
// nobody.
func (h *Handler) hindsight(ctx context.Context) (func(environment string) bool, error) {
	eyes := h.eyes(ctx)
	if eyes.see("") {
		return nil, nil
	}
	environments := h.o.Board.Snapshot().Environments
	sees := map[string]bool{"": len(environments) == 0}
	for _, e := range environments {
		if eyes.see(e.Name) {
			sees[""], sees[e.Name] = true, true
		}
	}
	return func(environment string) bool { return sees[environment] }, eyes.err
}
