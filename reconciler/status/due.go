package status

import (
	"cmp"
	"time"
)

// Due returns the first moment after now at which the status becomes another one though nothing happens, zero if there is none: somebody has
// to look then. patience is that of the Report.
func (e Environment) Due(now time.Time, patience time.Duration) time.Time {
	var due time.Time
	soon := func(at time.Time) {
		if at.After(now) && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	if c, _ := e.Condition(SourceReady); c.Status == False {
		soon(c.LastTransitionTime.Add(stallAfter))
	}
	if c, _ := e.Condition(Healthy); c.Status == Unknown {
		since := c.LastTransitionTime
		if e.LastSync != nil && e.LastSync.Time.After(since) {
			since = e.LastSync.Time
		}
		soon(since.Add(cmp.Or(patience, DefaultPatience)))
	}
	return due
}
