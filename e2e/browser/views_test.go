package browser_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"majordomo.dev/e2e/browser/stage"
	"majordomo.dev/e2e/browser/world"
)

// closed lets nobody look without a login.
func closed(s *stage.Stage) { s.Closed = true }

// begin puts a world on a stage and serves it until the test ends. It returns the origin of the page, too.
func begin(t *testing.T, name string, options ...func(*stage.Stage)) (*stage.Stage, string) {
	t.Helper()
	return beginAt(t, name, time.Now, options...)
}

// beginAt does so by another clock.
func beginAt(t *testing.T, name string, clock func() time.Time, options ...func(*stage.Stage)) (*stage.Stage, string) {
	t.Helper()
	w, err := world.New(name, clock())
	if err != nil {
		t.Fatal(err)
	}
	s := stage.New(w, clock)
	for _, set := range options {
		set(s)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s, l)
	return s, "http://" + l.Addr().String()
}

// serve serves a stage until the test ends, or the function that it returns is called.
func serve(t *testing.T, s *stage.Stage, l net.Listener) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, slog.New(slog.DiscardHandler)) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// views are the pages of the normal world.
var views = []string{"/", "/environments/gke", "/pools/gke/jenkins-gke/linux", "/pools/vagrant/jenkins-vagrant/linux", "/history", "/health"}

func TestEveryViewCanBeUsedByEverybodyInBothThemes(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	for _, theme := range []string{"light", "dark"} {
		p.prefer("color-scheme", theme)
		for _, view := range views {
			p.load(view)
			p.accessible(theme + " " + view)
		}
	}
}

func TestEveryViewFitsTheScreenWithoutCutOrCoveredText(t *testing.T) {
	for _, name := range []string{"normal", "hostile", "empty"} {
		t.Run(name, func(t *testing.T) {
			s, origin := begin(t, name)
			p := open(t, origin)
			pages := views
			if state := s.State(); name != "normal" {
				pages = []string{"/", "/history", "/health"}
				for _, e := range state.Environments[:min(len(state.Environments), 2)] {
					pages = append(pages, "/environments/"+e.Name)
				}
				for _, pool := range state.Pools[:min(len(state.Pools), 1)] {
					pages = append(pages, "/pools/"+pool.Key())
				}
			}
			for _, view := range pages {
				p.load(view)
				for _, width := range []int64{320, 768, 1440} {
					p.size(width, 3000)
					p.readable(fmt.Sprintf("%s at %d px", view, width))
				}
			}
		})
	}
}
