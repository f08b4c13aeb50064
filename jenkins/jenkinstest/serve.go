package jenkinstest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// ServeHTTP answers as Jenkins does, or as a fault does.
func (j *Jenkins) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	f := j.faultOf(r)
	if f.is(Hang) && !j.hang(r, f) {
		return
	}
	var a *answer
	var date time.Time
	see := j.do
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		see = func(f func(w *world)) { j.look(f) }
	}
	see(func(w *world) {
		date = w.now.Add(w.skew)
		a = j.answer(w, r, f)
	})
	if a == nil || f.is(Reset) {
		panic(http.ErrAbortHandler) // there is no process: the connection is closed
	}
	if f != nil {
		if spoiled := f.spoil(r); spoiled != nil {
			a = spoiled
		} else {
			a = f.after(a)
		}
	}
	if f.is(HangBody) || f.is(ResetBody) {
		a.half = func() {
			if f.is(HangBody) && j.hang(r, f) {
				return
			}
			panic(http.ErrAbortHandler)
		}
	}
	a.write(rw, date)
}

func (a *answer) write(rw http.ResponseWriter, date time.Time) {
	h := rw.Header()
	for k, v := range a.header {
		h[k] = v
	}
	h["Date"] = nil
	if !a.bare {
		h.Set("Date", date.UTC().Format(http.TimeFormat))
	}
	if a.stream == nil && a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	rw.WriteHeader(a.status)
	switch {
	case a.stream != nil:
		a.stream(rw)
	case a.half != nil:
		_, _ = rw.Write(a.body[:len(a.body)/2]) // here and below: a client that has gone
		_ = http.NewResponseController(rw).Flush()
		a.half()
		_, _ = rw.Write(a.body[len(a.body)/2:])
	default:
		_, _ = rw.Write(a.body)
	}
}

// stream writes a body that is too large to keep.
type stream func(io.Writer)
