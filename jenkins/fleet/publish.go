package fleet

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// shown is the status of a pool as it was last written.
type shown struct {
	known  bool // there is one
	status pool.Status
	at     time.Time // when it was written
}

// A status is written at once when anything has changed that people or programs act on, and after a while when only words or times have.
const (
	wordsAfter = 30 * time.Second
	readAfter  = 5 * time.Minute // the time of the last answer alone
)

// publish tells what was found: on the board, in the status of the pool, and as events where something has turned.
func (v *visit) publish(ctx context.Context) {
	p := v.sight.Pool
	before := p.Status
	if v.t.shown.known {
		before = v.t.shown.status
	}
	next := v.status(before).Tidy()
	if v.unseen == nil {
		v.findings(ctx)
	}
	v.f.board.put(v.t, p, next)
	if ctx.Err() != nil || v.t.shown.known && !v.due(before, next) {
		return
	}
	if !v.t.shown.known && reflect.DeepEqual(before.Tidy(), next) {
		v.t.shown = shown{known: true, status: next, at: v.now}
		return
	}
	if err := v.site.client.WriteStatus(ctx, p, next); err != nil {
		v.warn("status not written", err)
		return
	}
	v.t.shown = shown{known: true, status: next, at: v.now}
	v.transitions(ctx, before, next)
}

// due tells whether a status is written now.
func (v *visit) due(before, next pool.Status) bool {
	if !reflect.DeepEqual(plain(before), plain(next)) {
		return true
	}
	age := v.now.Sub(v.t.shown.at)
	a, b := before, next
	a.Jenkins.LastRead, b.Jenkins.LastRead = nil, nil
	return age >= wordsAfter && !reflect.DeepEqual(a, b) || age >= readAfter && !reflect.DeepEqual(before, next) || age < 0
}

// plain is a status without words and times that change by themselves.
func plain(s pool.Status) pool.Status {
	s.Reason, s.OldestQueued, s.Jenkins.LastRead, s.Jenkins.Error, s.History = "", nil, nil, "", nil
	s.Conditions, s.Agents, s.Unmatched = slices.Clone(s.Conditions), slices.Clone(s.Agents), slices.Clone(s.Unmatched)
	for i := range s.Conditions {
		s.Conditions[i].Message = ""
	}
	for i := range s.Agents {
		s.Agents[i].Reason = ""
	}
	for i := range s.Unmatched {
		s.Unmatched[i].Why = ""
	}
	if s.Decision != nil {
		d := pool.Decision{From: s.Decision.From, To: s.Decision.To, Term: s.Decision.Term, Blocked: s.Decision.Blocked, Elsewhere: s.Decision.Elsewhere}
		for _, l := range s.Decision.Limits {
			d.Limits = append(d.Limits, pool.Limit{Name: l.Name, Value: l.Value, Cut: l.Cut})
		}
		for _, g := range s.Decision.Gates {
			d.Gates = append(d.Gates, pool.Gate{Name: g.Name, Open: g.Open})
		}
		s.Decision = &d
	}
	if s.Rollout != nil {
		r := *s.Rollout
		r.Reason = ""
		s.Rollout = &r
	}
	return s
}

// status is what the pool tells now. What was told before is kept where nothing new is known.
func (v *visit) status(before pool.Status) pool.Status {
	p := v.sight.Pool
	s := before
	s.ObservedGeneration, s.Selector, s.Max = p.Generation, cmp.Or(v.sight.Selector, before.Selector), p.Spec.Max
	if v.world.last != nil {
		at := v.world.last.At
		s.Jenkins = pool.Master{Version: v.world.last.Version, User: v.world.last.User, LastRead: &at}
	}
	s.Jenkins.Error = ""
	if v.world.fault != nil {
		s.Jenkins.Error = v.world.fault.Error()
	}
	if v.unseen == nil {
		v.numbers(&s, before)
	}
	s.Conditions = pool.Conditions(before.Conditions, v.now, p.Generation, v.conditions(&s)...)
	return s
}

// numbers fills in what was counted and decided.
func (v *visit) numbers(s *pool.Status, before pool.Status) {
	v.roster.Status(s)
	s.Agents = v.settled(s.Agents)
	s.Queued, s.OldestQueued = v.need.Queued, nil
	if !v.need.Oldest.IsZero() {
		oldest := v.need.Oldest
		s.OldestQueued = &oldest
	}
	s.Desired, s.Min, s.Reason = v.decision.Agents, v.decision.Floor, v.decision.Reason
	s.Rollout, s.Unmatched = v.outcome.Progress, v.world.demand.Unmatched
	if v.roster.Unknown != "" {
		s.Rollout = before.Rollout
	}
	s.Decision = v.decided(before.Decision)
	v.plan.Explain(s)
	if s.Desired != before.Desired && before.Decision != nil || before.Decision == nil && s.Desired > 0 {
		change := pool.Change{At: v.now, From: before.Desired, To: s.Desired, Reason: s.Reason}
		s.History = append([]pool.Change{change}, before.History[:min(len(before.History), pool.MaxHistory-1)]...)
	}
}

// settled leaves out nodes whose pods have just gone: as a rule they go, too, before Jenkins is asked again.
func (v *visit) settled(list []pool.Agent) []pool.Agent {
	seen := map[string]time.Time{}
	for _, a := range v.roster.Agents {
		if a.State != roster.Ghost {
			continue
		}
		at, known := v.t.ghosts[a.Name]
		if !known {
			at = v.now
		}
		seen[a.Name] = at
	}
	v.t.ghosts = seen
	return slices.DeleteFunc(list, func(a pool.Agent) bool { return a.State == string(roster.Ghost) && v.passing(a.Name) })
}

// passing tells whether a node without a pod was first seen a moment ago.
func (v *visit) passing(node string) bool {
	const polls = 2
	return v.now.Sub(v.t.ghosts[node]) < polls*v.f.opts.Poll
}

// decided is the decision as the status has it. It is as old as what it says.
func (v *visit) decided(before *pool.Decision) *pool.Decision {
	d := v.decision
	supply := v.roster.Supply()
	out := &pool.Decision{
		At: v.now, From: supply.Idle + supply.Busy + len(supply.Starting), To: d.Agents, Term: d.Term, Reason: d.Reason, Gates: v.gates,
		NextReason: d.NextReason, Blocked: v.need.Blocked, Elsewhere: v.need.Elsewhere, Spec: d.Spec,
	}
	for _, t := range d.Terms {
		out.Terms = append(out.Terms, pool.Term(t))
	}
	for _, l := range d.Limits {
		out.Limits = append(out.Limits, pool.Limit(l))
	}
	if !d.Next.IsZero() {
		next := d.Next
		out.Next = &next
	}
	if before != nil && before.To == out.To && before.Term == out.Term {
		out.At = before.At
	}
	return out
}

// Reasons of the condition ScalingActive beside those of the pool.
const (
	Unread    = "ClusterUnread" // the cluster does not show what belongs to the pool
	ActFailed = "ActFailed"     // what was decided cannot be carried out
)

// failures is in how many visits in a row something has to fail before the pool says so.
const failures = 3

// conditions says how things are.
func (v *visit) conditions(s *pool.Status) []pool.Condition {
	reachable := pool.Reachable(v.world.fault, s.Jenkins)
	active := v.active(reachable)
	out := []pool.Condition{reachable, active, pool.Limited(s.Decision)}
	return append(out, pool.Summary(s.Reason, out...))
}

// active says whether decisions are made and carried out.
func (v *visit) active(reachable pool.Condition) pool.Condition {
	p := v.sight.Pool
	refused, is := pool.Refused(v.sight.Problems)
	switch {
	case v.unseen != nil:
		return pool.Inactive(Unread, v.unseen.Error())
	case is:
		return refused
	case v.suspended():
		return pool.Inactive(pool.Suspended, "suspended: "+p.Annotations[pool.Suspend])
	case p.Deleting:
		return pool.Inactive(pool.Emptying, "the AgentPool is being deleted; its agents go once they are idle")
	case emptied(p):
		return pool.Inactive(pool.Emptying, "the pool is drained: "+p.Annotations[pool.DrainPool])
	case reachable.Status != pool.True:
		return pool.Inactive(reachable.Reason, "all agents stay as they are: "+reachable.Message)
	case v.roster.Unknown != "":
		return pool.Inactive(Unread, "all agents stay as they are: "+v.roster.Unknown)
	case v.world.demand.Unknown != "":
		return pool.Inactive(pool.QuietingIn, "all agents stay as they are: "+v.world.demand.Unknown)
	case v.t.failing >= failures:
		return pool.Inactive(ActFailed, strings.Join(v.t.warned[:min(len(v.t.warned), 3)], "; "))
	}
	return pool.Active(v.decision.Reason)
}
