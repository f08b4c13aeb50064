package web

import (
	"context"
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
	h.routes.handle(http.MethodGet, "/api/v1/state", h.state)
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

// seen is the state as far as who asks may see it.
func (h *Handler) seen(ctx context.Context) (window.State, error) {
	s := h.o.Window.State()
	if h.o.Access == nil || visiting(ctx).local {
		return s, nil
	}
	may := map[string]bool{}
	for _, e := range s.Environments {
		ok, err := h.sees(ctx, e.Name)
		if err != nil {
			return window.State{}, err
		}
		may[e.Name] = ok
	}
	return window.Only(s, func(environment string) bool { return may[environment] }), nil
}

// tag names a state: the process, its version, and how much of it there is to see. Whether the loop moves is no matter of the version, for nothing
// announces that it does not.
func (h *Handler) tag(s window.State) string {
	stuck := ""
	if s.Program.Alive != "" {
		stuck = "-stuck"
	}
	names := fnv.New64a()
	for _, e := range s.Environments {
		_, _ = io.WriteString(names, e.Name+"\n")
	}
	return fmt.Sprintf(`"%s-%d-%x%s"`, h.epoch, s.Version, names.Sum64(), stuck)
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
