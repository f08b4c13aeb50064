package main

import (
	"context"
	"io"
	"log/slog"
)

// newLogger returns the logger of `majordomo run`.
func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// capped hands on what the Kubernetes libraries log, up to verbosity 4, which is Debug. Beyond that they log requests with their bodies,
// and so the secrets in them.
type capped struct{ slog.Handler }

// Enabled tells whether a record of the level is wanted.
func (c capped) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug && c.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the cap.
func (c capped) WithAttrs(attrs []slog.Attr) slog.Handler {
	return capped{c.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the cap.
func (c capped) WithGroup(name string) slog.Handler { return capped{c.Handler.WithGroup(name)} }
