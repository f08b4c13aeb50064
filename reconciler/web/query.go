package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// query reads the parameters of a request, and collects the first one that is wrong.
type query struct {
	values url.Values
	fault  *Fault
}

// parameters returns the parameters of a request, each of which is one of these and there once.
func parameters(r *http.Request, allowed ...string) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.wrong("", "the parameters cannot be read: %s", err.Error())
	}
	for name, list := range values {
		switch {
		case !slices.Contains(allowed, name):
			q.wrong(status.Clean(name, 100), "there is no parameter %q; allowed: %s", status.Clean(name, 100), strings.Join(allowed, ", "))
		case len(list) > 1:
			q.wrong(name, "%s is there %d times; want it once", name, len(list))
		}
	}
	return q
}

func (q *query) wrong(field, format string, a ...any) {
	if q.fault == nil {
		q.fault = &Fault{Field: field, Message: fmt.Sprintf(format, a...)}
	}
}

// number reads a whole number from least to most; otherwise is what it is where it is not there.
func (q *query) number(name string, least, most, otherwise int64) int64 {
	text := q.values.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		q.wrong(name, "%s is %q; want a whole number from %d to %d", name, status.Clean(text, 100), least, most)
		return otherwise
	}
	return n
}

// moment reads a time in Unix seconds.
func (q *query) moment(name string, otherwise time.Time) time.Time {
	const year9999 = 253_402_300_799
	if q.values.Get(name) == "" {
		return otherwise
	}
	return time.Unix(q.number(name, 0, year9999, 0), 0)
}

// word reads one of these words, of which the first counts where none is there.
func (q *query) word(name string, allowed ...string) string {
	text := q.values.Get(name)
	if text == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, text) {
		q.wrong(name, "%s is %q; allowed: %s", name, status.Clean(text, 100), strings.Join(slices.DeleteFunc(allowed, func(s string) bool { return s == "" }), ", "))
	}
	return text
}

// pool reads the key of a pool.
func (q *query) pool(name string) string {
	text := q.values.Get(name)
	parts := strings.Split(text, "/")
	if len(parts) != 3 || slices.Contains(parts, "") || len(text) > 800 {
		q.wrong(name, "%s is %q; want ENVIRONMENT/NAMESPACE/NAME", name, status.Clean(text, 200))
	}
	return text
}

// history answers with what became of a pool.
func (h *Handler) history(w http.ResponseWriter, r *http.Request) {
	q := parameters(r, "pool", "from", "to", "step", "format")
	const longest = 400 * 24 * 3600 // seconds
	pool, format := q.pool("pool"), q.word("format", "json", "csv")
	to := q.moment("to", h.o.Now())
	from := q.moment("from", to.Add(-time.Hour))
	step := time.Duration(q.number("step", 1, longest, 0)) * time.Second
	if !from.Before(to) {
		q.wrong("from", "from is %d and to is %d; want from before to", from.Unix(), to.Unix())
	}
	if q.fault != nil {
		fail(w, http.StatusBadRequest, *q.fault)
		return
	}
	environment, _, _ := strings.Cut(pool, "/")
	sees, err := h.sees(r.Context(), environment)
	if err != nil {
		h.unknowable(w, r, err)
		return
	}
	series, known := h.o.Past.Series(pool, from, to, step)
	switch {
	case !sees, !known && !h.shows(pool):
		fail(w, http.StatusNotFound, Fault{Field: "pool", Message: fmt.Sprintf("no pool %q is known; want ENVIRONMENT/NAMESPACE/NAME of one", status.Clean(pool, 200))})
	case format == "csv":
		sendSeries(w, series)
	default:
		sendJSON(w, series)
	}
}

// shows tells whether there is such a pool now.
func (h *Handler) shows(pool string) bool {
	return h.o.Window != nil && slices.ContainsFunc(h.o.Window.State().Pools, func(p window.Pool) bool { return p.Key() == pool })
}
