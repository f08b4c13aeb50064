package world_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/e2e/browser/world"
)

var now = time.Date(2026, 3, 10, 10, 41, 5, 0, time.UTC)

// TestWorlds shows that a world is the same each time, adds up, and can be told as JSON.
func TestWorlds(t *testing.T) {
	for _, name := range world.Names() {
		t.Run(name, func(t *testing.T) {
			w, again := build(t, name), build(t, name)
			if diff := cmp.Diff(w.State, again.State); diff != "" {
				t.Errorf("the world differs from itself: %s", diff)
			}
			for _, p := range w.State.Pools {
				if p.Busy+p.Idle+p.Starting != p.Replicas || p.Desired < p.Min || p.Desired > p.Max {
					t.Errorf("%s has %d busy, %d idle, %d starting of %d, desired %d within %d to %d", p.Key(), p.Busy, p.Idle, p.Starting, p.Replicas, p.Desired, p.Min, p.Max)
				}
				if (p.Queued > 0) != (p.Oldest != nil) {
					t.Errorf("%s has %d queued, the oldest since %v", p.Key(), p.Queued, p.Oldest)
				}
			}
			if _, err := json.Marshal(w.State); err != nil {
				t.Error(err)
			}
			b, _ := json.MarshalIndent(w, "", " ")
			t.Logf("%s", b[:min(len(b), 12000)])
		})
	}
}

func build(t *testing.T, name string) *world.World {
	t.Helper()
	w, err := world.New(name, now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
