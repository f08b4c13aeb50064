package status

import (
	"slices"
	"strings"
	"time"
)

// Phase is a part of a sync whose duration is measured.
type Phase string

// The phases.
const (
	PhaseFetch  Phase = "fetch"
	PhaseRender Phase = "render"
	PhasePlan   Phase = "plan"
	PhaseApply  Phase = "apply"
	PhasePrune  Phase = "prune"
	PhaseHealth Phase = "health"
)

// Phases returns all phases, in the order in which a sync has them.
func Phases() []Phase { return slices.Clone(phases) }

var phases = []Phase{PhaseFetch, PhaseRender, PhasePlan, PhaseApply, PhasePrune, PhaseHealth}

// Count is a counter with the values of its labels.
type Count struct {
	Labels []string
	Value  int64
}

// counts is one counter by its labels, joined with NUL bytes.
type counts map[string]int64

// maxSeries bounds the combinations of labels of one counter. What is beyond is counted as "other".
const maxSeries = 100

func (c counts) add(labels ...string) {
	for i, l := range labels {
		labels[i] = Clean(l, 64)
	}
	key := strings.Join(labels, "\x00")
	if _, known := c[key]; !known && len(c) >= maxSeries {
		for i := range labels {
			labels[i] = "other"
		}
		key = strings.Join(labels, "\x00")
	}
	c[key]++
}

func (c counts) list() []Count {
	out := make([]Count, 0, len(c))
	for key, n := range c {
		out = append(out, Count{Labels: strings.Split(key, "\x00"), Value: n})
	}
	slices.SortFunc(out, func(a, b Count) int { return slices.Compare(a.Labels, b.Labels) })
	return out
}

// Names of the counters of an environment.
const (
	syncs  = "syncs"
	drifts = "drifts"
	gates  = "gates"
)

// count adds to a counter of an environment. An environment that is not on the board has none: a late count must not bring back
// the series of one that was deleted.
func (b *Board) count(env, name string, labels ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.envs[env]
	if !ok {
		return
	}
	if l.counts[name] == nil {
		l.counts[name] = counts{}
	}
	l.counts[name].add(labels...)
}

// Synced counts a sync by its result: ResultSynced, ResultFailed or ResultHeld.
func (b *Board) Synced(env, result string, t Trigger) { b.count(env, syncs, result, string(t)) }

// Drifted counts an object of this kind that was found changed in the cluster.
func (b *Board) Drifted(env, kind string) { b.count(env, drifts, kind) }

// Pruned counts deleted objects.
func (b *Board) Pruned(env string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.envs[env]; ok {
		l.pruned += int64(n)
	}
}

// Gated counts a destructive act that a safety gate held back: "prune".
func (b *Board) Gated(env, gate string) { b.count(env, gates, gate) }

// Took measures a phase of a sync.
func (b *Board) Took(env string, p Phase, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.envs[env]
	if !ok || !slices.Contains(phases, p) {
		return
	}
	if l.took[p] == nil {
		l.took[p] = &Histogram{}
	}
	l.took[p].observe(d)
}

// Fetched counts and measures a request to the config repository: "unchanged", "fetched" or "failed".
func (b *Board) Fetched(result string, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetches.add(result)
	b.fetching.observe(d)
}

// Panicked counts a panic that was recovered in a part of the program: "loop", "web", "webhook".
func (b *Board) Panicked(component string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.panics.add(component)
}

// Webhook counts an answered webhook.
func (b *Board) Webhook(provider, result string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.webhooks.add(provider, result)
}

// buckets are the upper bounds of all histograms, in seconds.
var buckets = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// Histogram counts durations in fixed buckets.
type Histogram struct {
	Count uint64
	Sum   float64 // seconds
	under [len(buckets)]uint64
}

func (h *Histogram) observe(d time.Duration) {
	s := d.Seconds()
	h.Count++
	h.Sum += s
	for i, bound := range buckets {
		if s <= bound {
			h.under[i]++
		}
	}
}

// Buckets returns how many durations were at most so many seconds.
func (h Histogram) Buckets() map[float64]uint64 {
	out := make(map[float64]uint64, len(buckets))
	for i, bound := range buckets {
		out[bound] = h.under[i]
	}
	return out
}
