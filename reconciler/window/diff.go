package window

import (
	"reflect"
	"slices"
	"time"
)

// Delta is what has become different from one state to a later one: all that a reader of the earlier one needs to have the later one.
type Delta struct {
	Version      uint64        `json:"version"`
	At           time.Time     `json:"at"`
	Program      *Program      `json:"program,omitempty"`
	Source       *Source       `json:"source,omitempty"`
	Environments []Environment `json:"environments,omitempty"` // new and changed ones
	Pools        []Pool        `json:"pools,omitempty"`        // new and changed ones
	Masters      []Master      `json:"masters,omitzero"`       // all of them, if anything about one has changed
	Gone         *Gone         `json:"gone,omitempty"`
}

// Gone is what there is no more.
type Gone struct {
	Environments []string `json:"environments,omitempty"` // names
	Pools        []string `json:"pools,omitempty"`        // keys
}

// Diff returns what is different, and whether that is anything worth telling: memory, goroutines and durations of the program itself go along
// with other news, and are none.
func Diff(before, after State) (Delta, bool) {
	d := Delta{Version: after.Version, At: after.At}
	var gone Gone
	d.Environments, gone.Environments = changed(before.Environments, after.Environments, func(e Environment) string { return e.Name })
	d.Pools, gone.Pools = changed(before.Pools, after.Pools, Pool.Key)
	if len(gone.Environments)+len(gone.Pools) > 0 {
		d.Gone = &gone
	}
	if !reflect.DeepEqual(before.Source, after.Source) {
		d.Source = &after.Source
	}
	if !slices.Equal(before.Masters, after.Masters) {
		d.Masters = append([]Master{}, after.Masters...)
	}
	news := d.Environments != nil || d.Pools != nil || d.Gone != nil || d.Source != nil || d.Masters != nil
	if news && !reflect.DeepEqual(before.Program, after.Program) || !reflect.DeepEqual(before.Program.steady(), after.Program.steady()) {
		d.Program = &after.Program
	}
	return d, news || d.Program != nil
}

// steady is the program without what is different at every look.
func (p Program) steady() Program {
	p.Memory, p.Goroutines, p.Phases = 0, 0, nil
	return p
}

// changed returns the elements that are new or different, and the names of those that are gone.
func changed[E any](before, after []E, name func(E) string) (different []E, gone []string) {
	was := make(map[string]E, len(before))
	for _, e := range before {
		was[name(e)] = e
	}
	for _, e := range after {
		n := name(e)
		if old, known := was[n]; !known || !reflect.DeepEqual(old, e) {
			different = append(different, e)
		}
		delete(was, n)
	}
	for _, e := range before {
		if _, left := was[name(e)]; left {
			gone = append(gone, name(e))
		}
	}
	return different, gone
}
