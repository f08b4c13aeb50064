// Package stage shows a world as majordomo run would show its own: by the real handler, on loopback.
package stage

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/e2e/browser/world"
	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/web"
	"majordomo.dev/reconciler/web/ui"
	"majordomo.dev/reconciler/window"
)

// Stage is a world that changes, and who looks at it.
type Stage struct {
	Closed bool // nobody may look without a login; set before Handler

	clock func() time.Time

	mu      sync.Mutex
	world   *world.World
	state   window.State // never changed, only replaced
	changed chan struct{}
	acts    []access.Action
	samples *history.History
	entries timeline.Log
	tell    func(string, window.Event) // those who listen to the stream
}

// New puts a world on the stage. The clock is that of the handler.
func New(w *world.World, clock func() time.Time) *Stage {
	s := &Stage{clock: clock, world: w, state: w.State, changed: make(chan struct{}), samples: history.New(), tell: func(string, window.Event) {}}
	s.remember()
	return s
}

// State is everything as it is now.
func (s *Stage) State() window.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Changed returns a channel that is closed at the next change.
func (s *Stage) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Change changes the state, and tells everybody who looks.
func (s *Stage) Change(change func(*window.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := copied(s.state)
	change(&next)
	next.Version++
	next.At = s.clock()
	s.state = next
	close(s.changed)
	s.changed = make(chan struct{})
}

// copied returns a state that shares nothing with the other.
func copied(s window.State) window.State {
	var out window.State
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(err) // it is what the API sends and the tests read
	}
	return out
}

// Handler returns the handler of `majordomo run`, looking at this stage.
func (s *Stage) Handler(log *slog.Logger) (*web.Handler, error) {
	state, board := s.State(), status.NewBoard()
	for _, e := range state.Environments {
		board.Put(e.Name, status.Environment{Revision: e.Revision, Objects: e.Objects})
	}
	a, err := ui.Load()
	if err != nil {
		return nil, err
	}
	h, err := web.New(web.Options{
		Board: board, Build: web.Build{Version: state.Program.Version, Revision: state.Program.Revision}, Log: log, Now: s.clock, Window: s,
		Past: s, Access: s.access(), Act: s.act, Plan: s.plan,
		Assets: &web.Assets{Script: a.Script, Style: a.Style, Theme: a.Theme, Icon: a.Icon, Files: a},
	})
	if err == nil {
		s.mu.Lock()
		s.tell = h.Publish
		s.mu.Unlock()
	}
	return h, err
}

// Serve answers on the listener until ctx ends.
func (s *Stage) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	h, err := s.Handler(log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.Run(ctx) })
	group.Go(func() error { return web.Serve(ctx, l, h, log) })
	return group.Wait()
}
