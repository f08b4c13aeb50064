package notice

import (
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// Mark is the status of a commit in one environment.
type Mark struct {
	Environment string
	Revision    string
	State       MarkState
	Text        string
}

// MarkState is how a commit fares.
type MarkState string

// The states of a commit.
const (
	Pending  MarkState = "pending"
	Success  MarkState = "success"
	Failure  MarkState = "failure"
	Overtook MarkState = "overtaken" // a newer commit came before this one was applied
)

// marks adds the status of commits that has changed. What is too much for now is left for later.
func (t *Teller) marks(s window.State, now time.Time, told *Told) {
	for _, e := range s.Environments {
		if !t.sink.Covers(e.Name) {
			continue
		}
		mark, ok := markOf(e, s.Source)
		if !ok {
			continue
		}
		was := t.said[e.Name].Cause
		commit, rest, _ := strings.Cut(was, " ")
		before, _, _ := strings.Cut(rest, " ")
		switch {
		case mark.cause() == was, commit == mark.Revision && MarkState(before) == Success:
			continue // a commit that has arrived has arrived: what becomes of its objects later is not its doing
		case t.bucket.free(now) < 2:
			told.Next = earlier(told.Next, now.Add(2*t.bucket.every))
			return
		}
		if commit != "" && commit != mark.Revision && MarkState(before) == Pending {
			told.Items = append(told.Items, t.mark(Mark{e.Name, commit, Overtook, "commit " + short(mark.Revision) + " came before this one was applied"}, now))
		}
		told.Items = append(told.Items, t.mark(mark, now))
	}
}

func (t *Teller) mark(m Mark, now time.Time) Item {
	says := Said{Cause: m.cause(), At: now}
	t.bucket.take(now, 1)
	t.remember(m.Environment, says)
	return Item{Key: m.Environment + "/" + m.Revision, Mark: &m, Said: map[string]Said{m.Environment: says}}
}

// cause is what was said, less the time of the next try.
func (m Mark) cause() string {
	return m.Revision + " " + string(m.State) + " " + status.Steady(m.Text)
}

// markOf returns how the newest commit of the branch fares in an environment.
func markOf(e window.Environment, s window.Source) (Mark, bool) {
	m := Mark{Environment: e.Name, Revision: s.Revision, State: Pending}
	if s.Refused != "" {
		m.Revision, m.State, m.Text = s.Refused, Failure, clean(s.Error)
		return m, true
	}
	if m.Revision == "" {
		return m, false
	}
	st := status.Environment{Conditions: e.Checks}
	ready, _ := st.Condition(status.Ready)
	m.Text = clean(ready.Message)
	suspended, _ := st.Condition(status.Suspended)
	switch {
	case suspended.Status == status.True:
		m.Text = clean(suspended.Message)
	case e.Seen != m.Revision && ready.Reason == status.ClusterUnreachable:
	case e.Seen != m.Revision:
		m.Text = "commit " + short(m.Revision) + " is not applied yet"
	case e.Followed != m.Revision:
		m.State, m.Text = Failure, "rolled back by hand to commit "+short(e.Followed)
	case e.Held != nil:
		m.Text = clean(e.Held.Reason)
	case st.Is(status.Stalled):
		m.State = Failure
	case ready.Status == status.True && e.Revision != m.Revision:
		m.State, m.Text = Success, "nothing changes here; commit "+short(e.Revision)+" stays in force"
	case ready.Status == status.True:
		m.State = Success
	}
	return m, true
}
