package status

import "fmt"

// Event is one change worth telling, in the form of a Kubernetes Event.
type Event struct {
	Type    string // Normal or Warning
	Reason  string
	Message string
}

// Released is said of a prune that waits no longer.
const Released = "the prune that was held back is approved or no longer needed"

// Types of events.
const (
	Normal  = "Normal"
	Warning = "Warning"
)

// Transitions says what changed from one status to the next. The same status twice gives no event.
func Transitions(prev, next Environment) []Event {
	var out []Event
	add := func(e Event) {
		if e.Reason != "" {
			e.Message = Clean(e.Message, maxText)
			out = append(out, e)
		}
	}
	add(synced(prev, next))
	add(repaired(prev, next))
	add(worse(prev, next, SourceReady, ""))
	add(renderFailed(prev, next))
	add(worse(prev, next, Applied, "SyncFailed"))
	add(worse(prev, next, Pruned, ""))
	add(heldBack(prev, next))
	add(worse(prev, next, Healthy, ""))
	for _, f := range next.Drift.Fights {
		add(fight(prev, f))
	}
	add(hands(prev, next))
	add(recovered(prev, next))
	return out
}

// synced tells of a new commit in force, unless some of it could not be applied: another event tells that.
func synced(prev, next Environment) Event {
	if c, _ := next.Condition(Applied); bad(c) || next.Revision == "" || next.Revision == prev.Revision {
		return Event{}
	}
	if s := next.LastSync; s != nil && s != prev.LastSync {
		return Event{Normal, Synced, s.Sentence(next.Revision)}
	}
	return Event{Normal, Synced, fmt.Sprintf("commit %s is applied", next.ShortRevision)}
}

// Sentence says what the sync of a commit did.
func (s Sync) Sentence(revision string) string {
	return fmt.Sprintf("commit %s is applied: %d created, %d changed, %d pruned", short(revision), s.Created, s.Updated, s.Pruned)
}

func repaired(prev, next Environment) Event {
	n, d := next.Drift.Repairs-prev.Drift.Repairs, next.LastDrift
	if n <= 0 || d == nil {
		return Event{}
	}
	e := Event{Normal, DriftRepaired, d.Sentence()}
	if n > 1 {
		e.Message += fmt.Sprintf("; %d more with it", n-1)
	}
	return e
}

// Sentence says what was found, and that it is put right.
func (d Drift) Sentence() string {
	what := "deleted"
	if len(d.Fields) > 0 {
		what = "changed" + inFields(d.Fields)
	}
	if d.Manager != "" {
		what += " by " + d.Manager
	}
	return fmt.Sprintf("%s was %s, and is put right", d.Object, what)
}

// worse tells of a condition that became bad, or bad for another reason. What was Unknown is bad where it has a cause.
func worse(prev, next Environment, kind, reason string) Event {
	c, ok := next.Condition(kind)
	if !ok || !bad(c) {
		return Event{}
	}
	if was, _ := prev.Condition(kind); bad(was) && was.Reason == c.Reason {
		return Event{}
	}
	if kind == Pruned && c.Reason == PruneGuard {
		return Event{} // heldBack tells
	}
	if reason == "" {
		reason = c.Reason
	}
	return Event{Warning, reason, c.Message}
}

func bad(c Condition) bool {
	return c.Status == False || c.Status == Unknown && c.Reason != Progressing && c.Reason != Suspended
}

// renderFailed tells of each refused commit.
func renderFailed(prev, next Environment) Event {
	c, _ := next.Condition(Rendered)
	if c.Status == False && prev.LastAttemptedRevision != next.LastAttemptedRevision {
		return Event{Warning, c.Reason, c.Message}
	}
	return worse(prev, next, Rendered, "")
}

func heldBack(prev, next Environment) Event {
	switch {
	case next.Held != nil && (prev.Held == nil || prev.Held.Hash != next.Held.Hash):
		return Event{Warning, PruneHeld, next.Held.Reason}
	case next.Held == nil && prev.Held != nil:
		return Event{Normal, "PruneReleased", Released}
	}
	return Event{}
}

func fight(prev Environment, f Fight) Event {
	for _, was := range prev.Drift.Fights {
		if was.Object == f.Object && was.Manager == f.Manager {
			return Event{}
		}
	}
	return Event{Warning, "Fight", f.Sentence()}
}

// Sentence says who fights over what.
func (f Fight) Sentence() string {
	return fmt.Sprintf("%s keeps changing %s%s back", orSomebody(f.Manager), f.Object, inFields(f.Fields))
}

func hands(prev, next Environment) Event {
	c, _ := next.Condition(Suspended)
	switch {
	case next.Is(Suspended) && !prev.Is(Suspended):
		return Event{Normal, Suspended, c.Message}
	case prev.Is(Suspended) && !next.Is(Suspended):
		return Event{Normal, "Resumed", "the environment is kept as Git says again"}
	}
	return Event{}
}

func recovered(prev, next Environment) Event {
	was, _ := prev.Condition(Ready)
	if is, _ := next.Condition(Ready); was.Status == False && is.Status == True {
		return Event{Normal, "Recovered", fmt.Sprintf("%s; before: %s", is.Message, was.Message)}
	}
	return Event{}
}
