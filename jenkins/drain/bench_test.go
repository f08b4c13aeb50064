package drain_test

import (
	"fmt"
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/roster"
)

// BenchmarkPlan plans a pool of a thousand agents of which none is wanted, half of them confirmed to go.
func BenchmarkPlan(b *testing.B) {
	s := fleetOf("ReplicaSet", 1, 0)
	first := s.Agents[0]
	s.Agents = nil
	const agents = 1000
	for i := range agents {
		a, p := first, *first.Pod
		a.Name, p.Name, p.UID = fmt.Sprint("agent-", i), fmt.Sprint("agent-", i), fmt.Sprint(i)
		a.Pod, a.Computer = &p, &jenkins.Computer{Name: p.Name, Idle: true, Connected: true, Executors: 1}
		a.Since = noon.Add(-time.Duration(i) * time.Second)
		s.Agents = append(s.Agents, a)
		if i%2 == 0 {
			mark(drain.Surplus)(&s.Agents[i])
			park(&s.Agents[i])
			seen(2)(&s.Agents[i])
		}
	}
	s.Target.Replicas, s.Target.Seen = agents, agents
	for b.Loop() {
		if p := drain.Compute(s.Input); len(p.Steps) == 0 || s.Agents[0].State != roster.Draining {
			b.Fatal("nothing is planned")
		}
	}
}
