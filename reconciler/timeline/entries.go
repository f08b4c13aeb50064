// Package timeline tells what has happened from how things were and how they are.
package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/reconciler/window"
)

// Entries returns what happened between two states, the oldest first and without ids. What the state before does not know at all is told
// as far as its own history goes; what the state after does not have is not told: it may be that nobody has looked yet. The state before
// is that of Remember, so that what passes within one change, or over a restart, is told once.
func Entries(before, after window.State) []window.Entry {
	var out []window.Entry
	out = append(out, ofProgram(before.Program, after)...)
	out = append(out, ofSource(before.Source, after.Source, after.At)...)
	out = append(out, ofMasters(before.Masters, after.Masters, after.At)...)
	for _, e := range after.Environments {
		if !blank(e) {
			was, _ := find(before.Environments, func(o window.Environment) bool { return o.Name == e.Name })
			out = append(out, ofEnvironment(was, e, after.At)...)
		}
	}
	for _, p := range after.Pools {
		was, _ := find(before.Pools, func(o window.Pool) bool { return o.Key() == p.Key() })
		out = append(out, ofPool(was, p, after)...)
	}
	for i := range out {
		out[i].At = out[i].At.UTC()
	}
	slices.SortStableFunc(out, func(a, b window.Entry) int { return a.At.Compare(b.At) })
	return out
}

// Remember returns what has to be known of two states to tell what happens after the second one. It is small, and bounded: what is not there
// any more is remembered as long as there is room.
func Remember(before, after window.State) window.State {
	out := window.State{Program: after.Program, Source: after.Source}
	out.Program.Phases, out.Source.Commit = nil, nil
	if unread(after.Source) {
		out.Source.Error = before.Source.Error
	}
	for _, e := range after.Environments {
		was, _ := find(before.Environments, func(o window.Environment) bool { return o.Name == e.Name })
		out.Environments = append(out.Environments, keepEnvironment(was, e))
	}
	for _, p := range after.Pools {
		was, _ := find(before.Pools, func(o window.Pool) bool { return o.Key() == p.Key() })
		out.Pools = append(out.Pools, keepPool(was, p, after))
	}
	for _, m := range after.Masters {
		if was, ok := find(before.Masters, same(m)); ok && unasked(m) {
			m = was
		}
		out.Masters = append(out.Masters, m)
	}
	out.Environments = carry(before.Environments, out.Environments, maxEnvironments, func(e window.Environment) string { return e.Name })
	out.Pools = carry(before.Pools, out.Pools, maxPools, window.Pool.Key)
	out.Masters = carry(before.Masters, out.Masters, maxPools, func(m window.Master) string { return m.Environment + "/" + m.Namespace + "/" + m.URL })
	return out
}

// What is remembered at most, of each kind.
const (
	maxEnvironments = 500
	maxPools        = 1000
)

// carry adds what was known before and is not there any more, as far as there is room.
func carry[T any](before, now []T, limit int, key func(T) string) []T {
	there := map[string]bool{}
	for _, v := range now {
		there[key(v)] = true
	}
	for _, v := range before {
		if !there[key(v)] && len(now) < limit {
			now = append(now, v)
		}
	}
	return now
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}

// ofProgram tells of Majordomo itself.
func ofProgram(was window.Program, after window.State) []window.Entry {
	var out []window.Entry
	tell := func(bad bool, format string, a ...any) {
		out = append(out, window.Entry{At: after.At, Kind: window.Reported, Text: fmt.Sprintf(format, a...), Bad: bad})
	}
	is := after.Program
	if !was.Started.Equal(is.Started) {
		was = window.Program{}
	}
	switch {
	case is.Leader && !was.Leader:
		tell(false, "this process leads: majordomo %s keeps environments and pools", cmp.Or(is.Version, "of unknown version"))
	case !is.Leader && was.Leader:
		tell(true, "this process does not lead any more: it waits for another one to end")
	}
	switch {
	case is.Alive != "" && was.Alive == "":
		tell(true, "%s", is.Alive)
	case is.Alive == "" && was.Alive != "":
		tell(false, "the loop makes progress again")
	}
	if n := is.Panics - was.Panics; n > 0 {
		tell(true, "panics that were recovered: %d; the log has them", n)
	}
	return out
}

// unread tells that nothing is known yet of the repository.
func unread(s window.Source) bool { return s.Error == "" && s.LastSuccess.IsZero() }

func ofSource(was, is window.Source, at time.Time) []window.Entry {
	switch {
	case is.Error != "" && was.Error == "":
		return []window.Entry{{At: at, Kind: window.Reported, Text: is.Error, Bad: true}}
	case is.Error == "" && was.Error != "" && !unread(is):
		return []window.Entry{{At: at, Kind: window.Reported, Text: "the config repository answers again", Revision: is.Revision}}
	}
	return nil
}

// unasked tells that a Jenkins has not been read yet.
func unasked(m window.Master) bool { return !m.Up && m.Reason == "" }

func same(m window.Master) func(window.Master) bool {
	return func(o window.Master) bool {
		return o.Environment == m.Environment && o.Namespace == m.Namespace && o.URL == m.URL
	}
}

// ofMasters tells which Jenkins answers again, or not any more. One that two accounts ask is down where it is for one of them.
func ofMasters(before, after []window.Master, at time.Time) []window.Entry {
	var out []window.Entry
	for i, m := range after {
		if unasked(m) || slices.ContainsFunc(after[:i], same(m)) {
			continue
		}
		if down, ok := find(after, func(o window.Master) bool { return same(m)(o) && !o.Up && !unasked(o) }); ok {
			m = down
		}
		was, known := find(before, func(o window.Master) bool { return same(m)(o) && !o.Up })
		if !known {
			was, known = find(before, same(m))
		}
		e := window.Entry{At: at, Kind: window.Jenkins, Environment: m.Environment}
		switch wasDown := known && !unasked(was) && !was.Up; {
		case !m.Up && !wasDown:
			e.Text, e.Bad = fmt.Sprintf("Jenkins %s: %s", m.URL, m.Reason), true
		case m.Up && wasDown:
			e.Text = fmt.Sprintf("Jenkins %s answers again", m.URL)
		default:
			continue
		}
		out = append(out, e)
	}
	return out
}
