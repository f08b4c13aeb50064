package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
)

func (w *yard) delete(kind, name string) {
	w.t.Helper()
	if err := w.in(kind).Delete(w.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *yard) gone(kind, name string) {
	w.t.Helper()
	w.eventually(kind+" "+name+" to be gone", func() error {
		if w.get(kind, name) != nil {
			return errors.New("it is there")
		}
		return nil
	})
}

// parked waits until no agent takes a build any more.
func (w *yard) parked() {
	w.t.Helper()
	w.eventually("the nodes to be parked", func() error {
		for _, n := range w.jenkins.Nodes() {
			if n.Connected && !n.Parked {
				return fmt.Errorf("%+v", n)
			}
		}
		return nil
	})
}

// A pool that is deleted while its agents build is drained first: the builds end, the agents go, and then the pool does.
func TestADeletedPoolIsDrainedFirst(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.delete("AgentPool", "linux")
	w.condition("linux", "ScalingActive", "False", "PoolDrained")
	w.parked()
	if w.jenkins.Stats().Running != 3 || w.get("AgentPool", "linux") == nil {
		t.Fatalf("builds or pool did not stay\n%s", w.describe())
	}
	w.jenkins.FinishAll()
	w.gone("AgentPool", "linux")
	if n := w.replicas("ReplicaSet", "linux"); n != 0 || len(w.pods()) > 0 {
		t.Errorf("%d replicas, %d pods are left", n, len(w.pods()))
	}
	w.eventually("the board to forget it", func() error {
		if s := w.fleet.Snapshot(); len(s.Pools)+len(s.Masters) > 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.unhurt()
}

// A pool that is suspended and deleted goes at once; its agents stay as they are.
func TestASuspendedPoolIsLetGoAtOnce(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.jenkins.Fault(jenkinstest.Restarting)
	w.merge("AgentPool", "linux", `{metadata: {annotations: {majordomo.dev/suspend: "Jenkins is gone for good"}}}`)
	w.condition("linux", "ScalingActive", "False", "Suspended")
	w.delete("AgentPool", "linux")
	w.gone("AgentPool", "linux")
	if n := w.replicas("ReplicaSet", "linux"); n != 3 || len(w.pods()) != 3 {
		t.Errorf("%d replicas, %d pods are left, want 3", n, len(w.pods()))
	}
}

// A pool whose controller is gone has no agents, and goes at once.
func TestAPoolWithoutATargetIsLetGo(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.start()
	w.condition("linux", "ScalingActive", "True", "")
	w.delete("ReplicaSet", "agent-linux")
	c := w.condition("linux", "ScalingActive", "False", "InvalidSpec")
	if !strings.Contains(c.Message, "ReplicaSet agent-linux") {
		t.Errorf("the condition says %q", c.Message)
	}
	w.delete("AgentPool", "linux")
	w.gone("AgentPool", "linux")
}

// A pool with the annotation is emptied and stays so; without it, it serves again.
func TestADrainedPoolStaysEmpty(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.merge("AgentPool", "linux", `{metadata: {annotations: {majordomo.dev/drain: "the rack moves"}}}`)
	w.condition("linux", "ScalingActive", "False", "PoolDrained")
	w.parked()
	w.jenkins.FinishAll()
	w.jenkins.Enqueue("compile", 2)
	w.online(0)
	w.stays(5)
	w.merge("AgentPool", "linux", `{metadata: {annotations: {majordomo.dev/drain: null}}}`)
	w.running(2)
	w.jenkins.FinishAll()
	w.online(0)
	w.unhurt()
}

// Once the context of a fleet has ended, it writes nothing but its memory, and not even that where another process leads.
func TestAFleetThatStopsWritesNothingMore(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lease lost=%v", lost), func(t *testing.T) {
			t.Parallel()
			w := newYard(t)
			w.stopped = func(context.Context) bool { return lost }
			w.agents("ReplicaSet", "linux", 3, "")
			w.start()
			w.jenkins.Enqueue("compile", 3)
			w.running(3)
			w.jenkins.FinishAll()
			w.wire.add(&fault{acts: true, from: 1, do: func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				w.end() // in the middle of an act
				return next.RoundTrip(r)
			}})
			w.eventually("an act", func() error {
				if !w.ended() {
					return errors.New("none")
				}
				return nil
			})
			w.wire.clear()
			w.stop()
			memory := 0
			for _, c := range w.wire.clear() {
				switch {
				case strings.HasPrefix(c, "GET "):
				case strings.Contains(c, "/configmaps/majordomo-pool-linux"):
					memory++
				default:
					t.Errorf("%s after the end", c)
				}
			}
			if lost && memory > 0 {
				t.Error("the memory was written by a process that does not lead")
			}
			w.unhurt()
		})
	}
}

// What a pool has learned outlives the process; where it cannot, the pool says so and begins anew.
func TestAMemoryOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.start()
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	w.jenkins.FinishAll()
	w.online(0)
	w.stop()
	if w.get("ConfigMap", "majordomo-pool-linux") == nil {
		t.Fatal("nothing was written")
	}
	w.start()
	w.ready("linux")
	for _, p := range w.fleet.tracks() {
		p.mu.Lock()
		if p.saved == nil || p.memory.Scale.Equal(newTracked("").memory.Scale) {
			t.Errorf("pool %s knows nothing of before", p.id())
		}
		p.mu.Unlock()
	}
	w.stop()
	w.merge("ConfigMap", "majordomo-pool-linux", `{binaryData: {memory.json.gz: aGVsbG8=}}`)
	w.start()
	if why := w.event("linux", "MemoryLost"); !strings.Contains(why, "it is damaged") {
		t.Errorf("event %q", why)
	}
	w.ready("linux")
	w.stop()
	if c, _ := pool.Find(w.status("linux").Conditions, pool.Ready); c.Status != pool.True {
		t.Errorf("ready %+v", c)
	}
}

// tracks lists what is remembered of all pools.
func (f *Fleet) tracks() []*tracked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.pools))
}
