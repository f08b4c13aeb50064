package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// progress takes the next step, and says how far things are.
func (r *stepping) progress() {
	p := &pool.Progress{
		Template: r.s.Template, Phase: Progressing, Updated: len(r.updated), Total: len(r.updated) + len(r.outdated), Since: r.s.Since,
	}
	r.out.Progress = p
	r.test()
	back := r.in.Target.RolledBack != "" && r.in.Target.RolledBack != r.s.Template
	switch {
	case r.out.Action.RollBack != "":
		p.Phase, p.Reason = RolledBack, r.out.Action.Reason
		return
	case r.s.Canaries:
		p.Phase, p.Reason = Canary, r.canary()
	case len(r.outdated) == 0:
		p.Phase = Complete
		r.complete()
	case r.in.Target.Rolls:
		p.Phase = Blocked
		p.Reason = fmt.Sprintf("%s %s replaces its pods by itself, whether they have a build or not; a ReplicaSet, a ReplicationController, or a StatefulSet with "+
			"updateStrategy OnDelete leaves that to Majordomo", r.in.Target.Kind, r.in.Target.Name)
	default:
		p.Reason = r.advance(r.slots)
		if r.broken() != nil && r.slots == 0 && r.leaving == 0 {
			p.Phase = Blocked
		}
	}
	if back {
		p.Phase = RolledBack
		p.Reason = cmp.Or(r.s.Why, fmt.Sprintf("template %s failed its canary", r.in.Target.RolledBack))
	}
}

// complete notes that all agents have the template, and came up with it.
func (r *stepping) complete() {
	for _, a := range r.updated {
		if a.Registered.IsZero() {
			return
		}
	}
	if len(r.updated) > 0 {
		r.s.Good = r.s.Template
	}
}

// test looks at the canaries: whether they have proven the template, or that it does not work.
func (r *stepping) test() {
	if !r.s.Canaries {
		return
	}
	up := false
	for _, a := range r.updated {
		up = up || !a.Registered.IsZero()
		if a.Finished > 0 && !slices.Contains(r.s.Passed, a.Pod.UID) {
			r.s.Passed = append(slices.Clone(r.s.Passed), a.Pod.UID)
		}
	}
	if len(r.s.Passed) >= r.wanted() {
		r.s.Canaries, r.s.Passed, r.s.Trouble = false, nil, time.Time{}
		return
	}
	bad := r.broken()
	switch {
	case bad == nil || bad.Pod.Ended():
		if up {
			r.s.Trouble = time.Time{}
		}
		return
	case r.s.Trouble.IsZero():
		r.s.Trouble = r.in.Now
	}
	const crashes = 3
	limit := cmp.Or(time.Duration(r.in.Pool.Spec.StartupTimeout), roster.Startup)
	trouble := bad.Pod.Trouble()
	failed := trouble == roster.Nothing || trouble == roster.Crash && bad.Pod.Restarts >= crashes || r.in.Now.Sub(r.s.Trouble) >= limit
	if !failed {
		r.out.Next = r.s.Trouble.Add(limit)
		return
	}
	r.s.Why = fmt.Sprintf("template %s failed its canary, agent %s: %s; back to template %s", r.s.Template, bad.Name, bad.Reason, r.s.Good)
	r.out.Action = Action{RollBack: r.s.Template, To: r.s.Good, Reason: r.s.Why}
}

// wanted is how many canaries have to finish a build: no more than there are agents.
func (r *stepping) wanted() int {
	return min(r.in.Pool.Spec.Rollout.Canary, max(1, len(r.updated)+len(r.outdated)))
}

// canary replaces as many agents as have to prove the template.
func (r *stepping) canary() string {
	if r.in.Target.Rolls {
		return fmt.Sprintf("%s %s replaces its pods by itself and waits for no canary", r.in.Target.Kind, r.in.Target.Name)
	}
	short := r.wanted() - len(r.updated) - r.leaving - max(r.s.Debt, r.owed())
	if short > 0 && len(r.outdated) > 0 {
		return r.advance(min(r.slots, short))
	}
	if bad := r.broken(); bad != nil {
		return fmt.Sprintf("agent %s does not come up: %s", bad.Name, bad.Reason)
	}
	working := 0
	for _, a := range r.updated {
		if a.State == roster.Busy {
			working++
		}
	}
	return fmt.Sprintf("%d of %d canaries have finished a build, %d have one now; the others follow once all have", len(r.s.Passed), r.wanted(), working)
}

// owed is how many pods the controller has yet to make: the one that takes a canary's place is a canary, too.
func (r *stepping) owed() int {
	return max(0, r.in.Target.Replicas-len(r.updated)-len(r.outdated))
}

// advance wishes as many outdated agents away as there are slots: those that never ran, which may go at any time, idle ones, and only when
// no other is left, those with a build. It says what it waits for.
func (r *stepping) advance(slots int) string {
	reason := fmt.Sprintf("template %s takes the place of the one that it was made from", r.s.Template)
	var idle, busy []*roster.Agent
	other := 0
	for _, a := range r.outdated {
		switch {
		case a.Marked() || a.Resuming:
		case a.Pod.NeverRan && a.Computer == nil && (!r.s.Canaries || slots > 0):
			r.wish(a, reason, false, true)
			if r.s.Canaries {
				slots--
			}
		case a.State == roster.Failed && !a.Pod.Ended() && !r.s.Canaries:
			r.wish(a, reason, false, false)
			other++
		case a.State == roster.Idle:
			idle = append(idle, a)
		case a.State == roster.Busy:
			busy = append(busy, a)
		default:
			other++
		}
	}
	bySince := func(a, b *roster.Agent) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name)) }
	slices.SortFunc(idle, bySince)
	slices.SortFunc(busy, bySince)
	if n := len(r.s.Broken); n > 0 && !r.s.Canaries {
		slots = min(slots, max(0, r.unavailable()-r.leaving-r.s.Debt-n))
	}
	for _, a := range idle[:max(0, min(slots, len(idle)))] {
		r.wish(a, reason, false, false)
	}
	if len(idle) == 0 {
		for _, a := range busy[:max(0, min(slots, len(busy)))] {
			r.wish(a, reason, true, false)
		}
	}
	return r.waiting(len(idle), len(busy), other)
}

// waiting says what is left to do, and why it is not done at once.
func (r *stepping) waiting(idle, busy, other int) string {
	left := fmt.Sprintf("%d agents have an older template (%d idle, %d busy, %d on their way out, %d starting or offline)",
		len(r.outdated), idle, busy, r.leaving, other)
	if bad := r.broken(); bad != nil {
		return fmt.Sprintf("%s; agent %s, which has the present one, does not come up: %s", left, bad.Name, bad.Reason)
	}
	switch {
	case r.s.Debt > 0:
		return left + "; a new one has to register first"
	case r.leaving >= r.unavailable():
		return left + fmt.Sprintf("; %d at a time are replaced", r.unavailable())
	}
	return left
}

// recycle wishes agents away that have had their builds, which take no further one, and those that are old, once they are idle.
func (r *stepping) recycle() {
	c := r.in.Pool.Spec.Recycle
	if c == nil {
		return
	}
	leaving := 0
	for _, a := range r.in.Agents {
		if cause, _ := drain.Parse(mark(a)); a.Active() && a.Marked() && cause == drain.Recycled {
			leaving++
		}
	}
	old := slices.Clone(r.in.Agents)
	slices.SortStableFunc(old, func(a, b roster.Agent) int { return created(a).Compare(created(b)) })
	for _, a := range old {
		age := time.Duration(c.Age)
		switch {
		case !a.Active() || a.Marked() || a.State != roster.Idle && a.State != roster.Busy:
		case c.Builds > 0 && a.Builds >= c.Builds:
			r.out.Wishes = append(r.out.Wishes, drain.Wish{
				Agent: a.Name, Cause: drain.Recycled, Busy: true, Reason: fmt.Sprintf("it has had its builds: a fresh agent takes over after %d", c.Builds),
			})
		case age > 0 && a.State == roster.Idle && r.in.Now.Sub(a.Pod.Created) >= age && leaving < r.unavailable():
			leaving++
			r.out.Wishes = append(r.out.Wishes, drain.Wish{
				Agent: a.Name, Cause: drain.Recycled, Reason: fmt.Sprintf("it is idle and older than %s", age),
			})
		}
	}
}

func mark(a roster.Agent) string {
	if a.Pod == nil {
		return ""
	}
	return a.Pod.Drain
}

func created(a roster.Agent) time.Time {
	if a.Pod == nil {
		return time.Time{}
	}
	return a.Pod.Created
}
