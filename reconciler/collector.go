package main

import (
	"log/slog"
	"os"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/telemetry"
)

// collector returns what tells the OpenTelemetry collector of what is done, nil where none is named. Variables of OpenTelemetry's own do not count:
// nothing leaves the process because something else in its environment is traced.
func (a *app) collector(o config.Options, log *slog.Logger) (*telemetry.Sender, error) {
	if o.OTLPEndpoint == "" {
		return nil, nil
	}
	to := telemetry.Options{Endpoint: o.OTLPEndpoint, Version: build().Version, Log: log}
	to.Instance, _ = os.Hostname() // one that has no name has no instance
	text, err := secretOf("otlp-headers-file", o.OTLPHeadersFile, logged(log))
	if err != nil {
		return nil, err
	}
	if to.Header, err = telemetry.Header(text); err != nil {
		return nil, usagef("--otlp-headers-file: %s: %w", o.OTLPHeadersFile, err)
	}
	return telemetry.New(to), nil
}

// spanOf is a span of the fleet as one of the sender, which the fleet does not know.
func spanOf(s fleet.Span) telemetry.Span {
	out := telemetry.Span{Name: s.Name, Start: s.Start, End: s.End, Err: s.Err, Facts: s.Facts}
	for _, p := range s.Parts {
		out.Parts = append(out.Parts, spanOf(p))
	}
	return out
}
