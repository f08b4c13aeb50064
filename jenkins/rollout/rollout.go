// Package rollout decides which agents are replaced by fresh ones: after a change of the template, with age, and when their pool goes.
package rollout

import (
	"cmp"
	"slices"
	"time"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// Input is all that a rollout knows.
type Input struct {
	Now    time.Time
	Pool   *pool.Pool
	Target drain.Target
	Agents []roster.Agent
}

// Outcome is what is to be done, and how far the rollout is.
type Outcome struct {
	Wishes   []drain.Wish
	Progress *pool.Progress // nil if the template is not majordomo's
	Action   Action
	Next     time.Time // when the outcome changes by itself, zero for never
}

// Action is what the target needs besides. The zero value is nothing.
type Action struct {
	RollBack string // hash of the template that failed its canary: it goes into the annotation pool.RolledBack
	To       string // hash of the template to write back
	Reason   string
}

// State is how far a rollout has come. It is a value: Next does not change the one it gets. The zero value is before the first.
type State struct {
	Template string    `json:"template,omitempty"` // that is rolled out
	Good     string    `json:"good,omitempty"`     // the last one that all agents had, and came up with
	Since    time.Time `json:"since,omitzero"`
	Step     time.Time `json:"step,omitzero"`    // when agents were last marked or went
	Marked   []string  `json:"marked,omitempty"` // UIDs of the agents that were on their way out
	Broken   []string  `json:"broken,omitempty"` // UIDs of the agents of the template that did not come up
	Debt     int       `json:"debt,omitempty"`   // agents that went and whose successors have not registered
	Counted  time.Time `json:"counted,omitzero"` // up to when registrations are counted against the debt
	Passed   []string  `json:"passed,omitempty"` // UIDs of canaries that finished a build
	Trouble  time.Time `json:"trouble,omitzero"` // since when canaries do not come up
	Why      string    `json:"why,omitempty"`    // of the last canary that failed
	Canaries bool      `json:"canary,omitempty"` // the canary is not over
}

// The phases.
const (
	Canary      = "Canary"
	Progressing = "Progressing"
	Complete    = "Complete"
	RolledBack  = "RolledBack"
	Blocked     = "Blocked"
)

// stepping is one decision in the making.
type stepping struct {
	in       Input
	s        State
	out      Outcome
	updated  []*roster.Agent
	outdated []*roster.Agent
	leaving  int // marked since they are outdated
	slots    int // agents that may become unavailable now
}

// Next decides which agents go now, and returns it with how far that is.
func Next(s State, in Input) (Outcome, State) {
	r := &stepping{in: in, s: s}
	if drained(in.Pool) {
		r.abandon()
		return r.out, s
	}
	if in.Target.Template != "" {
		r.sort()
		r.begin()
		r.account()
		r.progress()
	}
	r.recycle()
	return r.out, r.s
}

// drained tells whether the pool is to be emptied.
func drained(p *pool.Pool) bool { return p.Deleting || p.Annotations[pool.DrainPool] != "" }

// abandon wishes all agents away: they finish the build that they have.
func (r *stepping) abandon() {
	reason := "the AgentPool is being deleted"
	if !r.in.Pool.Deleting {
		reason = "the pool is drained: " + r.in.Pool.Annotations[pool.DrainPool]
	}
	for _, a := range r.in.Agents {
		if a.Active() {
			r.out.Wishes = append(r.out.Wishes, drain.Wish{Agent: a.Name, Cause: drain.Abandon, Reason: reason, Busy: true})
		}
	}
}

// unavailable is how many agents may be replaced at a time.
func (r *stepping) unavailable() int { return max(1, r.in.Pool.Spec.Rollout.MaxUnavailable) }

// sort sets apart the agents that have the template of the target.
func (r *stepping) sort() {
	for i := range r.in.Agents {
		a := &r.in.Agents[i]
		switch {
		case !a.Active():
		case drain.Outdated(*a, r.in.Target):
			r.outdated = append(r.outdated, a)
		default:
			r.updated = append(r.updated, a)
		}
	}
}

// begin starts over when the target has got another template.
func (r *stepping) begin() {
	if r.s.Template == r.in.Target.Template {
		return
	}
	good := cmp.Or(r.s.Good, r.common())
	r.s = State{Template: r.in.Target.Template, Good: good, Since: r.in.Now, Counted: r.in.Now, Why: r.s.Why}
	r.s.Canaries = r.in.Pool.Spec.Rollout.Canary > 0 && good != "" && good != r.s.Template
	if r.in.Target.RolledBack == "" {
		r.s.Why = ""
	}
}

// common returns the template that most agents have that came up, "" if none did. It is what is gone back to where it was not noted.
func (r *stepping) common() string {
	count := map[string]int{}
	best := ""
	for _, a := range r.outdated {
		if a.Registered.IsZero() {
			continue
		}
		t := a.Pod.Template
		if count[t]++; count[t] > count[best] || count[t] == count[best] && t < best {
			best = t
		}
	}
	return best
}

// account notes which agents are on their way out, which have gone, and which of their successors have come, and from that how many may
// become unavailable now.
func (r *stepping) account() {
	r.gone()
	r.miss()
	starting := r.came()
	period := cmp.Or(time.Duration(r.in.Pool.Spec.Rollout.UpdatePeriod), 10*time.Second)
	if r.s.Debt < 0 || starting == 0 && r.owed() == 0 && r.in.Now.Sub(r.s.Step) >= period {
		r.s.Debt = 0 // nobody is on the way: fewer agents are wanted now
	}
	r.slots = max(0, r.unavailable()-r.leaving-r.s.Debt)
	if next := r.s.Step.Add(period); r.slots > 0 && r.in.Now.Before(next) {
		r.slots = 0
		r.out.Next = next
	}
}

// gone notes which agents are marked for an update, and which of those that were are gone.
func (r *stepping) gone() {
	var marked []string
	there := map[string]bool{}
	for i := range r.in.Agents {
		a := &r.in.Agents[i]
		outdated := a.Active() && drain.Outdated(*a, r.in.Target)
		if outdated {
			there[a.Pod.UID] = true
		}
		if cause, _ := drain.Parse(mark(*a)); !a.Active() || !a.Marked() || cause != drain.Update {
			continue
		}
		if outdated {
			marked = append(marked, a.Pod.UID)
		}
		if !a.Registered.IsZero() { // otherwise it was not available anyway
			r.leaving++
		}
	}
	slices.Sort(marked)
	for _, uid := range r.s.Marked {
		if !there[uid] {
			r.s.Debt++
		}
	}
	if !slices.Equal(marked, r.s.Marked) {
		r.s.Marked, r.s.Step = marked, r.in.Now
	}
}

// came counts the new agents that have registered against those that went, and returns how many are starting.
func (r *stepping) came() int {
	starting, last := 0, r.s.Counted
	for _, a := range r.updated {
		switch {
		case a.State == roster.Starting:
			starting++
		case a.Registered.After(r.s.Counted):
			r.s.Debt--
			if a.Registered.After(last) {
				last = a.Registered
			}
		}
	}
	r.s.Counted = last
	return starting
}

// miss notes the agents of the present template that do not come up. The one that takes the place of such a one has to come up as well before the
// next goes.
func (r *stepping) miss() {
	there := map[string]bool{}
	var broken []string
	for _, a := range r.updated {
		there[a.Pod.UID] = true
		if a.State == roster.Failed || a.Marked() && a.Registered.IsZero() {
			broken = append(broken, a.Pod.UID)
		}
	}
	for _, uid := range r.s.Broken {
		if !there[uid] {
			r.s.Debt++
		}
	}
	slices.Sort(broken)
	r.s.Broken = broken
}

// broken returns an agent of the present template that does not come up, nil if there is none.
func (r *stepping) broken() *roster.Agent {
	for _, a := range r.updated {
		if a.State == roster.Failed {
			return a
		}
	}
	return nil
}

// wish wishes an outdated agent away.
func (r *stepping) wish(a *roster.Agent, reason string, busy, dead bool) {
	r.out.Wishes = append(r.out.Wishes, drain.Wish{Agent: a.Name, Cause: drain.Update, Reason: reason, Busy: busy, Dead: dead})
}
