package fleet

import (
	"fmt"
	"slices"
	"testing"

	"majordomo.dev/jenkins/pool"
)

// templates counts the pods by the template that they were made from.
func (w *yard) templates() map[string]int {
	out := map[string]int{}
	for _, p := range w.pods() {
		out[p.GetAnnotations()[pool.Template]]++
	}
	return out
}

// A changed template reaches idle agents first; one with a build finishes it.
func TestAChangedTemplateReachesAllAgents(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 3, "  min: 3\n")
	w.start()
	w.online(3)
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	busy := ""
	for _, n := range w.jenkins.Nodes() {
		if n.Busy > 0 {
			busy = n.Name
		}
	}
	w.merge("ReplicaSet", "agent-linux", `{spec: {template: `+w.template("linux", "two", "")+`}}`)
	w.eventually("the idle agents to be of the new template", func() error {
		if n := w.templates(); n["two"] != 2 {
			return fmt.Errorf("%v", n)
		}
		return nil
	})
	if !slices.ContainsFunc(w.pods(), func(p object) bool { return p.GetName() == busy && p.GetDeletionTimestamp() == nil }) {
		t.Errorf("agent %s was stopped while it had a build", busy)
	}
	w.eventually("the busy one to take no other build", func() error {
		if n, ok := w.jenkins.Node(busy); !ok || !n.Parked || n.Busy != 1 {
			return fmt.Errorf("%+v", n)
		}
		return nil
	})
	w.jenkins.FinishAll()
	w.eventually("all agents to be of the new template", func() error {
		r := w.status("linux").Rollout
		if n := w.templates(); n["two"] != 3 || n["one"] != 0 || r == nil || r.Phase != "Complete" || r.Template != "two" {
			return fmt.Errorf("%v, %+v", n, r)
		}
		return nil
	})
	w.online(3)
	w.unhurt()
}

// A template whose first agent does not come up is gone back from, and the others never see it.
func TestATemplateThatFailsItsCanaryIsGoneBackFrom(t *testing.T) {
	t.Parallel()
	w := newYardAt(t, 5) // pods are as old as the cluster's clock says
	w.agents("ReplicaSet", "linux", 3, "  min: 2\n")
	w.merge("AgentPool", "linux", `{spec: {rollout: {canary: 1, updatePeriod: 1s}}}`)
	w.start()
	w.online(2)
	w.eventually("the first template to be known as good", func() error {
		if s := w.status("linux"); s.Rollout == nil || s.Rollout.Phase != "Complete" || s.Idle != 2 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.merge("AgentPool", "linux", `{spec: {startupTimeout: 2m}}`)
	w.merge("ReplicaSet", "agent-linux", `{spec: {template: `+w.template("linux", "bad", `, e2e.majordomo.dev/waiting: ImagePullBackOff`)+`}}`)
	w.eventually("the roll-back", func() error {
		rs := w.get("ReplicaSet", "agent-linux")
		if n := w.templates(); n["one"] < 1 {
			t.Fatalf("templates %v: more than the canary was replaced", n)
		}
		if at(rs, "metadata", "annotations", pool.RolledBack) != "bad" || at(rs, "spec", "template", "metadata", "annotations", pool.Template) != "one" {
			return fmt.Errorf("template %v", at(rs, "spec", "template", "metadata", "annotations"))
		}
		return nil
	})
	w.event("linux", "RolledBack")
	w.eventually("two agents of the first template", func() error {
		if n := w.templates(); n["one"] != 2 || n["bad"] != 0 {
			return fmt.Errorf("%v", n)
		}
		return nil
	})
	w.online(2)
	if r := w.status("linux").Rollout; r == nil || r.Phase != "RolledBack" {
		t.Errorf("rollout %+v", r)
	}
}

// One build per agent: it goes after that, and a fresh one takes its place where one is wanted.
func TestAnAgentIsRecycledAfterItsBuild(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "  min: 1\n  recycle: {builds: 1}\n")
	w.start()
	w.online(1)
	first := w.pods()[0].GetName()
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	w.eventually("the build to be seen", func() error {
		if s := w.status("linux"); s.Busy != 1 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.jenkins.FinishAll()
	w.eventually("a fresh agent", func() error {
		for _, p := range w.pods() {
			if p.GetName() == first {
				return fmt.Errorf("%s is still there", first)
			}
		}
		return nil
	})
	w.online(1)
	w.unhurt()
}
