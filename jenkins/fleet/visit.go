package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/jenkins/scale"
)

// visit is one look at one pool, and what is done about it.
type visit struct {
	f     *Fleet
	t     *tracked
	site  *site
	ref   kube.Ref
	log   *slog.Logger
	now   time.Time
	world world

	sight    kube.Sight
	unseen   error // why the cluster does not show the pool, nil if it does
	need     demand.Need
	roster   roster.Roster
	health   heal.Report
	decision scale.Decision
	outcome  rollout.Outcome
	gates    []pool.Gate
	plan     drain.Plan
	problems []string  // that came up on the way
	judged   time.Time // when the plan was made
	steps    []Span    // of the plan, that are over; only gathered where somebody is told
}

// visit visits a pool. A panic, or an error, is that pool's alone.
func (f *Fleet) visit(ctx context.Context, t *tracked, w world) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ref := t.at()
	v := &visit{
		f: f, t: t, site: s, ref: ref, now: f.opts.Now(), world: w, need: w.demand.Pools[t.id()],
		log: f.log.With("env", s.environment, "namespace", ref.Namespace, "pool", ref.Name),
	}
	defer v.account()
	defer v.rescue(ctx)
	if ctx.Err() == nil {
		v.line(ctx)
	}
}

// rescue turns a panic in the work for one pool into that pool's trouble.
func (v *visit) rescue(ctx context.Context) {
	cause := recover()
	if cause == nil {
		return
	}
	v.f.board.panicked()
	if !v.t.panicked { // once is enough, for it happens again
		v.log.Error("panic", "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
	}
	v.t.panicked = true
	defer func() { _ = recover() }() // one panic is enough
	v.fail(ctx, fmt.Errorf("majordomo itself failed: %v; please report this", cause))
}

// line is the fleet line: from what the cluster and Jenkins say to what is done and told.
func (v *visit) line(ctx context.Context) {
	if !v.look(ctx) {
		return
	}
	v.join()
	v.check()
	v.decide()
	v.rollOut()
	v.gate()
	v.compute()
	v.judged = v.f.opts.Now()
	v.prepare(ctx)
	v.heed(ctx)
	v.act(ctx)
	v.mourn(ctx)
	v.finish(ctx)
	v.trace()
	v.publish(ctx)
	v.remember(ctx)
}

// look takes in what the cluster has. It is false if there is nothing to visit.
func (v *visit) look(ctx context.Context) bool {
	v.sight, v.unseen = v.site.client.Look(v.ref)
	switch {
	case v.sight.Pool == nil || v.sight.Pool.UID != v.t.uid:
		return false // gone, made anew, or not read yet
	case errors.Is(v.unseen, kube.ErrUnread):
		return false
	case v.sight.Pool.Deleting && !v.sight.Held:
		return false // somebody else's finalizer has it
	case v.unseen != nil:
		v.fail(ctx, v.unseen)
		return false
	}
	warning, err := v.t.recall(ctx, v.site, v.sight.Pool)
	if err != nil {
		v.fail(ctx, err)
		return false
	}
	if warning != "" {
		v.tell(ctx, kube.Event{Warning: true, Reason: "MemoryLost", Message: warning})
	}
	return true
}

// fail says that the pool cannot be looked at.
func (v *visit) fail(ctx context.Context, err error) {
	v.unseen = err
	v.warn("visit", err)
	v.publish(ctx)
}

// unknown says why Jenkins, or what its agents are, is not known now; "" if it is.
func (v *visit) unknown() string {
	if v.world.fault != nil {
		return v.world.fault.Error()
	}
	if err := v.site.client.Behind(v.sight.Pool); err != nil {
		return "the cluster does not show what changes: " + err.Error()
	}
	return ""
}

// join finds out who the agents are.
func (v *visit) join() {
	v.roster, v.t.memory.Roster = roster.Join(v.t.memory.Roster, roster.Input{
		Now: v.now, Pool: v.sight.Pool, Pods: v.sight.Pods, Snapshot: v.world.last, Unknown: v.unknown(), Resuming: v.world.resuming,
	})
}

// check finds out what is wrong with them.
func (v *visit) check() {
	l := heal.Limits{Kind: v.sight.Target.Kind, MaxUnavailable: v.sight.Pool.Spec.Rollout.MaxUnavailable}
	v.health, v.t.memory.Heal = heal.Check(v.roster, l, v.t.memory.Heal, v.now)
}

// decide decides how many there should be.
func (v *visit) decide() {
	p, s := v.sight.Pool, v.roster.Supply()
	unknown := v.roster.Unknown
	if unknown == "" {
		unknown = v.world.demand.Unknown
	}
	in := scale.Input{
		Now: v.now, Unknown: unknown,
		Queued: v.need.Queued, Oldest: v.need.Oldest, Running: s.Running, Idle: s.Idle, Busy: s.Busy, Starting: s.Starting, Draining: s.Draining, Started: s.Started,
		Soon: v.need.Soon, Executors: p.Spec.Executors, Min: p.Spec.Min, Max: p.Spec.Max, MaxStep: p.Spec.MaxStep, Quota: -1,
		Priority: float64(p.Spec.Priority), Schedules: p.Spec.Floors(), Manual: p.Manual(v.now), Drained: emptied(p),
		Keep: v.roster.Settling, Blocked: cmp.Or(v.health.Blocked, v.sight.Stuck),
	}
	if unknown == "" {
		in.Jobs = v.begun()
	}
	if v.sight.Room >= 0 {
		in.Quota = v.unmarked() + v.sight.Room
	}
	v.decision, v.t.memory.Scale = scale.Decide(v.t.memory.Scale, in)
	for _, d := range s.Started {
		v.f.board.started(v.t.key(), d)
	}
}

// begun returns what was queued and what ended since the last look, and counts how long those waited that have begun.
func (v *visit) begun() []scale.Job {
	t := v.t.jobs.next(v.world.last, v.need.Jobs, v.roster.Agents)
	for _, d := range t.waits {
		v.f.board.waited(v.t.key(), d)
	}
	return t.jobs
}

// unmarked counts the pods that are not on their way out.
func (v *visit) unmarked() int {
	n := 0
	for _, p := range v.sight.Pods {
		if p.Active() && p.Drain == "" {
			n++
		}
	}
	return n
}

// rollOut decides which agents make way for fresh ones.
func (v *visit) rollOut() {
	if v.roster.Unknown != "" {
		return // nothing is learned about templates from agents that cannot be seen
	}
	v.outcome, v.t.memory.Rollout = rollout.Next(v.t.memory.Rollout, rollout.Input{
		Now: v.now, Pool: v.sight.Pool, Target: v.sight.Target, Agents: v.roster.Agents,
	})
}

// gate finds out whether agents may be stopped.
func (v *visit) gate() {
	v.gates = drain.Gates(drain.Sight{
		Now: v.now, Poll: v.f.opts.Poll, Pool: v.sight.Pool, Snapshot: v.world.last, Before: v.world.before, Roster: v.roster,
	})
}

// compute plans what is done. Nothing is about a pool that cannot be served as it is.
func (v *visit) compute() {
	if v.refused() {
		v.plan = drain.Plan{}
		return
	}
	v.plan = drain.Compute(drain.Input{
		Now: v.now, Pool: v.sight.Pool, Target: v.sight.Target, Agents: v.roster.Agents, Desired: v.decision.Agents, Max: v.sight.Pool.Spec.Max, Stable: v.roster.Stable,
		Wishes: append(v.health.Wishes, v.outcome.Wishes...), Gates: v.gates,
	})
}

// refused tells whether something is wrong with the pool that a person has to put right.
func (v *visit) refused() bool {
	_, refused := pool.Refused(v.sight.Problems)
	return refused
}

func (v *visit) suspended() bool { return v.sight.Pool.Annotations[pool.Suspend] != "" }

// remember writes down what was learned.
func (v *visit) remember(ctx context.Context) {
	if v.sight.Pool.Deleting || ctx.Err() != nil {
		return
	}
	if err := v.t.remember(ctx, v.site, v.sight.Pool, v.now, false); err != nil {
		v.warn("memory not written", err)
	}
}

// warn logs what is tried again, once for each new text.
func (v *visit) warn(what string, err error) {
	text := what + ": " + err.Error()
	if !slices.Contains(v.problems, text) {
		v.problems = append(v.problems, text)
	}
	if slices.Contains(v.t.warned, text) {
		v.log.Debug("failed again", "op", what, "err", err)
		return
	}
	v.log.Warn("failed", "op", what, "err", err)
}

// account counts the visits in a row in which something has failed.
func (v *visit) account() {
	if v.t.warned = v.problems; len(v.problems) == 0 {
		v.t.failing = 0
		return
	}
	v.t.failing++
}
