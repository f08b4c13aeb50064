package web

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"

	"majordomo.dev/reconciler/window"
)

// Window is where what people see comes from.
type Window interface {
	// State is everything at one moment.
	State() window.State
	// Changed returns a channel that is closed at the next change. A reader takes it before the State, so that it misses nothing.
	Changed() <-chan struct{}
}

// windowRoutes adds what shows the window.
func (h *Handler) windowRoutes() {
	h.hub = newHub(h.o.Window, h.epoch)
	h.routes.handle(http.MethodGet, "/api/v1/state", h.state)
	h.routes.handle(http.MethodGet, "/api/v1/stream", h.stream)
	h.pageRoutes()
	if h.o.Plan != nil {
		h.planRoutes()
	}
}

// state answers with everything, or with nothing where the client has it already.
func (h *Handler) state(w http.ResponseWriter, r *http.Request) {
	s, err := h.seen(r.Context())
	if err != nil {
		h.unknowable(w, r, err)
		return
	}
	tag := h.tag(s)
	w.Header().Set("ETag", tag)
	if holds(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	sendJSON(w, s)
}

// tag names a state: the process, its version, and how much of it there is to see.
func (h *Handler) tag(s window.State) string {
	names := fnv.New64a()
	for _, e := range s.Environments {
		_, _ = io.WriteString(names, e.Name+"\n")
	}
	return fmt.Sprintf(`"%s-%d-%x"`, h.epoch, s.Version, names.Sum64())
}

// holds tells whether a list of tags has one.
func holds(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
