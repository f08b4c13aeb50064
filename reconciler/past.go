package main

import (
	"log/slog"
	"path/filepath"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/record"
	"majordomo.dev/reconciler/window"
)

// past returns what remembers what people see, and tells those who listen of it.
func (a *app) past(o config.Options, seen *pane, log *slog.Logger, publish func(name string, e window.Event)) *record.Recorder {
	return record.New(record.Options{
		Window: seen, Dir: filepath.Join(o.StateDir, "history"), Log: log, Now: a.now,
		Entry: func(e window.Entry) { publish("entry", e) },
		Sample: func(at time.Time, looks map[string]history.Sample) {
			publish("sample", window.Moment[history.Sample]{At: at.Unix(), Pools: looks})
		},
	})
}
