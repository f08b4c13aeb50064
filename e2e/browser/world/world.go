// Package world plays what the dashboard shows: environments, pools and the hours before now, as calm, as large or as hostile as asked.
package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/window"
)

// World is how things are at a moment, and how they came there.
type World struct {
	State   window.State
	Entries []window.Entry // oldest first
	farms   []farm
}

// worlds by name.
var worlds = map[string]func(now time.Time) *World{
	"normal":       normal,
	"empty":        empty,
	"environments": environments,
	"agents":       agents,
	"hostile":      hostile,
}

// Names lists the worlds there are.
func Names() []string { return slices.Sorted(maps.Keys(worlds)) }

// New returns the world of this name as it is now. The same name and moment give the same world.
func New(name string, now time.Time) (*World, error) {
	build, ok := worlds[name]
	if !ok {
		return nil, fmt.Errorf("no world is called %q: there are %s", name, strings.Join(Names(), ", "))
	}
	return build(now.UTC().Truncate(time.Second)), nil
}

// start is the beginning of every world: a program that is well, and a repository that answers.
func start(now time.Time) *World {
	commit := commits[0].at(now)
	return &World{State: window.State{
		APIVersion: "majordomo.dev/v1alpha1", Kind: "State", Version: 1, At: now,
		Program: window.Program{
			Version: "0.3.0", Revision: "9f1c2e07d4b8a6530c1e2f3a4b5c6d7e8f901234", Started: now.Add(-53 * time.Hour), Leader: true,
			Memory: 58 << 20, Goroutines: 143,
			Phases: []window.Phase{
				{Name: "fetch", Count: 6360, Mean: 0.031},
				{Name: "render", Count: 214, Mean: 0.118},
				{Name: "plan", Count: 391, Mean: 0.004},
				{Name: "apply", Count: 177, Mean: 0.212},
				{Name: "prune", Count: 9, Mean: 0.046},
			},
		},
		Source: window.Source{
			URL: "https://github.com/example/fleet.git", Ref: "refs/heads/main", Revision: commit.Revision, Commit: &commit,
			LastSuccess: now.Add(-8 * time.Second), Fetches: 6360, Failures: 3,
		},
		Environments: []window.Environment{}, Pools: []window.Pool{}, Masters: []window.Master{},
	}}
}

// empty is the first minute: nothing is declared yet.
func empty(now time.Time) *World {
	w := start(now)
	w.State.Program.Started, w.State.Program.Phases = now.Add(-time.Minute), nil
	w.State.Source.Commit, w.State.Source.Fetches, w.State.Source.Failures = nil, 2, 0
	return w
}

// add puts a farm into the world: the pool as it is now, and what its decisions leave in the timeline.
func (w *World) add(f farm) {
	f.origin = w.State.At
	w.farms = append(w.farms, f)
	p := f.pool(w.State.At)
	w.State.Pools = append(w.State.Pools, p)
	for _, c := range p.History {
		w.note(window.Entry{
			At: c.At, Kind: window.Scaled, Environment: p.Environment, Pool: p.Key(), Text: c.Reason, From: c.From, To: c.To,
		})
	}
}

func (w *World) note(e window.Entry) { w.Entries = append(w.Entries, e) }

// done sorts what came in any order, and numbers the entries.
func (w *World) done() *World {
	slices.SortFunc(w.State.Environments, func(a, b window.Environment) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(w.State.Pools, func(a, b window.Pool) int { return strings.Compare(a.Key(), b.Key()) })
	slices.SortStableFunc(w.Entries, func(a, b window.Entry) int { return a.At.Compare(b.At) })
	for i := range w.Entries {
		w.Entries[i].ID = uint64(i + 1)
	}
	return w
}
