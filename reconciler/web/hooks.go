package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
)

// ServeHooks is Serve for an address that the Git server reaches from outside: it answers webhooks and nothing else.
func ServeHooks(ctx context.Context, l net.Listener, h *Handler, log *slog.Logger) error {
	return serve(ctx, l, server(http.HandlerFunc(h.hooksOnly), log), h)
}

func (h *Handler) hooksOnly(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/hooks/") {
		secure(w.Header(), r.TLS != nil)
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, r)
}
