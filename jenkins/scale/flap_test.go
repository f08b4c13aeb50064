package scale

import (
	"testing"
	"time"
)

// TestAQueueThatFlapsDoesNotMakeAgentsFlap has 50 builds in the queue at one look and none at the next, which are gone before an agent is there.
func TestAQueueThatFlapsDoesNotMakeAgentsFlap(t *testing.T) {
	const builds, poll, start = 50, 5 * time.Second, 54 * time.Second
	var s State
	var up []time.Time // when each agent, the oldest first, is there
	changes, last := 0, 0
	for i := range 720 { // an hour
		in := pooled(noon.Add(time.Duration(i) * poll))
		in.Max = 100
		for _, at := range up {
			if at.After(in.Now) {
				in.Starting = append(in.Starting, in.Now.Sub(at.Add(-start)))
			} else {
				in.Idle++
			}
		}
		if i%2 == 0 {
			in.Queued, in.Oldest = builds, in.Now
		}
		var d Decision
		if d, s = Decide(s, in); d.Agents > in.Max {
			t.Fatalf("at look %d: %d agents of at most %d", i, d.Agents, in.Max)
		}
		for len(up) < d.Agents {
			up = append(up, in.Now.Add(start))
		}
		up = up[:max(d.Agents, 0)]
		if d.Agents != last {
			changes, last = changes+1, d.Agents
		}
	}
	t.Logf("%d changes in an hour, %d agents in the end", changes, last)
	if changes > 60 {
		t.Errorf("%d changes in an hour, of 720 looks", changes)
	}
}
