package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/telemetry"
)

// halves are the two lines of the program: what Git says, and what the queues say.
type halves struct {
	board *status.Board
	line  *loop.Loop
	fleet *fleet.Fleet
}

// introduce makes the two halves, which know nothing of each other: the environments with pools are the fleet's places.
func introduce(board *status.Board, line *loop.Loop, spans *telemetry.Sender, o config.Options, log *slog.Logger) halves {
	places := func() []fleet.Place {
		var out []fleet.Place
		for _, p := range line.Places() {
			out = append(out, fleet.Place{Environment: p.Environment, Config: p.Config, Namespaces: p.Namespaces})
		}
		return out
	}
	fo := fleet.Options{
		Places: places, Changed: board.Changed, Poll: o.JenkinsInterval, Log: log, Version: build().Version,
		Stopped: func(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errLeaseLost) },
	}
	if spans != nil {
		fo.Trace = func(s fleet.Span) { spans.Send(spanOf(s)) }
	}
	return halves{board: board, line: line, fleet: fleet.New(fo)}
}

// run keeps environments and fleets until ctx ends, and gives memory back while there is nothing to do.
func (h halves) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { giveBack(ctx, h.board); return nil })
	g.Go(func() error { return h.line.Run(ctx) })
	g.Go(func() error { return h.fleet.Run(ctx) })
	return g.Wait()
}

// poolList is the answer of /api/v1/pools.
type poolList struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	fleet.Snapshot
}

// pools answers with the pools, and the masters, of the environments that may be seen.
func (h halves) pools(seen func(environment string) bool) any {
	s := h.fleet.Snapshot()
	s.Pools = slices.DeleteFunc(s.Pools, func(p fleet.Pool) bool { return !seen(p.Environment) })
	s.Masters = slices.DeleteFunc(s.Masters, func(m fleet.Master) bool { return !seen(m.Environment) })
	return poolList{APIVersion: apiVersion, Kind: "PoolStatusList", Snapshot: s}
}

// subjects lists the environments and pools that there are, as the boards show them.
func (h halves) subjects() []access.Subject {
	var out []access.Subject
	for _, e := range h.board.Snapshot().Environments {
		out = append(out, access.Subject{Environment: e.Name})
	}
	for _, p := range h.fleet.Snapshot().Pools {
		out = append(out, access.Subject{Environment: p.Environment, Namespace: p.Namespace, Pool: p.Name})
	}
	return out
}
