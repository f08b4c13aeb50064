package plan

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/object"
)

func TestAgentsAreNotPrunedBeforeTheirPoolHasDrainedThem(t *testing.T) {
	rs, pool := target("a:1")
	d := desire(rs, pool)
	now := live(d.Objects[rs.ID()].Object, "gke")
	now.Set(object.Pointer{"status", "replicas"}, int64(3))
	world := map[object.ID]Seen{rs.ID(): {Live: now}, pool.ID(): {Live: live(pool, "gke")}}
	in := Input{Desired: desire(), World: World{Objects: world}, Inventory: Inventory{rs.ID(): entry(rs, "h"), pool.ID(): entry(pool, "h")}, Gate: Gate{MaxObjects: 9}}
	op := func() (Op, string) {
		for _, s := range Compute(in).Steps {
			if s.ID == rs.ID() {
				return s.Op, s.Reason
			}
		}
		return "", ""
	}
	if got, why := op(); got != Keep || !strings.Contains(why, "when majordomo.dev/AgentPool jenkins/linux has drained them") {
		t.Errorf("with its pool: %s (%s), want it kept until the pool is gone", got, why)
	}
	delete(world, pool.ID())
	if got, why := op(); got != Keep || !strings.Contains(why, "its 3 agents may have builds") {
		t.Errorf("without a pool: %s (%s), want it kept as long as there are agents", got, why)
	}
	now.Set(object.Pointer{"status", "replicas"}, int64(0))
	if got, why := op(); got != Prune {
		t.Errorf("without agents: %s (%s), want it pruned", got, why)
	}
	now.Set(object.Pointer{"status", "replicas"}, int64(3))
	now.SetAnnotation(object.Prune, "allowed")
	if got, why := op(); got != Prune {
		t.Errorf("with a person's word: %s (%s), want it pruned", got, why)
	}
}
