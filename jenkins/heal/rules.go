package heal

import (
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins/roster"
)

// agent applies the rules to one agent.
func (c *checking) agent(a *roster.Agent) {
	switch a.State {
	case roster.Failed:
		c.failed(a)
	case roster.Starting:
		c.starting(a)
	case roster.Lost:
		c.replace(Lost, a, later(a.Since, c.r.Known).Add(roster.Resume))
	case roster.Offline:
		c.offline(a)
	case roster.Ghost:
		c.ghost(a)
	case roster.Idle, roster.Busy:
		if a.Reason != "" {
			c.find(Differs, a, true, time.Time{})
		}
	case roster.Draining, roster.Terminating:
	}
}

// failed deals with agents whose pod cannot run, or has not registered.
func (c *checking) failed(a *roster.Agent) {
	if a.Pod.Ended() {
		// The controller has made a new pod already, and leaves this one behind. Only that of a StatefulSet deletes it itself.
		c.find(Ended, a, true, time.Time{})
		if c.l.Kind != "StatefulSet" {
			c.wish(a, true)
		}
		return
	}
	rule, after := Unregistered, time.Time{}
	switch a.Pod.Trouble() {
	case roster.Image:
		rule = Image
	case roster.Setup:
		rule = Setup
	case roster.Crash:
		rule = Crash
	case roster.Place, roster.Nothing:
	}
	if rule != Unregistered {
		after = later(a.Since, c.r.Known).Add(doubled(patience, c.m.Streak))
	}
	if c.alone(a) {
		c.block(rule, a)
	}
	if a.Unsure != "" {
		c.find(Unmatched, a, true, time.Time{})
		return
	}
	c.start(rule, a, later(after, c.until()))
}

// alone tells whether no agent made from the same template has come up since this one was made: then none will.
func (c *checking) alone(a *roster.Agent) bool {
	return !slices.ContainsFunc(c.r.Agents, func(o roster.Agent) bool {
		return o.Pod != nil && o.Pod.Template == a.Pod.Template && o.Registered.After(a.Pod.Created)
	})
}

// block notes why no further agent can come up.
func (c *checking) block(rule Rule, a *roster.Agent) {
	if c.out.Blocked == "" {
		c.out.Blocked = fmt.Sprintf("%s: agent %s does not come up: %s", rule, a.Name, a.Reason)
	}
}

// start replaces an agent that did not come up, once its time has come.
func (c *checking) start(rule Rule, a *roster.Agent, at time.Time) {
	if slices.Contains(c.m.Trying, a.Pod.UID) {
		at = c.now
	}
	if c.now.Before(at) || c.budget <= 0 {
		c.find(rule, a, true, at)
		return
	}
	c.budget--
	if !slices.Contains(c.m.Trying, a.Pod.UID) {
		c.m.Trying, c.m.Why = append(c.m.Trying, a.Pod.UID), string(rule)
	}
	c.find(rule, a, true, at)
	c.wish(a, a.Pod.NeverRan)
}

// replace wishes an agent away once its time has come.
func (c *checking) replace(rule Rule, a *roster.Agent, at time.Time) {
	c.find(rule, a, true, at)
	if !c.now.Before(at) && c.budget > 0 {
		c.budget--
		c.wish(a, false)
	}
}

// starting deals with agents that no node of the cluster takes. A new pod would not fare better: they wait, and no more are started.
func (c *checking) starting(a *roster.Agent) {
	if a.Pod.Trouble() != roster.Place {
		return
	}
	if at := a.Pod.Created.Add(settled); c.now.Before(at) {
		c.due(at)
		return
	}
	c.find(Place, a, true, time.Time{})
	c.block(Place, a)
}

// offline deals with agents that were taken offline: by a monitor of Jenkins, which a fresh agent mends, or by a person, who knows why.
func (c *checking) offline(a *roster.Agent) {
	switch {
	case a.Computer.Monitored():
		c.replace(Monitor, a, c.now)
	case roster.Ours(*a.Computer): // it is brought back at once
	default:
		c.find(Person, a, false, time.Time{})
	}
}

// ghost deals with nodes of Jenkins that have no pod. One with a build stays: a pipeline waits there, and deleting the node would end it.
func (c *checking) ghost(a *roster.Agent) {
	if a.Computer.Connected || roster.Working(*a.Computer) || a.Resuming {
		c.find(Ghost, a, false, time.Time{})
		return
	}
	at := later(a.Since, c.r.Known).Add(roster.Resume)
	c.find(Ghost, a, false, at)
	if !c.now.Before(at) {
		c.wish(a, true)
	}
}
