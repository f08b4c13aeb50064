package pool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const targetField = "spec.scaleTargetRef"

// CheckTarget returns what is wrong with the controller that the pool scales, as the API server or a file has it; nil stands for none.
// What replaces or scales its pods by itself would kill their builds.
func (p *Pool) CheckTarget(target map[string]any) []*Problem {
	c := &check{}
	if target == nil {
		c.fail(targetField, "names the %s %s, which is not in namespace %s", p.Spec.Target.Kind, p.Spec.Target.Name, p.Namespace)
		return c.problems
	}
	c.replacesPods(p.Spec.Target, target)
	if owner := controller(target); owner != "" {
		c.fail(targetField, "names the %s %s, which belongs to %s: that scales it; name a controller of its own", p.Spec.Target.Kind, p.Spec.Target.Name, owner)
	}
	template := at(target, "spec", "template")
	labels, _ := at(template, "metadata", "labels").(map[string]any)
	if other, _ := labels[Label].(string); other != "" && other != p.Name {
		c.fail(targetField, "names the %s %s, whose pods have the label %s: %s, but the pool is %s", p.Spec.Target.Kind, p.Spec.Target.Name, Label, other, p.Name)
	}
	c.environment(p, template)
	return c.problems
}

// replacesPods finds controllers that replace pods on their own when their template changes.
func (c *check) replacesPods(t Target, target map[string]any) {
	switch t.Kind {
	case "Deployment":
		if paused, _ := at(target, "spec", "paused").(bool); !paused {
			c.fail(targetField, "names a Deployment, which replaces pods on its own when their template changes, and kills their builds; "+
				"use a ReplicaSet, or set spec.paused: true in it")
		}
	case "StatefulSet":
		if how, _ := at(target, "spec", "updateStrategy", "type").(string); how != "OnDelete" {
			c.fail(targetField, "names a StatefulSet, which replaces pods on its own when their template changes, and kills their builds; "+
				"set spec.updateStrategy.type: OnDelete in it, or use a ReplicaSet")
		}
		if how, _ := at(target, "spec", "podManagementPolicy").(string); how != "Parallel" {
			c.warn(targetField, "names a StatefulSet that starts one pod after another; spec.podManagementPolicy: Parallel starts them at once")
		}
	}
}

// environment compares what agents tell Jenkins with what the pool says, where manifests pass it by these names.
func (c *check) environment(p *Pool, template any) {
	list, _ := at(template, "spec", "containers").([]any)
	for _, one := range list {
		env, _ := at(one, "env").([]any)
		for _, v := range env {
			name, _ := at(v, "name").(string)
			value, _ := at(v, "value").(string)
			switch {
			case value == "":
			case name == "AGENT_LABELS" && !slices.Equal(slices.Sorted(slices.Values(strings.Fields(value))), slices.Sorted(slices.Values(p.Spec.Labels))):
				c.warn("spec.labels", "are %s, but agents offer AGENT_LABELS=%q", strings.Join(p.Spec.Labels, " "), value)
			case name == "AGENT_MODE" && !strings.EqualFold(value, p.Spec.Mode):
				c.warn("spec.mode", "is %s, but agents have AGENT_MODE=%s", p.Spec.Mode, value)
			}
		}
	}
}

// controller returns KIND NAME of what controls an object, "" for nothing.
func controller(o map[string]any) string {
	owners, _ := at(o, "metadata", "ownerReferences").([]any)
	for _, owner := range owners {
		if is, _ := at(owner, "controller").(bool); is {
			return fmt.Sprintf("%v %v", at(owner, "kind"), at(owner, "name"))
		}
	}
	return ""
}

// Is tells whether a reference to an object of the pool's namespace, such as that of a HorizontalPodAutoscaler, is to the pool's target.
func (t Target) Is(ref map[string]any) bool {
	kind, _ := ref["kind"].(string)
	name, _ := ref["name"].(string)
	version, _ := ref["apiVersion"].(string)
	group, _, grouped := strings.Cut(version, "/")
	own, _, ownGrouped := strings.Cut(t.APIVersion, "/")
	return kind == t.Kind && name == t.Name && (version == "" || grouped == ownGrouped && (!grouped || group == own))
}

// CheckAutoscalers returns a problem for each HorizontalPodAutoscaler of the pool's namespace that scales the pool's target, or the pool.
func (p *Pool) CheckAutoscalers(list []map[string]any) []*Problem {
	c := &check{}
	for _, o := range list {
		ref, _ := at(o, "spec", "scaleTargetRef").(map[string]any)
		name := at(o, "metadata", "name")
		switch kind, _ := ref["kind"].(string); {
		case at(o, "metadata", "namespace") != any(p.Namespace):
		case p.Spec.Target.Is(ref):
			c.fail(targetField, "names the %s %s, which the HorizontalPodAutoscaler %v scales too; remove that one", p.Spec.Target.Kind, p.Spec.Target.Name, name)
		case kind == Kind && ref["name"] == any(p.Name):
			c.fail("spec.replicas", "is written by the HorizontalPodAutoscaler %v; the pool scales itself, so remove that one", name)
		}
	}
	return c.problems
}

// Conflicts returns, by key, what pools have against each other: one target, or labels that only one of them can serve.
func Conflicts(pools []*Pool) map[string][]*Problem {
	found := map[string]*check{}
	of := func(p *Pool) *check {
		if found[p.Key()] == nil {
			found[p.Key()] = &check{}
		}
		return found[p.Key()]
	}
	sorted := slices.SortedFunc(slices.Values(pools), func(a, b *Pool) int { return strings.Compare(a.Key(), b.Key()) })
	targets, offers := map[string]*Pool{}, map[string]*Pool{}
	for _, p := range sorted {
		t := p.Namespace + "/" + p.Spec.Target.Kind + "/" + p.Spec.Target.Name
		if first := targets[t]; first != nil {
			const text = "names the %s %s, which pool %s scales too; each pool needs a target of its own"
			of(p).fail(targetField, text, p.Spec.Target.Kind, p.Spec.Target.Name, first.Name)
			of(first).fail(targetField, text, p.Spec.Target.Kind, p.Spec.Target.Name, p.Name)
		} else {
			targets[t] = p
		}
		o := strings.TrimSuffix(p.Spec.Jenkins.URL, "/") + "\n" + strings.Join(slices.Sorted(slices.Values(p.Spec.Labels)), "\n")
		if first := offers[o]; first != nil {
			of(p).warn("spec.labels", "are those of pool %s of the same Jenkins; builds go to that one alone", first.Key())
		} else {
			offers[o] = p
		}
	}
	all := map[string][]*Problem{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all[key] = found[key].problems
	}
	return all
}

// at returns the value at a path of fields, nil if there is none.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}
