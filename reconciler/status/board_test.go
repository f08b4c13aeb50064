package status

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBoardShowsWhatWasPut(t *testing.T) {
	b := NewBoard()
	b.Put("gke", Environment{Revision: commitA})
	b.Put("alpha", Environment{Revision: commitB})
	b.Next("gke", t0)
	b.Leader(true)
	b.Source(Source{URL: "https://bob:hunter2@git.example.com/x", Ref: "refs/heads/main", Error: "a\nb"})
	s := b.Snapshot()
	if len(s.Environments) != 2 || s.Environments[0].Name != "alpha" || s.Environments[1].Status.Revision != commitA || !s.Environments[1].Next.Equal(t0) {
		t.Errorf("environments %+v", s.Environments)
	}
	want := Source{URL: "https://REDACTED@git.example.com/x", Ref: "refs/heads/main", Error: "a b"}
	if s.Source != want || !s.Leader {
		t.Errorf("source %+v, leader %v", s.Source, s.Leader)
	}
}

func TestBoardCounts(t *testing.T) {
	b := NewBoard()
	b.Put("gke", Environment{})
	b.Synced("gke", ResultSynced, Poll)
	b.Synced("gke", ResultSynced, Poll)
	b.Synced("gke", ResultFailed, Webhook)
	b.Drifted("gke", "Service")
	b.Pruned("gke", 3)
	b.Gated("gke", "prune")
	b.Took("gke", PhaseApply, 30*time.Millisecond)
	b.Took("gke", PhaseApply, time.Hour)
	b.Took("gke", "nonsense", time.Hour)
	b.Fetched("unchanged", time.Millisecond)
	b.Panicked("render")
	b.Webhook("github", "accepted")
	s := b.Snapshot()
	e := s.Environments[0]
	if diff := cmp.Diff([]Count{{[]string{"failed", "webhook"}, 1}, {[]string{"synced", "poll"}, 2}}, e.Syncs); diff != "" {
		t.Errorf("syncs (-want +got):\n%s", diff)
	}
	for name, got := range map[string][]Count{
		"Service": e.Drifts, "prune": e.Gates, "unchanged": s.Fetches, "render": s.Panics,
	} {
		if diff := cmp.Diff([]Count{{[]string{name}, 1}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if e.Pruned != 3 || len(s.Webhooks) != 1 || len(e.Took) != 1 {
		t.Errorf("pruned %d, webhooks %v, phases %v", e.Pruned, s.Webhooks, e.Took)
	}
	h := e.Took[PhaseApply]
	if n := h.Buckets(); h.Count != 2 || h.Sum != 3600.03 || n[0.025] != 0 || n[0.05] != 1 || n[300] != 1 {
		t.Errorf("histogram %+v", h)
	}
}

func TestDeletedEnvironmentLeavesNothing(t *testing.T) {
	b := NewBoard()
	b.Put("gke", Environment{})
	b.Synced("gke", ResultSynced, Poll)
	b.Delete("gke")
	b.Synced("gke", ResultSynced, Poll)
	b.Took("gke", PhasePlan, time.Second)
	b.Pruned("gke", 1)
	b.Next("gke", t0)
	if s := b.Snapshot(); len(s.Environments) != 0 {
		t.Errorf("a late count brings back %+v", s.Environments)
	}
	b.Put("gke", Environment{})
	if e := b.Snapshot().Environments[0]; len(e.Syncs) != 0 || e.Pruned != 0 || len(e.Took) != 0 {
		t.Errorf("a new environment of the name starts with %+v", e)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	b := NewBoard()
	b.Put("gke", Environment{})
	for i := range 5000 {
		b.Drifted("gke", fmt.Sprintf("Kind%d", i))
		b.Webhook(fmt.Sprintf("p%d", i), fmt.Sprintf("r%d\n", i))
		b.Panicked(fmt.Sprintf("c%d", i))
	}
	s := b.Snapshot()
	for name, got := range map[string][]Count{"drift": s.Environments[0].Drifts, "webhooks": s.Webhooks, "panics": s.Panics} {
		var sum int64
		for _, c := range got {
			sum += c.Value
		}
		if len(got) != maxSeries+1 || sum != 5000 || !slices.ContainsFunc(got, func(c Count) bool { return c.Labels[0] == "other" }) {
			t.Errorf("%s: %d series with %d in all, want %d and 5000", name, len(got), sum, maxSeries+1)
		}
	}
}

func TestReadersHearOfEachChange(t *testing.T) {
	b := NewBoard()
	heard := func(change func()) bool {
		before, ch := b.Snapshot().Version, b.Changed()
		change()
		select {
		case <-ch:
			return b.Snapshot().Version > before
		default:
			return false
		}
	}
	for name, change := range map[string]func(){
		"put":    func() { b.Put("gke", Environment{}) },
		"source": func() { b.Source(Source{Ref: "main"}) },
		"leader": func() { b.Leader(true) },
	} {
		if !heard(change) {
			t.Errorf("%s is not heard of", name)
		}
	}
	for name, change := range map[string]func(){
		"same source":             func() { b.Source(Source{Ref: "main"}) },
		"same leader":             func() { b.Leader(true) },
		"unknown environment":     func() { b.Delete("other") },
		"counters do not wake":    func() { b.Panicked("render") },
		"time of the unknown env": func() { b.Next("other", t0) },
	} {
		if heard(change) {
			t.Errorf("%s: heard of, and nothing has changed", name)
		}
	}
}

func TestBoardIsSharedSafely(t *testing.T) {
	b := NewBoard()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			env := fmt.Sprintf("env%d", i%3)
			for range 200 {
				b.Put(env, Environment{})
				b.Synced(env, ResultSynced, Poll)
				b.Took(env, PhasePlan, time.Second)
				_ = b.Snapshot()
				_ = b.Changed()
			}
		})
	}
	wg.Wait()
	var sum int64
	for _, e := range b.Snapshot().Environments {
		sum += e.Syncs[0].Value
	}
	if sum != 1600 {
		t.Errorf("%d syncs counted, want 1600", sum)
	}
}
