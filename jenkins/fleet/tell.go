package fleet

import (
	"context"
	"fmt"
	"time"

	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
)

// news is what people have been told of a pool.
type news struct {
	findings map[string]string // by rule and agent: what was found
	left     float64           // events that may be told now
	at       time.Time
}

// At most so many events are told of one pool at once, and then one each time that a pause is over.
const (
	burst = 25
	pause = 10 * time.Second
)

// tell records an event at the pool. An event that cannot be told is not worth a retry: the status says all.
func (v *visit) tell(ctx context.Context, e kube.Event) {
	n := &v.t.news
	if n.at.IsZero() {
		n.left = burst
	} else if past := v.now.Sub(n.at); past > 0 {
		n.left = min(burst, n.left+past.Seconds()/pause.Seconds())
	}
	n.at = v.now
	if n.left < 1 || ctx.Err() != nil {
		v.log.Debug("event not told: too many", "reason", e.Reason)
		return
	}
	n.left--
	if err := v.site.client.Tell(ctx, v.sight.Pool, e, v.now); err != nil {
		v.log.Debug("event not told", "reason", e.Reason, "err", err)
	}
}

// transitions tells of what has turned since the status was written last.
func (v *visit) transitions(ctx context.Context, before, now pool.Status) {
	reachable, _ := pool.Find(now.Conditions, pool.JenkinsReachable)
	for _, c := range now.Conditions {
		was, known := pool.Find(before.Conditions, c.Type)
		switch {
		case c.Type == pool.Ready, was.Status == c.Status && was.Reason == c.Reason:
		case c.Type == pool.ScalingActive && c.Reason == reachable.Reason: // told of already
		case !known && (c.Status == pool.Unknown || c.Type == pool.ScalingLimited && c.Status == pool.False):
		default:
			bad := c.Status == pool.False && c.Type != pool.ScalingLimited || c.Status == pool.True && c.Reason == pool.Blocked
			v.tell(ctx, kube.Event{Warning: bad, Reason: c.Reason, Message: c.Message})
		}
	}
	if r, was := now.Rollout, before.Rollout; r != nil && (was == nil || was.Template != r.Template || was.Phase != r.Phase) && was != nil {
		v.tell(ctx, kube.Event{Warning: r.Phase == "Blocked", Reason: "Rollout" + r.Phase, Message: fmt.Sprintf("template %s: %d of %d agents; %s", r.Template, r.Updated, r.Total, r.Reason)})
	}
}

// findings tells of what is wrong with agents, once for each.
func (v *visit) findings(ctx context.Context) {
	now, rules := make(map[string]string, len(v.health.Findings)), map[heal.Rule]int{}
	for _, f := range v.health.Findings {
		if f.Rule == heal.Ghost && v.passing(f.Agent) {
			continue
		}
		key := string(f.Rule) + " " + f.Agent
		now[key] = f.Reason
		rules[f.Rule]++
		if v.t.news.findings[key] == f.Reason {
			continue
		}
		v.tell(ctx, event(f))
	}
	v.t.news.findings = now
	v.f.board.found(v.t.key(), rules)
}

func event(f heal.Finding) kube.Event {
	return kube.Event{Warning: f.Warning, Reason: string(f.Rule), Message: fmt.Sprintf("agent %s: %s", f.Agent, f.Reason)}
}
