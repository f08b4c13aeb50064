package main

import (
	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/window"
)

// poolSeen is a pool as people see it: the sentences are those of majordomo explain.
func poolSeen(f fleet.Pool) window.Pool {
	p := agentPool{
		Name: f.Name, Namespace: f.Namespace, Environment: f.Environment, Suspend: f.Suspend, Drain: f.Drain, Floor: (*floor)(f.Floor),
		Spec: f.Spec, Status: f.Status,
	}
	s := f.Status
	least, most := p.bounds()
	out := window.Pool{
		Environment: f.Environment, Namespace: f.Namespace, Name: f.Name, Target: f.Spec.Target.Kind + "/" + f.Spec.Target.Name,
		Jenkins: f.Spec.Jenkins.URL, Labels: f.Spec.Labels, Executors: max(f.Spec.Executors, 1), Priority: f.Spec.Priority.String(),
		State:  poolState(p),
		Queued: s.Queued, Oldest: s.OldestQueued, Busy: s.Busy, Idle: s.Idle, Starting: s.Starting, Draining: s.Draining, Offline: s.Offline,
		Desired: s.Desired, Min: least, Max: most, Replicas: s.Replicas,
		Floor: (*window.Floor)(f.Floor), Decision: decisionSeen(s.Decision), NotDown: p.notDown(), NotUp: p.notUp(), Omitted: s.AgentsOmitted,
		Startups: (*window.Durations)(f.Startups), Waits: (*window.Durations)(f.Waits),
	}
	out.Reason, _ = p.reason()
	for _, c := range s.History {
		out.History = append(out.History, window.Change(c))
	}
	if r := s.Rollout; r != nil {
		out.Rollout = &window.Rollout{Phase: r.Phase, Updated: r.Updated, Total: r.Total, Since: r.Since, Reason: r.Reason}
	}
	for _, a := range s.Agents {
		a.Build = window.Link(a.Build)
		out.Agents = append(out.Agents, window.Agent(a))
	}
	for _, u := range s.Unmatched {
		out.Unmatched = append(out.Unmatched, window.Unmatched(u))
	}
	for _, c := range s.Conditions {
		out.Checks = append(out.Checks, window.Check{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime})
	}
	return out
}

func decisionSeen(d *pool.Decision) *window.Decision {
	if d == nil {
		return nil
	}
	out := &window.Decision{At: d.At, From: d.From, To: d.To, Term: d.Term, Reason: d.Reason, Next: d.Next, Why: d.NextReason, Rests: d.Spec}
	for _, t := range d.Terms {
		out.Terms = append(out.Terms, window.Term(t))
	}
	for _, l := range d.Limits {
		out.Limits = append(out.Limits, window.Limit(l))
	}
	for _, g := range d.Gates {
		out.Gates = append(out.Gates, window.Gate(g))
	}
	return out
}

// poolState is the one word for a pool.
func poolState(p agentPool) string {
	active, reachable, limited := p.condition(pool.ScalingActive), p.condition(pool.JenkinsReachable), p.condition(pool.ScalingLimited)
	refused := active.Status == pool.False
	switch {
	case p.Suspend != "":
		return window.Suspended
	case refused && (active.Reason == pool.Invalid || active.Reason == fleet.ActFailed):
		return window.Stalled
	case p.Drain != "", refused && active.Reason == pool.Emptying:
		return window.Draining
	case active.Status != pool.True, reachable.Status != pool.True:
		return window.Waiting
	case limited.Status == pool.True && limited.Reason != pool.AtMin:
		return window.Limited
	}
	return window.Ready
}
