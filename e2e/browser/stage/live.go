package stage

import (
	"context"
	"time"

	"majordomo.dev/reconciler/window"
)

// Live lets the world go on with the clock: builds come, agents start, work and go. It looks each so often, until ctx ends.
func (s *Stage) Live(ctx context.Context, each time.Duration) error {
	tick := time.NewTicker(each)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.step()
			s.Look()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// step brings the pools to the present moment.
func (s *Stage) step() {
	now := s.clock()
	s.Change(func(state *window.State) {
		state.Source.LastSuccess = now
		for i, e := range state.Environments {
			if now.After(e.Next) {
				state.Environments[i].Next = now.Add(30 * time.Second)
			}
		}
		for i, p := range state.Pools {
			state.Pools[i] = s.world.Pool(p, now)
		}
		for i := range state.Masters {
			if state.Masters[i].Up {
				state.Masters[i].LastRead = now
			}
		}
	})
}
