package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/jenkins/scale"
)

const (
	queuedItems = 10_000
	poolAgents  = 1_000
)

// decision measures what one answer of a Jenkins costs until it is known what to do: which builds are this pool's, which pod is which agent, how
// many there should be, what is wrong, and which steps follow.
func (b *bench) decision(_ context.Context, t *table) error {
	note("%d decisions for %d queued items and %d agents", 10*b.size.rounds, queuedItems, poolAgents)
	w := bigPool()
	var took []time.Duration
	for range 10 * b.size.rounds {
		w.snapshot.At = w.snapshot.At.Add(5 * time.Second)
		began := time.Now()
		plan := w.decide()
		took = append(took, time.Since(began))
		if len(plan.Steps) == 0 {
			return fmt.Errorf("no step follows from a queue of %d", queuedItems)
		}
	}
	m := median(took)
	t.add("decision for 10,000 items and 1,000 agents", ms(m), "<= 20 ms", "demand, roster, policy, healing, rollout and drain together", m <= 20*time.Millisecond)
	return nil
}

// big is a pool with a long queue, and what is remembered of it.
type big struct {
	pool     *pool.Pool
	target   drain.Target
	pods     []roster.Pod
	names    []string
	snapshot jenkins.Snapshot

	roster  roster.Memory
	policy  scale.State
	health  heal.Memory
	rollout rollout.State
}

func bigPool() *big {
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	w := &big{
		pool: &pool.Pool{Namespace: "jenkins", Name: "linux", Spec: pool.Spec{
			Labels: []string{"linux", "docker"}, Mode: pool.Normal, Executors: 1, Max: 2 * poolAgents, Priority: 10,
			StartupTimeout: pool.Duration(10 * time.Minute), Rollout: pool.Rollout{MaxUnavailable: 1, UpdatePeriod: pool.Duration(10 * time.Second)},
		}},
		target:   drain.Target{Kind: "ReplicaSet", Name: "agent-linux", UID: "rs", Replicas: poolAgents, Template: "new", Seen: poolAgents, Settled: true},
		snapshot: jenkins.Snapshot{At: began, Session: "a", Version: "2.263.4", User: "scaler"},
	}
	labels := []string{"linux", "linux && docker", "docker || windows", "linux && !arm", "windows", "(linux || mac) && docker"}
	for i := range queuedItems {
		it := jenkins.Item{
			ID: int64(i + 1), Class: "hudson.model.Queue$BuildableItem", Since: began, BuildableSince: began, Buildable: true,
			Task: jenkins.Task{Class: "hudson.model.FreeStyleProject", Name: fmt.Sprintf("job-%d", i%500), FullName: fmt.Sprintf("job-%d", i%500)},
		}
		label := labels[i%len(labels)]
		if it.Why = "All nodes of label ‘" + strings.ReplaceAll(label, " ", "") + "’ are offline"; i%2 == 0 {
			it.Task.Label = &label
		}
		w.snapshot.Items = append(w.snapshot.Items, it)
	}
	for i := range poolAgents {
		name := fmt.Sprintf("agent-linux-%04d", i)
		w.names = append(w.names, name)
		w.pods = append(w.pods, roster.Pod{
			Namespace: "jenkins", Name: name, UID: name, Created: began.Add(-time.Hour), Node: "node", Phase: "Running", Ready: true,
			ReadySince: began.Add(-time.Hour), Owner: "rs", Template: []string{"old", "new", "new"}[i%3], Ordinal: -1,
		})
		c := jenkins.Computer{
			Name: name, Class: "hudson.slaves.SlaveComputer", Description: "Swarm agent from 10.0.0.1: pod jenkins/" + name + " " + name,
			Labels: []string{name, "swarm", "linux", "docker"}, Executors: 1, Idle: i%2 == 0, Connected: true,
		}
		if !c.Idle {
			c.Busy = 1
			c.Builds = []jenkins.Build{{URL: "http://jenkins/job/x/" + name, Name: "x", Started: began}}
		}
		w.snapshot.Computers = append(w.snapshot.Computers, c)
	}
	return w
}

// decide is one visit of the fleet line, without what is read and written.
func (w *big) decide() drain.Plan {
	now := w.snapshot.At
	id := w.pool.Namespace + "/" + w.pool.Name
	need := demand.Of(w.snapshot, []demand.Pool{{ID: id, Labels: w.pool.Spec.Labels, Mode: w.pool.Spec.Mode, Agents: w.names}}).Pools[id]
	var r roster.Roster
	r, w.roster = roster.Join(w.roster, roster.Input{Now: now, Pool: w.pool, Pods: w.pods, Snapshot: &w.snapshot})
	supply := r.Supply()
	var report heal.Report
	report, w.health = heal.Check(r, heal.Limits{Kind: w.target.Kind, MaxUnavailable: 1}, w.health, now)
	var d scale.Decision
	d, w.policy = scale.Decide(w.policy, scale.Input{
		Now: now, Queued: need.Queued, Oldest: need.Oldest, Running: supply.Running, Idle: supply.Idle, Busy: supply.Busy, Starting: supply.Starting,
		Draining: supply.Draining, Started: supply.Started, Soon: need.Soon, Executors: 1, Max: w.pool.Spec.Max, Quota: -1,
		Priority: float64(w.pool.Spec.Priority), Blocked: report.Blocked,
	})
	var out rollout.Outcome
	out, w.rollout = rollout.Next(w.rollout, rollout.Input{Now: now, Pool: w.pool, Target: w.target, Agents: r.Agents})
	gates := drain.Gates(drain.Sight{Now: now, Poll: 5 * time.Second, Pool: w.pool, Snapshot: &w.snapshot, Before: &w.snapshot, Roster: r})
	return drain.Compute(drain.Input{
		Now: now, Pool: w.pool, Target: w.target, Agents: r.Agents, Desired: d.Agents, Max: w.pool.Spec.Max,
		Wishes: append(report.Wishes, out.Wishes...), Gates: gates,
	})
}
