package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/status"
)

// halves are the two lines of the program: what Git says, and what the queues say.
type halves struct {
	board *status.Board
	line  *loop.Loop
	fleet *fleet.Fleet
}

// introduce makes the two halves, which know nothing of each other: the environments with pools are the fleet's places.
func introduce(board *status.Board, line *loop.Loop, o config.Options, log *slog.Logger) halves {
	places := func() []fleet.Place {
		var out []fleet.Place
		for _, p := range line.Places() {
			out = append(out, fleet.Place{Environment: p.Environment, Config: p.Config, Namespaces: p.Namespaces})
		}
		return out
	}
	return halves{board: board, line: line, fleet: fleet.New(fleet.Options{
		Places: places, Changed: board.Changed, Poll: o.JenkinsInterval, Log: log, Version: build().Version,
		Stopped: func(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errLeaseLost) },
	})}
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

func (h halves) pools() any {
	return poolList{APIVersion: apiVersion, Kind: "PoolStatusList", Snapshot: h.fleet.Snapshot()}
}
