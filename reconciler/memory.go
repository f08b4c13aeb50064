package main

import (
	"context"
	"runtime/debug"
	"time"

	"majordomo.dev/reconciler/status"
)

// restTime is how long the board has to stay as it is before memory is given back.
const restTime = 10 * time.Second

// giveBack returns to the system, each time the work has come to rest, what a burst of it took: the renders of a commit that changes
// every environment need several times what is kept of them. It ends with ctx.
func giveBack(ctx context.Context, board *status.Board) {
	quiet := time.NewTimer(restTime)
	defer quiet.Stop()
	for {
		changed := board.Changed()
		select {
		case <-changed:
			quiet.Reset(restTime)
		case <-quiet.C:
			debug.FreeOSMemory()
		case <-ctx.Done():
			return
		}
	}
}
