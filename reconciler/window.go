package main

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// pane makes what people see of the boards of both lines.
type pane struct {
	halves
	now     func() time.Time
	started time.Time

	mu      sync.Mutex
	changed chan struct{}
	stuck   string // why the loop did not move at the last look
	turns   uint64 // how often that has become something else
}

func newPane(h halves, now func() time.Time) *pane {
	return &pane{halves: h, now: now, started: now().UTC().Truncate(time.Second), changed: make(chan struct{})}
}

// Run joins the changes of both boards into one channel, until ctx ends.
func (v *pane) Run(ctx context.Context) error {
	for {
		environments, pools := v.board.Changed(), v.fleet.Changed()
		v.announce() // what changed between the last wait and this one is news, too
		select {
		case <-ctx.Done():
			return nil
		case <-environments:
		case <-pools:
		}
	}
}

func (v *pane) announce() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.changed)
	v.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change.
func (v *pane) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

// State is everything at this moment.
func (v *pane) State() window.State {
	b, f := v.board.Snapshot(), v.fleet.Snapshot()
	now := v.now().UTC()
	s := window.State{
		APIVersion: apiVersion, Kind: "State", Version: b.Version + f.Version, At: now,
		Program: v.program(b, f.Panics, now), Source: v.source(b),
		Environments: make([]window.Environment, 0, len(b.Environments)), Pools: make([]window.Pool, 0, len(f.Pools)),
		Masters: make([]window.Master, 0, len(f.Masters)),
	}
	fleet := v.line.Fleet()
	for _, o := range b.Environments {
		spec, _ := fleet.Environment(o.Name) // one that is leaving has none
		e := environmentSeen(o, spec)
		e.Commit = v.commit(b.Source.URL, e.Revision)
		s.Environments = append(s.Environments, e)
	}
	for _, p := range f.Pools {
		s.Pools = append(s.Pools, poolSeen(p))
	}
	for _, m := range f.Masters {
		s.Masters = append(s.Masters, window.Master{
			Environment: m.Environment, Namespace: m.Namespace, URL: m.URL, Up: m.Up, Reason: m.Reason, Version: m.Version, LastRead: m.LastRead,
		})
	}
	s.Version += v.turned(s.Program.Alive)
	return window.Clean(s)
}

// turned counts how often it has become different whether the loop moves: no board tells that, and a version has to grow with it.
func (v *pane) turned(stuck string) uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if stuck != v.stuck {
		v.stuck = stuck
		v.turns++
	}
	return v.turns
}

// memorySample is all memory that the process has from the system.
const memorySample = "/memory/classes/total:bytes"

func (v *pane) program(b status.Snapshot, panics int64, now time.Time) window.Program {
	memory := []metrics.Sample{{Name: memorySample}}
	metrics.Read(memory)
	made := build()
	p := window.Program{
		Version: made.Version, Revision: made.Revision, Started: v.started, Leader: b.Leader,
		Memory: memory[0].Value.Uint64(), Goroutines: runtime.NumGoroutine(), Panics: panics, Phases: phasesOf(b),
	}
	for _, n := range b.Panics {
		p.Panics += n.Value
	}
	if err := v.line.Alive(now); err != nil {
		p.Alive = err.Error()
	}
	return p
}

// phasesOf adds up how long the phases of syncs took, over all environments.
func phasesOf(b status.Snapshot) []window.Phase {
	sums := map[status.Phase]status.Histogram{status.PhaseFetch: b.Fetching}
	for _, e := range b.Environments {
		for phase, h := range e.Took {
			sum := sums[phase]
			sum.Count += h.Count
			sum.Sum += h.Sum
			sums[phase] = sum
		}
	}
	var out []window.Phase
	for _, phase := range status.Phases() {
		if h := sums[phase]; h.Count > 0 {
			out = append(out, window.Phase{Name: string(phase), Count: h.Count, Mean: h.Sum / float64(h.Count)})
		}
	}
	return out
}

func (v *pane) source(b status.Snapshot) window.Source {
	s := window.Source{
		URL: b.Source.URL, Ref: b.Source.Ref, Revision: b.Source.Revision, Commit: v.commit(b.Source.URL, b.Source.Revision), LastSuccess: b.Source.LastSuccess, Error: b.Source.Error,
		Refused: b.Source.Refused,
	}
	for _, n := range b.Fetches {
		s.Fetches += n.Value
		if n.Labels[0] == "failed" {
			s.Failures += n.Value
		}
	}
	return s
}

// commit is what is known of a commit, nil if nothing is: it may have come before this process.
func (v *pane) commit(repository, hash string) *window.Commit {
	c, known := v.line.Commit(hash)
	if !known {
		return nil
	}
	return &window.Commit{Revision: hash, Author: c.Author, Time: c.Time.UTC(), Subject: c.Subject, URL: window.CommitURL(repository, hash)}
}

func environmentSeen(o status.Observation, spec config.Environment) window.Environment {
	e := window.Environment{
		Name: o.Name, Cluster: spec.Context, Path: spec.Path, Revision: o.Status.Revision, Next: o.Next, Objects: o.Status.Objects,
		Tried: o.Status.LastAttemptedRevision, Seen: o.Look.Seen, Followed: o.Look.Followed,
		Sync: o.Status.LastSync, Repairs: o.Status.Drift.Repairs, Drift: o.Status.LastDrift, Recent: o.Status.Recent,
		Fights: o.Status.Drift.Fights, Held: o.Status.Held, History: o.Status.History, Checks: o.Status.Conditions,
	}
	e.State, e.Reason = stateOf(o.Status)
	return e
}

// stateOf is the one word for an environment, the worst that is true of it, and the sentence of the condition that says so.
func stateOf(s status.Environment) (state, reason string) {
	for _, c := range []struct{ state, kind string }{
		{window.Stalled, status.Stalled}, {window.Held, status.PruneHeld}, {window.Reconciling, status.Reconciling}, {window.Suspended, status.Suspended},
	} {
		is, _ := s.Condition(c.kind)
		waits := c.state == window.Stalled && is.Reason == status.PruneGuard // for nothing else than an approval
		if is.Status == status.True && !waits {
			return c.state, is.Message
		}
	}
	ready := environment{Status: s}.ready()
	if ready.Status == status.True {
		return window.Ready, ready.Message
	}
	return window.Unknown, ready.Message
}
