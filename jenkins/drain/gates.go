package drain

import (
	"fmt"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// The gates.
const (
	Active   = "active"   // the pool is not suspended
	Complete = "complete" // Jenkins answers, to an account that it knows
	Fresh    = "fresh"    // the answer is new
	Agree    = "agree"    // two answers in a row are of the same Jenkins to the same account
	Calm     = "calm"     // nothing is expected back after a start
	Open     = "open"     // Jenkins is not about to shut down
	Resumed  = "resumed"  // no pipeline waits for an agent of the pool
)

// Sight is what there is to see of Jenkins at one moment.
type Sight struct {
	Now      time.Time
	Poll     time.Duration // how often Jenkins is asked
	Pool     *pool.Pool
	Snapshot *jenkins.Snapshot // the last good answer, nil if there never was one
	Before   *jenkins.Snapshot // the good one before that, nil if this process has seen but one
	Roster   roster.Roster
}

// Gates are the conditions under which agents may be marked and removed, in the order in which they are shown. One that is shut keeps all
// agents that there are.
func Gates(s Sight) []pool.Gate {
	shut := map[string]string{
		Active: s.active(), Complete: s.complete(), Fresh: s.fresh(), Agree: s.agree(), Calm: s.Roster.Settling, Open: s.open(), Resumed: s.resumed(),
	}
	var out []pool.Gate
	for _, g := range []pool.Gate{
		{Name: Active, Reason: "the pool is not suspended"},
		{Name: Complete, Reason: "Jenkins answers" + s.as()},
		{Name: Fresh, Reason: "the answer is new"},
		{Name: Agree, Reason: "two answers in a row agree"},
		{Name: Calm, Reason: "no agent or build is expected back after a restart"},
		{Name: Open, Reason: "Jenkins is not about to shut down"},
		{Name: Resumed, Reason: "no pipeline waits for an agent to come back"},
	} {
		g.Open = shut[g.Name] == ""
		if !g.Open {
			g.Reason = shut[g.Name]
		}
		out = append(out, g)
	}
	return out
}

func (s Sight) as() string {
	if s.Snapshot == nil || s.Snapshot.User == "" {
		return ""
	}
	return " to " + s.Snapshot.User
}

func (s Sight) active() string {
	if why := s.Pool.Annotations[pool.Suspend]; why != "" {
		return "the pool is suspended: " + why
	}
	return ""
}

func (s Sight) complete() string {
	switch {
	case s.Roster.Unknown != "":
		return s.Roster.Unknown
	case s.Snapshot == nil:
		return "Jenkins has not been read yet"
	case s.Snapshot.User == "" || s.Snapshot.User == "anonymous":
		return "Jenkins does not know who is asking, and may not show all"
	}
	return ""
}

func (s Sight) fresh() string {
	const polls = 2
	if s.Snapshot == nil {
		return "Jenkins has not been read yet"
	}
	if age := s.Now.Sub(s.Snapshot.At); age > polls*s.Poll {
		return fmt.Sprintf("the last answer of Jenkins is older than %s", polls*s.Poll)
	}
	return ""
}

func (s Sight) agree() string {
	const polls = 4
	switch {
	case s.Snapshot == nil || s.Before == nil || !s.Before.At.Before(s.Snapshot.At):
		return "Jenkins has been read only once so far"
	case s.Before.Session != s.Snapshot.Session:
		return "Jenkins has restarted since it was read last"
	case s.Before.User != s.Snapshot.User:
		return fmt.Sprintf("Jenkins answered to %s before and to %s now", s.Before.User, s.Snapshot.User)
	case s.Snapshot.At.Sub(s.Before.At) > polls*s.Poll:
		return fmt.Sprintf("the last two answers of Jenkins are more than %s apart", polls*s.Poll)
	}
	return ""
}

func (s Sight) open() string {
	if s.Snapshot == nil || !s.Snapshot.QuietingDown {
		return ""
	}
	if s.Snapshot.QuietReason != "" {
		return "Jenkins is about to shut down: " + s.Snapshot.QuietReason
	}
	return "Jenkins is about to shut down"
}

func (s Sight) resumed() string {
	for _, a := range s.Roster.Agents {
		if a.Resuming {
			return fmt.Sprintf("a pipeline waits for agent %s to go on there", a.Name)
		}
	}
	return ""
}
