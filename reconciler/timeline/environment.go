package timeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// blank tells that nothing is known yet of an environment: it was not looked at in this process.
func blank(e window.Environment) bool {
	return len(e.Checks) == 0 && e.Sync == nil && len(e.History) == 0
}

// keepEnvironment is what is remembered of an environment.
func keepEnvironment(was, is window.Environment) window.Environment {
	if blank(is) && was.Name != "" {
		return was
	}
	out := window.Environment{Name: is.Name, State: is.State, Repairs: is.Repairs, History: is.History, Fights: is.Fights}
	if is.Held != nil {
		out.Held = &status.Held{Hash: is.Held.Hash}
	}
	if passing(is) {
		out.State = was.State
	}
	if len(out.History) == 0 {
		out.History = was.History
	}
	return out
}

// passing tells whether a state is on the way to another one, or is told otherwise: what there was before goes on to count.
func passing(e window.Environment) bool {
	held := e.Held != nil && (e.State == window.Held || e.Reason == e.Held.Reason)
	return e.State == window.Reconciling || e.State == window.Unknown || held
}

func ofEnvironment(was, is window.Environment, at time.Time) []window.Entry {
	out := append(syncs(was, is), drifts(was, is)...)
	out = append(out, holds(was, is, at)...)
	if e, ok := turned(was.State, is.State, is.Reason); ok && !passing(is) {
		e.At, e.Bad = at, is.State == window.Stalled
		out = append(out, e)
	}
	for i := range out {
		out[i].Environment = is.Name
	}
	return out
}

// turned tells that a state became another one. That things are well is no news where nothing else was known.
func turned(was, is, reason string) (window.Entry, bool) {
	if is == was || was == "" && is == window.Ready {
		return window.Entry{}, false
	}
	e := window.Entry{Kind: window.Turned, Text: is}
	if reason != "" {
		e.Text += ": " + reason
	}
	return e, true
}

// syncs tells of the syncs that the history has gained. Those that only put drift right are told as such.
func syncs(was, is window.Environment) []window.Entry {
	var out []window.Entry
	fresh := gained(was.History, is.History, func(a, b status.Past) bool {
		return a.Time.Equal(b.Time) && a.Revision == b.Revision && a.Result == b.Result
	},
		func(p status.Past) time.Time { return p.Time })
	for i, p := range slices.Backward(is.History[:fresh]) {
		var older status.Past
		if i+1 < len(is.History) {
			older = is.History[i+1]
		}
		detail := is.Sync != nil && i == 0 && is.Sync.Time.Equal(p.Time) && p.Result != status.ResultRefused
		if p.Result == status.ResultSynced && older.Revision == p.Revision && (!detail || is.Sync.Trigger == status.Drifted) {
			continue
		}
		e := window.Entry{At: p.Time, Kind: window.Synced, Revision: p.Revision, Bad: p.Result == status.ResultFailed || p.Result == status.ResultRefused}
		e.Text = sentence(is, p, detail)
		out = append(out, e)
	}
	return out
}

// sentence says how a sync went; detail tells that it is the one of which the environment has the numbers.
func sentence(e window.Environment, p status.Past, detail bool) string {
	short := p.Revision[:min(len(p.Revision), 7)]
	message := func(kind string) string {
		c, _ := find(e.Checks, func(c status.Condition) bool { return c.Type == kind && c.Status == status.False })
		return c.Message
	}
	switch m := message(status.Rendered); {
	case p.Result == status.ResultRefused && strings.Contains(m, short):
		return m
	case p.Result == status.ResultRefused:
		return fmt.Sprintf("commit %s is refused", short)
	}
	if m := message(status.Applied); detail && p.Result == status.ResultFailed && m != "" {
		return m
	}
	switch {
	case p.Result == status.ResultFailed:
		return fmt.Sprintf("commit %s is not applied as a whole", short)
	case detail:
		return e.Sync.Sentence(p.Revision)
	}
	return fmt.Sprintf("commit %s is applied: %d changes", short, p.Changes)
}

// gained returns how many entries of a list, which is newest first, the list before did not have.
func gained[T any](before, now []T, same func(a, b T) bool, at func(T) time.Time) int {
	if len(before) == 0 {
		return len(now)
	}
	if i := slices.IndexFunc(now, func(v T) bool { return same(v, before[0]) }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(now, func(v T) bool { return !at(v).After(at(before[0])) }); i >= 0 {
		return i
	}
	return len(now)
}

// drifts tells each repair, and who keeps changing things back.
func drifts(was, is window.Environment) []window.Entry {
	var out []window.Entry
	fresh := is.Repairs - was.Repairs
	if was.Name == "" {
		fresh = int64(len(is.Recent))
	}
	told := is.Recent[:min(max(fresh, 0), int64(len(is.Recent)))]
	if len(told) == 0 && fresh > 0 && is.Drift != nil {
		told = []status.Drift{*is.Drift} // repaired by another process
	}
	for i, d := range slices.Backward(told) {
		e := window.Entry{At: d.Time, Kind: window.Drifted, Text: d.Sentence(), Revision: is.Revision, Actor: d.Manager}
		if more := fresh - int64(len(told)); i == len(told)-1 && more > 0 {
			e.Text += fmt.Sprintf("; %d more before it", more)
		}
		out = append(out, e)
	}
	for _, f := range is.Fights {
		known := slices.ContainsFunc(was.Fights, func(o status.Fight) bool { return o.Object == f.Object && o.Manager == f.Manager })
		if !known {
			out = append(out, window.Entry{At: moment(is), Kind: window.Drifted, Text: f.Sentence(), Actor: f.Manager, Bad: true})
		}
	}
	return out
}

// moment is when an environment was last worked on, as far as it says so.
func moment(e window.Environment) time.Time {
	switch {
	case e.Drift != nil:
		return e.Drift.Time
	case e.Sync != nil:
		return e.Sync.Time
	}
	return time.Time{}
}

func holds(was, is window.Environment, at time.Time) []window.Entry {
	switch {
	case is.Held != nil && (was.Held == nil || was.Held.Hash != is.Held.Hash):
		return []window.Entry{{At: at, Kind: window.Hold, Text: is.Held.Reason, Revision: is.Revision, Bad: true}}
	case is.Held == nil && was.Held != nil:
		return []window.Entry{{At: at, Kind: window.Hold, Text: status.Released, Revision: is.Revision}}
	}
	return nil
}
