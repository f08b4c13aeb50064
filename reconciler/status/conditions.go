package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Types of conditions. Reconciling, Stalled, PruneHeld, DriftDetected and Suspended are there only while they are True.
const (
	Ready         = "Ready"
	Reconciling   = "Reconciling"
	Stalled       = "Stalled"
	SourceReady   = "SourceReady"
	Rendered      = "Rendered"
	Applied       = "Applied"
	Pruned        = "Pruned"
	PruneHeld     = "PruneHeld"
	Healthy       = "Healthy"
	DriftDetected = "DriftDetected"
	Suspended     = "Suspended"
)

// stallAfter is how long a failure that may pass by itself lasts before a person should look: an environment is then Stalled. For as
// long, a config repository that does not answer does not make an applied environment unready.
const stallAfter = 5 * time.Minute

// Of turns what one run of the line found into the status of its environment. prev is the status before; times of transition,
// totals and history go on from it.
func Of(in Report, prev Environment, now time.Time) Environment {
	now = now.UTC().Truncate(time.Second) // as the API server keeps times
	e := Environment{
		ObservedGeneration: in.Generation, Revision: in.Revision, ShortRevision: short(in.Revision), Digest: in.Digest,
		LastAttemptedRevision: cmp.Or(in.Attempted, prev.LastAttemptedRevision), Inventory: prev.Inventory,
		Held: held(in, prev), LastSync: lastSync(in, prev), Drift: prev.Drift, LastDrift: prev.LastDrift, Recent: prev.Recent,
	}
	if in.Inventory != nil {
		e.Inventory = EncodeInventory(in.Inventory)
	}
	e.Drift.Fights = fights(in.Fights)
	repairs(in, &e)
	e.History = history(in, prev, now)
	h := healthOf(in)
	e.Objects = objects(in, prev, h)
	e.Conditions = conditions(in, prev, e, h, now)
	return e
}

// judge collects conditions, and the problems that decide on Ready.
type judge struct {
	in       Report
	prev     Environment
	now      time.Time
	list     []Condition
	problems []problem
	pending  string // why the environment is still on its way
}

// problem is why an environment is not ready.
type problem struct {
	reason, message string
	stalled         bool // it does not go away by itself, or has not for a while
}

func conditions(in Report, prev, e Environment, h health, now time.Time) []Condition {
	j := &judge{in: in, prev: prev, now: now}
	j.source()
	j.rendered()
	j.applied()
	j.pruned(e)
	j.healthy(e, h)
	j.drift()
	j.suspended()
	return append(j.summary(e), j.list...)
}

// condition makes a condition whose time of transition is that of the last change of its status.
func (j *judge) condition(kind, status, reason, message string) Condition {
	c := Condition{
		Type: kind, Status: status, Reason: reason, Message: Clean(message, maxText),
		LastTransitionTime: j.now, ObservedGeneration: j.in.Generation,
	}
	if was, ok := j.prev.Condition(kind); ok && was.Status == status {
		c.LastTransitionTime = was.LastTransitionTime
	}
	return c
}

func (j *judge) set(kind, status, reason, message string) {
	j.list = append(j.list, j.condition(kind, status, reason, message))
}

// lasting tells whether a condition has had this status for longer than a failure may take to pass by itself.
func (j *judge) lasting(kind, status string) bool {
	c, ok := j.prev.Condition(kind)
	return ok && c.Status == status && j.now.Sub(c.LastTransitionTime) >= stallAfter
}

func (j *judge) fail(kind, status string, p problem) {
	j.set(kind, status, p.reason, p.message)
	j.problems = append(j.problems, p)
}

// summary gives Ready and what kstatus goes by beside it.
func (j *judge) summary(e Environment) []Condition {
	if len(j.problems) == 0 && j.pending == "" {
		return []Condition{j.condition(Ready, True, Synced,
			fmt.Sprintf("commit %s is applied, and all of its %d objects are ready", e.ShortRevision, e.Objects.Total))}
	}
	if len(j.problems) == 0 {
		return []Condition{
			j.condition(Ready, Unknown, Progressing, j.pending),
			j.condition(Reconciling, True, Progressing, j.pending),
		}
	}
	p := j.problems[0]
	if i := slices.IndexFunc(j.problems, func(p problem) bool { return p.stalled }); i >= 0 {
		p = j.problems[i]
	}
	ready := j.condition(Ready, False, p.reason, p.message)
	if p.stalled {
		return []Condition{ready, j.condition(Stalled, True, p.reason, p.message)}
	}
	return []Condition{ready, j.condition(Reconciling, True, ProgressingWithRetry, p.message)}
}

// delays are the steps to which the time until the next try is rounded up, so that what a message says stays true, and the same,
// over many tries.
var delays = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
}

// retried says when a failed run is tried again, "" if it is not by itself.
func (j *judge) retried() string {
	if j.in.NextRetry.IsZero() {
		return ""
	}
	wait := j.in.NextRetry.Sub(j.now)
	for _, d := range delays {
		if wait <= d {
			return nextTry + "within " + brief(d)
		}
	}
	return nextTry + "at " + j.in.NextRetry.UTC().Format(time.RFC3339)
}

const nextTry = "; tried again "

// Steady returns a message without the time of the next try: what it says of one failure stays the same then.
func Steady(message string) string {
	message, _, _ = strings.Cut(message, nextTry)
	return message
}

// brief writes a whole duration without its zeros: "5m".
func brief(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

func short(revision string) string {
	if len(revision) > shortSHA {
		return revision[:shortSHA]
	}
	return revision
}
