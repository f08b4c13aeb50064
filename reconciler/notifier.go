package main

import (
	"log/slog"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notify"
	"majordomo.dev/reconciler/record"
)

// notifier tells people and commits what happens, as the fleet in force says.
func (a *app) notifier(o config.Options, h halves, seen *pane, past *record.Recorder, log *slog.Logger) *notify.Notifier {
	return notify.New(notify.Options{
		State: seen.State, Changed: seen.Changed, Place: a.place(o), Dir: o.StateDir, Log: log, Now: a.now,
		Record:   past.Add,
		Panicked: func() { h.board.Panicked("notify") },
		Sinks: func() ([]config.Notification, bool) {
			fleet := h.line.Fleet()
			return fleet.Notifications, len(fleet.Environments) > 0
		},
	})
}

// place is where notifications find their secrets, and where they may go.
func (a *app) place(o config.Options) notify.Place {
	return notify.Place{Secrets: o.NotifySecretsDir, Hosts: o.Trusted(), Dashboard: o.DashboardURL, Now: a.now}
}
