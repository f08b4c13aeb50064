package fleet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
)

// events waits until one of a reason was told of a pool, and returns its message.
func (w *yard) event(name, reason string) string {
	w.t.Helper()
	message := ""
	w.eventually("event "+reason, func() error {
		list, err := w.in("Event").List(w.t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=AgentPool,involvedObject.name=" + name})
		if err != nil {
			return err
		}
		var others []string
		for _, e := range list.Items {
			message, _ = e.Object["message"].(string)
			if e.Object["reason"] == reason {
				return nil
			}
			others = append(others, fmt.Sprint(e.Object["reason"]))
		}
		return fmt.Errorf("there are %v", others)
	})
	return message
}

// Somebody lowers the replicas while Jenkins is not known: they are raised again, and the pool says who it was.
func TestReplicasThatSomebodyLowersAreRestored(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.jenkins.Fault(jenkinstest.Restarting)
	w.condition("linux", "JenkinsReachable", "False", "JenkinsStarting")
	for _, n := range w.jenkins.Nodes() {
		w.jenkins.Excuse(n.Name) // the controller is faster than anybody can be
	}
	w.merge("ReplicaSet", "agent-linux", `{spec: {replicas: 1}}`)
	w.eventually("the replicas to be back", func() error {
		if n := w.replicas("ReplicaSet", "linux"); n != 3 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	if why := w.event("linux", "ReplicasChanged"); !strings.Contains(why, "kubectl set the replicas of ReplicaSet agent-linux from 3 to 1") {
		t.Errorf("event %q", why)
	}
	w.jenkins.Heal()
	w.jenkins.FinishAll()
	w.online(0)
}

// kubectl scale sets a floor under a pool, which ends by itself.
func TestAFloorByHandEnds(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.start()
	w.merge("AgentPool", "linux", `{spec: {replicas: 2}}`, "scale")
	w.online(2)
	if why := w.event("linux", "FloorSet"); !strings.Contains(why, "a floor of 2 agents") {
		t.Errorf("event %q", why)
	}
	until, err := time.Parse(time.RFC3339, fmt.Sprint(at(w.get("AgentPool", "linux"), "metadata", "annotations", pool.ScaleUntil)))
	if left := until.Sub(w.now()); err != nil || left < time.Hour || left > 3*time.Hour {
		t.Errorf("it ends at %v (%v), want two hours after it was set", until, err)
	}
	if s := w.status("linux"); s.Min != 2 {
		t.Errorf("min %d, want 2", s.Min)
	}
	w.merge("AgentPool", "linux", fmt.Sprintf(`{metadata: {annotations: {%s: %q}}}`, pool.ScaleUntil, w.now().Add(time.Minute).UTC().Format(time.RFC3339)))
	w.online(0)
	o := w.get("AgentPool", "linux")
	if n := at(o, "spec", "replicas"); n != int64(0) || at(o, "metadata", "annotations", pool.ScaleUntil) != nil {
		t.Errorf("replicas %v, annotations %v after its end", n, at(o, "metadata", "annotations"))
	}
	w.event("linux", "FloorEnded")
}

// A pool that is suspended is left alone, whatever its queue says, and served again afterwards.
func TestASuspendedPoolIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := surplus(t)
	w.merge("AgentPool", "linux", `{metadata: {annotations: {majordomo.dev/suspend: "we look at it"}}}`)
	c := w.condition("linux", "ScalingActive", "False", "Suspended")
	if !strings.Contains(c.Message, "we look at it") {
		t.Errorf("the condition says %q", c.Message)
	}
	w.jenkins.FinishAll()
	w.jenkins.Enqueue("compile", 5)
	w.stays(10)
	w.merge("AgentPool", "linux", `{metadata: {annotations: {majordomo.dev/suspend: null}}}`)
	w.eventually("the queue to be served", func() error {
		w.jenkins.FinishAll()
		if s := w.jenkins.Stats(); s.Finished != 8 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.online(0)
	w.unhurt()
}

// What also scales the target, or the pool, is a conflict that a person has to solve: the pool does nothing until then.
func TestAnAutoscalerOfTheTargetIsAConflict(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "")
	w.create(`{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: other}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}, maxReplicas: 3}}`)
	w.start()
	c := w.condition("linux", "ScalingActive", "False", "InvalidSpec")
	if !strings.Contains(c.Message, "HorizontalPodAutoscaler other") {
		t.Errorf("the condition says %q", c.Message)
	}
	w.jenkins.Enqueue("compile", 1)
	w.stays(10)
	if err := w.in("HorizontalPodAutoscaler").Delete(t.Context(), "other", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.running(1)
	w.jenkins.FinishAll()
	w.online(0)
}

// majordomo drain AGENT marks a pod. It finishes its build, takes no other, and makes way for a fresh one if it is missed.
func TestAnAgentThatAPersonMarksMakesWay(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "  min: 1\n")
	w.start()
	w.online(1)
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	old := w.pods()[0].GetName()
	w.merge("Pod", old, `{metadata: {annotations: {majordomo.dev/drain: "manual: its disk is odd"}}}`)
	w.eventually("the node to be parked", func() error {
		if n, ok := w.jenkins.Node(old); !ok || !n.Parked || n.Busy != 1 {
			return fmt.Errorf("%+v", n)
		}
		return nil
	})
	w.jenkins.FinishAll()
	w.eventually("a fresh agent in its place", func() error {
		for _, n := range w.jenkins.Nodes() {
			if n.Name == old {
				return fmt.Errorf("%s is still there", old)
			}
		}
		return nil
	})
	w.online(1)
	w.unhurt()
}

// There is room for two agents only, by a quota: no more are asked for, and the pool says so.
func TestAQuotaLimitsAPool(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.create(`{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: "2"}}}`)
	w.eventually("the quota to count", func() error {
		if at(w.get("ResourceQuota", "few"), "status", "used", "pods") == nil {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	w.agents("ReplicaSet", "linux", 5, "")
	w.start()
	w.jenkins.Enqueue("compile", 4)
	w.running(2)
	w.condition("linux", "ScalingLimited", "True", "AtQuota")
	if n := w.replicas("ReplicaSet", "linux"); n != 2 {
		t.Errorf("%d replicas, want 2", n)
	}
	w.eventually("all builds", func() error {
		w.jenkins.FinishAll()
		if s := w.jenkins.Stats(); s.Finished != 4 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.online(0)
	w.unhurt()
}
