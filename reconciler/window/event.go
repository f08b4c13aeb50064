package window

import (
	"slices"
	"strings"
)

// Event is news of which everybody gets as much as they may see.
type Event interface {
	// About names the environments that it tells of, none if it is of Majordomo itself.
	About() []string
	// Only returns the part of it that is in environments that may be seen, and whether there is any.
	Only(seen func(environment string) bool) (Event, bool)
}

// About names the environments of a state.
func (s State) About() []string {
	var names []string
	for _, e := range s.Environments {
		names = append(names, e.Name)
	}
	return with(names, s.Pools, s.Masters)
}

// Only is the part of a state that may be seen.
func (s State) Only(seen func(string) bool) (Event, bool) { return Only(s, seen), true }

// About names the environments of a delta.
func (d Delta) About() []string {
	var names []string
	for _, e := range d.Environments {
		names = append(names, e.Name)
	}
	if d.Gone != nil {
		names = append(names, d.Gone.Environments...)
		for _, key := range d.Gone.Pools {
			names = append(names, environmentOf(key))
		}
	}
	return with(names, d.Pools, d.Masters)
}

// with adds the environments of pools and masters to names.
func with(names []string, pools []Pool, masters []Master) []string {
	for _, p := range pools {
		names = append(names, p.Environment)
	}
	for _, m := range masters {
		names = append(names, m.Environment)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Only is the part of a delta that may be seen.
func (d Delta) Only(seen func(string) bool) (Event, bool) {
	unseen := func(name string) bool { return !seen(name) }
	d.Environments = slices.DeleteFunc(slices.Clone(d.Environments), func(e Environment) bool { return unseen(e.Name) })
	d.Pools = slices.DeleteFunc(slices.Clone(d.Pools), func(p Pool) bool { return unseen(p.Environment) })
	d.Masters = slices.DeleteFunc(slices.Clone(d.Masters), func(m Master) bool { return unseen(m.Environment) })
	if d.Gone != nil {
		d.Gone = &Gone{
			Environments: slices.DeleteFunc(slices.Clone(d.Gone.Environments), unseen),
			Pools:        slices.DeleteFunc(slices.Clone(d.Gone.Pools), func(key string) bool { return unseen(environmentOf(key)) }),
		}
	}
	return d, d.Program != nil || d.Source != nil || len(d.About()) > 0
}

// About names the environment of an entry.
func (e Entry) About() []string {
	switch {
	case e.Environment != "":
		return []string{e.Environment}
	case e.Pool != "":
		return []string{environmentOf(e.Pool)}
	}
	return nil
}

// Only is the entry itself, if it may be seen: it is of one environment at most.
func (e Entry) Only(seen func(string) bool) (Event, bool) {
	return e, !slices.ContainsFunc(e.About(), func(name string) bool { return !seen(name) })
}

// Moment is what all pools were at a moment, by their keys.
type Moment[V any] struct {
	At    int64        `json:"at"` // Unix seconds
	Pools map[string]V `json:"pools"`
}

// About names the environments of a moment.
func (m Moment[V]) About() []string {
	var names []string
	for key := range m.Pools {
		names = append(names, environmentOf(key))
	}
	return with(names, nil, nil)
}

// Only is the part of a moment that may be seen.
func (m Moment[V]) Only(seen func(string) bool) (Event, bool) {
	part := Moment[V]{At: m.At, Pools: map[string]V{}}
	for key, v := range m.Pools {
		if seen(environmentOf(key)) {
			part.Pools[key] = v
		}
	}
	return part, len(part.Pools) > 0
}

// environmentOf is the environment in the key of a pool.
func environmentOf(key string) string {
	name, _, _ := strings.Cut(key, "/")
	return name
}
