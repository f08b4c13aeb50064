// Package heal finds what is wrong with agents, and decides which of them are replaced.
package heal

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/roster"
)

// Rule is what was found, in the words of Events.
type Rule string

// The rules.
const (
	Ended        Rule = "PodEnded"            // evicted, preempted, or over for another reason
	Image        Rule = "ImageUnavailable"    // its image cannot be had
	Setup        Rule = "ContainerNotCreated" // a Secret is missing, the command does not exist
	Crash        Rule = "CrashLoop"           // its container ends again and again
	Place        Rule = "Unschedulable"       // no node of the cluster takes it
	Unregistered Rule = "NeverRegistered"     // it runs, and Jenkins has not heard of it in time
	Lost         Rule = "ConnectionLost"      // it runs, and Jenkins has no connection to it: frozen, cut off, or forgotten
	Monitor      Rule = "MonitorOffline"      // a monitor of Jenkins took it offline: disk full, clock wrong
	Person       Rule = "TakenOffline"        // a person took it offline
	Ghost        Rule = "GhostNode"           // a node of Jenkins without a pod
	Differs      Rule = "AgentDiffers"        // it serves, but not as the pool says
	Unmatched    Rule = "AgentUnmatched"      // it may be known to Jenkins under a name that does not tell its pod
)

// Limits bound what is done.
type Limits struct {
	Kind           string // of the target
	MaxUnavailable int    // agents replaced at a time, 1 if less
}

// Finding is something that is wrong with an agent.
type Finding struct {
	Rule    Rule
	Agent   string
	Reason  string    // one sentence
	Warning bool      // otherwise it is only said
	Next    time.Time // before when nothing is done about it, zero for nothing to wait for
}

// Report is what was found, and what follows.
type Report struct {
	Wishes   []drain.Wish
	Findings []Finding // by agent
	Blocked  string    // why no further agent can come up, "" if they can
	Next     time.Time // when the report changes by itself, zero for never
}

// Memory is what replacing agents has come to so far. It is a value; the zero value has replaced none.
type Memory struct {
	Trying []string  `json:"trying,omitempty"` // UIDs of pods that did not come up and are to be replaced
	Streak int       `json:"streak,omitempty"` // how many were replaced since an agent came up last
	Last   time.Time `json:"last,omitzero"`    // when the last of them went
	Why    string    `json:"why,omitempty"`    // what was wrong with it
}

// Times.
const (
	patience = 5 * time.Minute // in which a pod that does not come up may still do so by itself
	pause    = time.Minute     // after the first replacement, doubled for each further one
	longest  = 30 * time.Minute
	settled  = 30 * time.Second // after which a pod without a place counts
)

// checking is one report in the making.
type checking struct {
	r      roster.Roster
	l      Limits
	m      Memory
	now    time.Time
	out    Report
	budget int // agents that may be taken on now
}

// Check finds what is wrong with the agents, and wishes those away that a fresh one can replace, a few at a time. What does not come up is
// replaced ever more slowly, and not at all while no agent made from the same template came up since.
func Check(r roster.Roster, l Limits, m Memory, now time.Time) (Report, Memory) {
	c := &checking{r: r, l: l, m: m, now: now, budget: max(1, l.MaxUnavailable)}
	c.account()
	for i := range r.Agents {
		a := &r.Agents[i]
		if a.Marked() {
			if cause, _ := drain.Parse(a.Pod.Drain); cause == drain.Heal && a.Active() {
				c.budget--
			}
		}
	}
	for i := range r.Agents {
		c.agent(&r.Agents[i])
	}
	if until := c.until(); c.out.Blocked == "" && c.m.Streak > 0 && now.Before(until) {
		c.out.Blocked = fmt.Sprintf("the last %d agents did not come up (%s); the next is tried at %s", c.m.Streak, c.m.Why, until.UTC().Format(time.TimeOnly))
		c.due(until)
	}
	return c.out, c.m
}

// account brings the memory up to date: an agent that came up ends the streak, one that was replaced makes it longer.
func (c *checking) account() {
	came, there := false, map[string]bool{}
	for _, a := range c.r.Agents {
		came = came || c.m.Streak > 0 && a.Registered.After(c.m.Last)
		if a.Active() {
			there[a.Pod.UID] = true
		}
	}
	if came {
		c.m.Streak, c.m.Why = 0, ""
	}
	c.m.Trying = slices.DeleteFunc(slices.Clone(c.m.Trying), func(uid string) bool {
		if !there[uid] {
			c.m.Streak, c.m.Last = c.m.Streak+1, c.now
		}
		return !there[uid]
	})
}

// until is when the next agent that does not come up may be replaced.
func (c *checking) until() time.Time {
	if c.m.Streak == 0 {
		return time.Time{}
	}
	return c.m.Last.Add(doubled(pause, c.m.Streak-1))
}

// doubled doubles a time so many times, up to the longest pause.
func doubled(d time.Duration, times int) time.Duration {
	for range times {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return d
}

func (c *checking) due(at time.Time) {
	if at.After(c.now) && (c.out.Next.IsZero() || at.Before(c.out.Next)) {
		c.out.Next = at
	}
}

func (c *checking) find(rule Rule, a *roster.Agent, warning bool, next time.Time) {
	if !next.After(c.now) {
		next = time.Time{}
	}
	c.due(next)
	c.out.Findings = append(c.out.Findings, Finding{Rule: rule, Agent: a.Name, Reason: cmp.Or(a.Unsure, a.Reason), Warning: warning, Next: next})
}

func (c *checking) wish(a *roster.Agent, dead bool) {
	c.out.Wishes = append(c.out.Wishes, drain.Wish{Agent: a.Name, Cause: drain.Heal, Reason: a.Reason, Dead: dead})
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
