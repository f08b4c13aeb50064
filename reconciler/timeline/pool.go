package timeline

import (
	"fmt"
	"slices"
	"time"

	"majordomo.dev/reconciler/window"
)

// keepPool is what is remembered of a pool.
func keepPool(was, is window.Pool, after window.State) window.Pool {
	out := window.Pool{Environment: is.Environment, Namespace: is.Namespace, Name: is.Name, State: is.State, Rollout: is.Rollout, History: is.History}
	if unsettled(was, is, after) {
		out.State = was.State
	}
	if len(out.History) == 0 {
		out.History = was.History
	}
	return out
}

// settled is how long a pool has to be at its limits, or not to be, before that is told: else each peak of the queue would be.
const settled = time.Minute

// limited is the type of the condition that tells whether a pool is at its limits.
const limited = "ScalingLimited"

// unsettled tells whether the state of a pool does not count yet, or is told otherwise: Jenkins is not read yet, or it is down.
func unsettled(was, is window.Pool, after window.State) bool {
	switch {
	case is.State == window.Waiting:
		return !slices.ContainsFunc(after.Masters, func(m window.Master) bool {
			return m.Up && m.Environment == is.Environment && m.Namespace == is.Namespace && m.URL == is.Jenkins
		})
	case is.State == window.Limited, is.State == window.Ready && was.State == window.Limited:
		c, ok := find(is.Checks, func(c window.Check) bool { return c.Type == limited })
		return ok && after.At.Sub(c.Since) < settled
	}
	return false
}

func ofPool(was, is window.Pool, after window.State) []window.Entry {
	out := append(decisions(was, is), rollout(was, is, after.At)...)
	if e, ok := turned(was.State, is.State, is.Reason); ok && !unsettled(was, is, after) {
		e.At, e.Bad = after.At, is.State == window.Stalled
		out = append(out, e)
	}
	for i := range out {
		out[i].Environment, out[i].Pool = is.Environment, is.Key()
	}
	return out
}

// decisions tells each decision that changed the number of agents.
func decisions(was, is window.Pool) []window.Entry {
	var out []window.Entry
	fresh := gained(was.History, is.History, func(a, b window.Change) bool { return a.At.Equal(b.At) && a.From == b.From && a.To == b.To },
		func(c window.Change) time.Time { return c.At })
	for _, c := range slices.Backward(is.History[:fresh]) {
		out = append(out, window.Entry{At: c.At, Kind: window.Scaled, Text: c.Reason, From: c.From, To: c.To})
	}
	return out
}

// Phases of a rollout that are told specially.
const (
	complete   = "Complete"
	rolledBack = "RolledBack"
	blocked    = "Blocked"
)

// rollout tells that a rollout came into another phase. The template that a pool starts with is none.
func rollout(was, is window.Pool, at time.Time) []window.Entry {
	r := is.Rollout
	if r == nil || r.Phase == "" || was.Rollout == nil && r.Phase == complete || was.Rollout != nil && was.Rollout.Phase == r.Phase {
		return nil
	}
	e := window.Entry{At: at, Kind: window.Rolled, Bad: r.Phase == rolledBack || r.Phase == blocked}
	e.Text = fmt.Sprintf("%s: %d of %d agents have the new template", r.Phase, r.Updated, r.Total)
	if r.Reason != "" {
		e.Text += "; " + r.Reason
	}
	return []window.Entry{e}
}
