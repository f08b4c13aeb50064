package kube

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
)

// room returns how many further pods of a target's template the quotas of the namespace leave room for, -1 for no limit, and which quota that is.
func room(target map[string]any, list []map[string]any) (int, string) {
	template, ok := at(target, "spec", "template").(map[string]any)
	if !ok || len(list) == 0 {
		return -1, ""
	}
	var t corev1.PodTemplateSpec
	if runtime.DefaultUnstructuredConverter.FromUnstructured(template, &t) != nil {
		return -1, ""
	}
	need := needs(&t.Spec)
	least, why := -1, ""
	for _, o := range list {
		var q corev1.ResourceQuota
		if runtime.DefaultUnstructuredConverter.FromUnstructured(o, &q) != nil || !covers(&q.Spec, &t.Spec, need) {
			continue
		}
		for name, hard := range q.Status.Hard {
			used := q.Status.Used[name]
			each, ok := need[name]
			if !ok || each.IsZero() {
				continue
			}
			n := fits(hard, used, each)
			text := fmt.Sprintf("quota %s leaves room for %d more: %s of %s %s are used, an agent takes %s", q.Name, n, used.String(), hard.String(), name, each.String())
			if least < 0 || n < least || n == least && text < why {
				least, why = n, text
			}
		}
	}
	return least, why
}

// fits returns how often one amount fits into what is left of another.
func fits(hard, used, each resource.Quantity) int {
	left := hard.DeepCopy()
	left.Sub(used)
	if left.Sign() <= 0 {
		return 0
	}
	const most = 100_000 // more agents than there may be
	return int(min(left.AsApproximateFloat64()/each.AsApproximateFloat64()*(1+1e-9), most))
}

// needs returns what a quota counts for one pod.
func needs(p *corev1.PodSpec) corev1.ResourceList {
	one := resource.MustParse("1")
	out := corev1.ResourceList{corev1.ResourcePods: one, "count/pods": one}
	for name, amount := range total(p, func(c *corev1.Container) corev1.ResourceList { return requests(c) }) {
		out["requests."+name] = amount
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) {
			out[name] = amount
		}
	}
	for name, amount := range total(p, func(c *corev1.Container) corev1.ResourceList { return c.Resources.Limits }) {
		out["limits."+name] = amount
	}
	return out
}

// requests are what a container asks for: its limit where it states nothing else.
func requests(c *corev1.Container) corev1.ResourceList {
	out := c.Resources.Limits.DeepCopy()
	if out == nil {
		out = corev1.ResourceList{}
	}
	for name, amount := range c.Resources.Requests {
		out[name] = amount
	}
	return out
}

// total is what a pod takes at most: all containers and those beside them at once, or one of those that prepare it with what runs beside by then.
func total(p *corev1.PodSpec, of func(*corev1.Container) corev1.ResourceList) corev1.ResourceList {
	sum, beside, peak := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range p.Containers {
		add(sum, of(&p.Containers[i]))
	}
	for i := range p.InitContainers {
		c := &p.InitContainers[i]
		if always := corev1.ContainerRestartPolicyAlways; c.RestartPolicy != nil && *c.RestartPolicy == always {
			add(sum, of(c))
			add(beside, of(c))
			raise(peak, beside)
			continue
		}
		now := beside.DeepCopy()
		add(now, of(c))
		raise(peak, now)
	}
	raise(sum, peak)
	add(sum, p.Overhead)
	return sum
}

func add(to, what corev1.ResourceList) {
	for name, amount := range what {
		n := to[name].DeepCopy()
		n.Add(amount)
		to[name] = n
	}
}

func raise(to, what corev1.ResourceList) {
	for name, amount := range what {
		if have := to[name]; have.Cmp(amount) < 0 {
			to[name] = amount
		}
	}
}

// covers tells whether a quota counts the pods of a template.
func covers(q *corev1.ResourceQuotaSpec, p *corev1.PodSpec, need corev1.ResourceList) bool {
	scopes := slices.Clone(q.Scopes)
	if q.ScopeSelector != nil {
		for _, e := range q.ScopeSelector.MatchExpressions {
			if e.ScopeName == corev1.ResourceQuotaScopePriorityClass {
				if !selects(e, p.PriorityClassName) {
					return false
				}
				continue
			}
			scopes = append(scopes, e.ScopeName)
		}
	}
	return !slices.ContainsFunc(scopes, func(s corev1.ResourceQuotaScope) bool { return !within(s, p, need) })
}

// within tells whether a pod is in a scope. One that is not known here has nothing in it, so that it does not hold anything back.
func within(s corev1.ResourceQuotaScope, p *corev1.PodSpec, need corev1.ResourceList) bool {
	best := true // effort: it asks for nothing
	for _, name := range []corev1.ResourceName{"requests.cpu", "requests.memory", "limits.cpu", "limits.memory"} {
		if _, asks := need[name]; asks {
			best = false
		}
	}
	switch s {
	case corev1.ResourceQuotaScopeTerminating:
		return p.ActiveDeadlineSeconds != nil
	case corev1.ResourceQuotaScopeNotTerminating:
		return p.ActiveDeadlineSeconds == nil
	case corev1.ResourceQuotaScopeBestEffort:
		return best
	case corev1.ResourceQuotaScopeNotBestEffort:
		return !best
	}
	return false
}

// selects tells whether a quota for pods by priority is for this one.
func selects(e corev1.ScopedResourceSelectorRequirement, class string) bool {
	switch e.Operator {
	case corev1.ScopeSelectorOpIn:
		return slices.Contains(e.Values, class)
	case corev1.ScopeSelectorOpNotIn:
		return !slices.Contains(e.Values, class)
	case corev1.ScopeSelectorOpExists:
		return class != ""
	case corev1.ScopeSelectorOpDoesNotExist:
		return class == ""
	}
	return false
}
