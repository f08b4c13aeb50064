package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"majordomo.dev/reconciler/window"
)

// How a stream behaves.
const (
	heartbeat    = 15 * time.Second // a comment, so that proxies keep the connection and clients know that it lives
	eventTimeout = 10 * time.Second // for a client to take one event
	recheckEvery = time.Minute
	retryLater   = "10" // seconds, for those who are turned away
)

var (
	errStopping = errors.New("this process is shutting down; come back")
	errFull     = errors.New("as many streams are open as there may be; GET /api/v1/state tells the same, once")
)

// Run tells what changes to those who listen until ctx ends.
func (h *Handler) Run(ctx context.Context) error {
	if h.hub != nil {
		h.hub.run(ctx)
	}
	return nil
}

// Publish tells those who listen, and may see it, of an event: "entry" with a window.Entry, "sample" with a window.Moment.
func (h *Handler) Publish(name string, e window.Event) {
	if h.hub != nil {
		h.hub.publish(name, e)
	}
}

// stream sends events until the client goes, takes them too slowly, may not see them any more, or the process stops.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request) {
	if err := h.hub.join(); err != nil {
		w.Header().Set("Retry-After", retryLater)
		decline(w, r, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer h.hub.leave()
	out := outlet{w, http.NewResponseController(w)}
	_ = out.SetReadDeadline(time.Time{}) // the request is read; a recorder in a test has no deadlines
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead || out.send([]byte("retry: 3000\n\n")) != nil {
		return
	}
	h.hub.look() // what happened while nobody listened
	h.follow(r, out)
}

// follow sends what happens from where the client left off.
func (h *Handler) follow(r *http.Request, out outlet) {
	beat, recheck := time.NewTicker(heartbeat), time.NewTicker(recheckEvery)
	defer beat.Stop()
	defer recheck.Stop()
	at, eyes := h.hub.placeOf(r.Header.Get("Last-Event-ID")), h.eyes(r.Context())
	for {
		news, now, more := h.hub.after(at)
		for _, n := range news {
			text := h.hub.part(n, eyes.see)
			if eyes.err != nil || text != nil && out.send(text) != nil {
				return
			}
		}
		at = now
		select {
		case <-r.Context().Done():
			return
		case <-h.hub.bye:
			_ = out.send([]byte("event: bye\ndata: {}\n\n"))
			return
		case <-recheck.C:
			again, err := h.look(r)
			if err != nil {
				return // it asks again, and is told why not
			}
			if !eyes.same(again) {
				at = place{} // what it may see now is told anew
			}
			eyes = again
		case <-beat.C:
			if out.send([]byte(":\n\n")) != nil {
				return
			}
		case <-more:
		}
	}
}

// outlet writes one event at a time.
type outlet struct {
	http.ResponseWriter
	*http.ResponseController
}

// send writes and makes sure that it leaves. A client that does not take it in time is given up.
func (o outlet) send(text []byte) error {
	_ = o.SetWriteDeadline(time.Now().Add(eventTimeout)) // in place of the server's, which would end the stream
	if _, err := o.Write(text); err != nil {
		return err
	}
	return o.Flush()
}
