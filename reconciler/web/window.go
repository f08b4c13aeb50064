package web

import (
	"fmt"
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
	h.routes.handle(http.MethodGet, "/api/v1/state", h.state)
}

// state answers with everything, or with nothing where the client has it already.
func (h *Handler) state(w http.ResponseWriter, r *http.Request) {
	s := h.o.Window.State()
	tag := h.tag(s)
	w.Header().Set("ETag", tag)
	if holds(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	sendJSON(w, s)
}

// tag names a state: the process and its version. Whether the loop moves is no matter of the version, for nothing announces that it does not.
func (h *Handler) tag(s window.State) string {
	stuck := ""
	if s.Program.Alive != "" {
		stuck = "-stuck"
	}
	return fmt.Sprintf(`"%s-%d%s"`, h.epoch, s.Version, stuck)
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
