package kube

import (
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// podType tells a reflector what it gets.
var podType = &corev1.Pod{}

// seenPool is an AgentPool.
type seenPool struct {
	pool       *pool.Pool
	problems   error // that Parse found
	unknown    []*pool.Problem
	finalizers []string
	stated     bool // spec.replicas is stated by whoever applies the pool, so it is no hand's
}

// seenPod is a pod that some controller has made.
type seenPod struct {
	pod roster.Pod
}

// keep takes from an object what is needed of it. It is false for what is of no interest.
func keep(s scope, o any) (item, bool) {
	m, ok := o.(metav1.Object)
	if !ok {
		return item{}, false
	}
	it := item{name: m.GetName(), uid: string(m.GetUID()), version: number(m.GetResourceVersion())}
	if p, is := o.(*corev1.Pod); is {
		it.value = seenPod{readPod(p)}
		return it, it.value.(seenPod).pod.Owner != ""
	}
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return item{}, false
	}
	if s.resource != agentPools {
		it.value = strip(u.Object)
		return it, true
	}
	it.value, ok = readPool(u)
	return it, ok
}

func readPool(u *unstructured.Unstructured) (seenPool, bool) {
	p, err := pool.Parse(u.Object)
	if p == nil {
		return seenPool{}, false
	}
	return seenPool{pool: p, problems: err, unknown: pool.UnknownFields(u.Object), finalizers: u.GetFinalizers(), stated: stated(u)}, true
}

// stated tells whether spec.replicas is part of what somebody applies, as the environment line does with what Git has.
func stated(u *unstructured.Unstructured) bool {
	for _, f := range u.GetManagedFields() {
		if f.Operation != metav1.ManagedFieldsOperationApply || f.FieldsV1 == nil || f.Subresource != "" {
			continue
		}
		var fields map[string]any
		if decode(f.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if spec, ok := fields["f:spec"].(map[string]any); ok && spec["f:replicas"] != nil {
			return true
		}
	}
	return false
}

// strip returns an object without what only the API server and kubectl need.
func strip(o map[string]any) map[string]any {
	o = maps.Clone(o)
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		return o
	}
	meta = maps.Clone(meta)
	delete(meta, "managedFields")
	if notes, ok := meta["annotations"].(map[string]any); ok {
		notes = maps.Clone(notes)
		delete(notes, corev1.LastAppliedConfigAnnotation)
		meta["annotations"] = notes
	}
	o["metadata"] = meta
	return o
}

// same tells whether two values of one object say the same to whoever acts on them.
func same(a, b any) bool {
	switch a := a.(type) {
	case seenPod:
		b, ok := b.(seenPod)
		a.pod.Version, b.pod.Version = "", ""
		return ok && a == b
	case seenPool:
		b, ok := b.(seenPool)
		return ok && a.pool.Generation == b.pool.Generation && a.pool.Deleting == b.pool.Deleting && maps.Equal(a.pool.Annotations, b.pool.Annotations) &&
			slices.Equal(a.finalizers, b.finalizers)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && reflect.DeepEqual(content(a), content(b))
	}
	return false
}

// content is an object without its metadata that changes with every write.
func content(o map[string]any) []any {
	return []any{at(o, "metadata", "annotations"), at(o, "metadata", "deletionTimestamp"), o["spec"], o["status"]}
}

// at returns the value at a path of fields, nil if there is none.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

// integer returns a whole number, which JSON may have made a float.
func integer(v any, path ...string) (int, bool) {
	switch n := at(v, path...).(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}

func count(v any, path ...string) int {
	n, _ := integer(v, path...)
	return n
}
