package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rest"
	"majordomo.dev/jenkins/roster"
)

// acting carries out one plan.
type acting struct {
	*visit
	failed map[string]bool // agents about which nothing more is done
	held   string          // why nothing is stopped any more, "" if it may be
	live   drain.Live      // as read from the servers themselves
	read   time.Time       // when, zero if what was read does not count any more
}

// act carries out the plan, step by step. What fails for one agent ends what is done about that one.
func (v *visit) act(ctx context.Context) {
	a := &acting{visit: v, failed: map[string]bool{}}
	for _, s := range v.plan.Steps {
		if ctx.Err() != nil {
			return
		}
		if a.failed[s.Agent] && s.Agent != "" || !a.may(ctx, s) {
			a.failed[s.Agent] = true
			continue
		}
		began := v.f.opts.Now()
		err := a.do(ctx, s)
		v.spent(s, began, err)
		if err != nil {
			a.fail(s, err)
			continue
		}
		v.did(ctx, s)
	}
}

// may tells whether a step can be done now. What stops or brings back an agent is looked at once more, in the servers themselves.
func (a *acting) may(ctx context.Context, s drain.Step) bool {
	looks := s.Looks(a.sight.Target)
	stops := looks && s.Op != drain.Unmark && s.Op != drain.Unpark && !a.keeps(s)
	switch {
	case !a.world.fresh && (stops || s.Op == drain.Mark || s.Op == drain.Park):
		return false // on the strength of an old answer agents only start
	case !looks:
		return true
	case a.held != "":
		return false
	}
	why, err := a.verify(ctx, s)
	if err != nil {
		a.held = err.Error()
		a.warn("nothing stopped: the last look failed", err)
		return false
	}
	if why != "" {
		a.held = why
		a.log.Debug("step not done", "op", s.Op, "object", s.Agent, "reason", why)
	}
	return why == ""
}

// keeps tells whether a step keeps agents that somebody else's number would stop. It does not depend on what Jenkins says.
func (a *acting) keeps(s drain.Step) bool {
	return s.Op == drain.Scale && s.Replicas >= a.sight.Target.Replicas
}

// sure is how old a last look may be.
const sure = time.Second

// verify takes the last look before a step.
func (a *acting) verify(ctx context.Context, s drain.Step) (string, error) {
	if age := a.f.opts.Now().Sub(a.read); a.read.IsZero() || age > sure || age < 0 {
		if err := a.relook(ctx); err != nil {
			a.read = time.Time{}
			if a.live.Unknown == "" || !a.keeps(s) {
				return "", err
			}
		}
	}
	return drain.Verify(s, a.live), nil
}

func (a *acting) relook(ctx context.Context) error {
	a.read, a.live.Unknown = a.f.opts.Now(), ""
	var err error
	if a.live.Target, a.live.Pods, err = a.site.client.Live(ctx, a.sight.Pool); err != nil {
		return err
	}
	if a.world.client == nil {
		err = errors.New("Jenkins is not known") //nolint:staticcheck // a name
	} else {
		a.live.Computers, err = a.world.client.Computers(ctx)
	}
	if err != nil {
		a.live.Unknown = err.Error()
	}
	return err
}

// do carries out one step.
func (a *acting) do(ctx context.Context, s drain.Step) error {
	kubernetes, master, ns := a.site.client, a.world.client, a.ref.Namespace
	switch s.Op {
	case drain.Scale:
		t := a.sight.Target
		if s.Replicas < t.Replicas {
			t = a.live.Target // the look that has allowed it is what it rests on
			a.read = time.Time{}
		}
		err := kubernetes.Scale(ctx, ns, t, s.Replicas)
		a.t.replicas = -1
		if now, unseen := kubernetes.Look(a.ref); err == nil && unseen == nil && now.Target.Replicas == s.Replicas {
			a.t.replicas = s.Replicas
		}
		return err
	case drain.Mark:
		return kubernetes.Mark(ctx, ns, s)
	case drain.Unmark:
		return kubernetes.Unmark(ctx, ns, s)
	case drain.Park:
		return master.Park(ctx, s.Node, drain.Message(a.sight.Pool, s))
	case drain.Unpark:
		return master.Unpark(ctx, s.Node, drain.Marker)
	case drain.Delete:
		a.read = time.Time{}
		return kubernetes.DeletePod(ctx, a.pod(s.UID))
	case drain.Forget:
		return master.Forget(ctx, s.Node)
	}
	return fmt.Errorf("step %q is unknown", s.Op)
}

// pod returns the pod that a delete has been allowed for.
func (a *acting) pod(uid string) roster.Pod {
	i := slices.IndexFunc(a.live.Pods, func(p roster.Pod) bool { return p.UID == uid })
	if i < 0 {
		return roster.Pod{Namespace: a.ref.Namespace, UID: uid}
	}
	return a.live.Pods[i]
}

// fail deals with a step that could not be done. Whether it has been is not known where no answer came: the next visit finds out.
func (a *acting) fail(s drain.Step, err error) {
	a.failed[s.Agent] = true
	if s.Op != drain.Mark && s.Op != drain.Park {
		a.held = err.Error()
	}
	var fault *jenkins.Fault
	switch {
	case errors.Is(err, kube.ErrChanged), errors.Is(err, kube.ErrGone), errors.Is(err, rest.ErrNotFound), errors.Is(err, rest.ErrNotOurs), errors.Is(err, rest.ErrInUse):
		a.log.Debug("step overtaken", "op", s.Op, "object", s.Agent, "err", err)
	case errors.As(err, &fault):
		a.log.Warn("step failed in jenkins", "op", s.Op, "object", s.Agent, "err", err)
	default:
		a.warn("step failed: "+string(s.Op), err)
	}
}

// did logs a step that was done, and tells of what people want to know.
func (v *visit) did(ctx context.Context, s drain.Step) {
	if s.Op == drain.Scale {
		v.log.Info("scaled", "object", v.sight.Target.Kind+"/"+v.sight.Target.Name, "replicas", s.Replicas, "reason", s.Reason)
	} else {
		v.log.Info("done", "op", s.Op, "object", s.Agent, "reason", s.Reason)
	}
	v.f.board.did(v.t.key(), s, v.sight.Target.Replicas)
	switch s.Op {
	case drain.Scale:
		from, reason := v.sight.Target.Replicas, "ScaledUp"
		if s.Replicas < from {
			reason = "ScaledDown"
			for _, name := range s.Agents {
				v.gone(name)
			}
		}
		v.tell(ctx, kube.Event{Reason: reason, Message: fmt.Sprintf("%s %s: %d to %d pods: %s", v.sight.Target.Kind, v.sight.Target.Name, from, s.Replicas, s.Reason)})
	case drain.Mark:
		if !v.marked(s.Agent) {
			v.tell(ctx, kube.Event{Reason: "Draining", Message: fmt.Sprintf("agent %s goes: %s", s.Agent, s.Annotation())})
		}
	case drain.Delete:
		v.gone(s.Agent)
		v.tell(ctx, kube.Event{Reason: "AgentRemoved", Message: fmt.Sprintf("agent %s: %s", s.Agent, s.Annotation())})
	case drain.Forget:
		v.tell(ctx, kube.Event{Reason: "NodeRemoved", Message: fmt.Sprintf("node %s of Jenkins: %s", s.Node, s.Reason)})
	case drain.Unmark:
		v.tell(ctx, kube.Event{Reason: "DrainEnded", Message: fmt.Sprintf("agent %s stays: %s", s.Agent, s.Reason)})
	case drain.Park, drain.Unpark:
	}
}

func (v *visit) marked(name string) bool {
	return slices.ContainsFunc(v.sight.Pods, func(p roster.Pod) bool { return p.Name == name && p.Drain != "" })
}

// gone notes that an agent was removed, to see whether a build was on it after all.
func (v *visit) gone(name string) {
	if v.sight.Target.Kind == "StatefulSet" {
		return // the next agent has the same name
	}
	for _, a := range v.roster.Agents {
		if a.Name == name && a.Node() != "" {
			v.t.removed[a.Node()] = v.now
		}
	}
}

// heed notices when somebody else has written the replicas. While Jenkins is not known, whoever has lowered them did not know it either: they
// are what they were. Otherwise the decision of now holds anyway.
func (v *visit) heed(ctx context.Context) {
	t, was := v.sight.Target, v.t.replicas
	v.t.replicas = t.Replicas
	if was < 0 || was == t.Replicas || v.suspended() || v.refused() || ctx.Err() != nil {
		return
	}
	who := v.site.client.Writer(ctx, v.ref.Namespace, t)
	v.log.Warn("replicas changed by somebody else", "object", t.Kind+"/"+t.Name, "replicas", t.Replicas, "reason", who)
	v.tell(ctx, kube.Event{Warning: true, Reason: "ReplicasChanged", Message: fmt.Sprintf("%s set the replicas of %s %s from %d to %d; they are the pool's to set", who, t.Kind, t.Name, was, t.Replicas)})
	if to := min(was, v.sight.Pool.Spec.Max); v.roster.Unknown != "" && t.Replicas < to {
		v.plan.Steps = []drain.Step{{Op: drain.Scale, Replicas: to, Reason: fmt.Sprintf("%s had set the replicas from %d to %d while Jenkins is not known", who, was, t.Replicas)}}
	}
}

// mourn counts the builds that were on agents when they were removed: none, unless something is wrong with majordomo itself.
func (v *visit) mourn(ctx context.Context) {
	if v.roster.Unknown != "" || !v.world.fresh {
		return
	}
	const long = 5 * time.Minute
	for node, at := range v.t.removed {
		i := slices.IndexFunc(v.world.last.Computers, func(c jenkins.Computer) bool { return c.Name == node })
		switch {
		case v.now.Sub(at) > long:
			delete(v.t.removed, node)
		case i < 0 || !v.world.last.At.After(at):
		case v.world.last.Computers[i].Busy > 0:
			n := v.world.last.Computers[i].Busy
			delete(v.t.removed, node)
			v.f.board.killed(v.t.key(), n)
			v.log.Error("a build was on an agent that was removed; please report this", "object", node)
			v.tell(ctx, kube.Event{Warning: true, Reason: "BuildLost", Message: fmt.Sprintf("node %s had a build after its agent was removed", node)})
		}
	}
}

// prepare does what comes before the plan: the pool is kept from going before its agents have, a floor by hand gets its end, and the template is
// kept for a way back.
func (v *visit) prepare(ctx context.Context) {
	p := v.sight.Pool
	if v.suspended() || v.refused() || p.Deleting || ctx.Err() != nil {
		return
	}
	if !v.sight.Held {
		if err := v.site.client.Hold(ctx, p); err != nil {
			v.warn("finalizer not set", err)
		}
	}
	v.floor(ctx)
	v.keepTemplates(ctx)
	v.rollBack(ctx)
}

// handTime is how long a floor holds that a person has set without saying so, as kubectl scale does.
const handTime = 2 * time.Hour

// floor looks after the floor that a person has set by hand. One that is part of what is applied is no person's, and stays.
func (v *visit) floor(ctx context.Context) {
	p := v.sight.Pool
	if p.Spec.Replicas == nil || v.sight.Stated {
		return
	}
	until, set := p.Annotations[pool.ScaleUntil]
	end, err := time.Parse(time.RFC3339, until)
	over := err == nil && !v.now.Before(end)
	switch {
	case *p.Spec.Replicas == 0 && set, *p.Spec.Replicas > 0 && over:
		if err = v.site.client.EndFloor(ctx, p); err == nil && over {
			v.tell(ctx, kube.Event{Reason: "FloorEnded", Message: fmt.Sprintf("the floor of %d agents that was set by hand has ended", *p.Spec.Replicas)})
		}
	case *p.Spec.Replicas > 0 && !set:
		end := v.now.Add(handTime).UTC().Format(time.RFC3339)
		if err = v.site.client.LimitFloor(ctx, p, end); err == nil {
			v.tell(ctx, kube.Event{Reason: "FloorSet", Message: fmt.Sprintf("a floor of %d agents was set by hand; it holds until %s", *p.Spec.Replicas, end)})
		}
	default:
		return
	}
	if err != nil && !errors.Is(err, kube.ErrChanged) {
		v.warn("floor set by hand not looked after", err)
	}
}

// finish lets a pool go that is being deleted, once it has no agents. One that is suspended is let go at once: its agents are left alone.
func (v *visit) finish(ctx context.Context) {
	p, t := v.sight.Pool, v.sight.Target
	if !p.Deleting || !v.sight.Held || ctx.Err() != nil {
		return
	}
	if t.UID == "" {
		if _, _, err := v.site.client.Live(ctx, p); !errors.Is(err, kube.ErrGone) {
			return
		}
	}
	empty := t.UID == "" || t.Replicas == 0 && t.Seen == 0 && len(v.sight.Pods) == 0
	if !empty && !v.suspended() {
		return
	}
	if err := v.site.client.Release(ctx, p); err != nil {
		v.warn("finalizer not removed", err)
		return
	}
	v.log.Info("pool is gone")
}
