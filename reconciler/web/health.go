package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"majordomo.dev/reconciler/status"
)

// healthz fails when the loop makes no progress: only a restart helps then.
func (h *Handler) healthz(w http.ResponseWriter, _ *http.Request) {
	var err error
	if h.o.Alive != nil {
		err = h.o.Alive()
	}
	report(w, []Check{{"loop", err}})
}

// readyz fails while the process stops or has not yet seen its clusters.
func (h *Handler) readyz(w http.ResponseWriter, _ *http.Request) {
	var checks []Check
	if h.o.Ready != nil {
		checks = h.o.Ready()
	}
	if h.draining.Load() {
		checks = append(checks, Check{"running", errors.New("is shutting down")})
	}
	report(w, checks)
}

// report gives one line per check, and 503 if one fails.
func report(w http.ResponseWriter, checks []Check) {
	var b strings.Builder
	code := http.StatusOK
	for _, c := range checks {
		if c.Err != nil {
			code = http.StatusServiceUnavailable
			fmt.Fprintf(&b, "fail %s: %s\n", c.Name, status.Clean(c.Err.Error(), 500))
			continue
		}
		fmt.Fprintf(&b, "ok %s\n", c.Name)
	}
	if code == http.StatusOK {
		b.WriteString("ok\n")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(b.String()))
}
