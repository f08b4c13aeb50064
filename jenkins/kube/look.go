package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

func decode(data []byte, into any) error { return json.Unmarshal(data, into) }

// Sight is a pool and all that belongs to it, as the watches have shown it.
type Sight struct {
	Pool     *pool.Pool
	Problems []*pool.Problem // with the spec, the target, and what else scales it
	Target   drain.Target    // zero if there is none
	Selector string          // of the pods
	Pods     []roster.Pod    // by name
	Room     int             // further pods that quotas leave room for, -1 for no limit
	RoomWhy  string          // which quota
	Stuck    string          // why the target's controller cannot make pods, in its words; "" if it can
	Held     bool            // the pool has our finalizer
	Stated   bool            // spec.replicas is part of what is applied, and no person's
}

// Pools lists the pools of the namespaces that are followed, as far as they have been read.
func (c *Client) Pools() []*pool.Pool {
	var out []*pool.Pool
	for _, ns := range c.namespaces() {
		list, err := c.view.list(scope{agentPools, ns})
		if err != nil {
			continue
		}
		for _, v := range list {
			out = append(out, v.(seenPool).pool)
		}
	}
	return out
}

func (c *Client) namespaces() []string {
	c.watches.mu.Lock()
	defer c.watches.mu.Unlock()
	return slices.Sorted(slices.Values(c.watches.namespaces))
}

// Trouble returns why the pools of a namespace cannot be read, nil if they can.
func (c *Client) Trouble(namespace string) error { return c.view.trouble(scope{agentPools, namespace}) }

// Behind returns why what Look shows of a pool's pods and target may be old, nil if their watches work.
func (c *Client) Behind(p *pool.Pool) error {
	err := c.view.trouble(scope{podResource, p.Namespace})
	if r, ok := kinds[p.Spec.Target.Kind]; err == nil && ok {
		err = c.view.trouble(scope{r, p.Namespace})
	}
	return err
}

// Look returns what there is to see of a pool, without a request. The error wraps ErrUnread while the watches begin, ErrGone if there is no
// such pool. Whatever else it says, the pool is in the sight if that is known.
func (c *Client) Look(ref Ref) (Sight, error) {
	v, err := c.view.one(scope{agentPools, ref.Namespace}, ref.Name)
	if err != nil {
		return Sight{}, err
	}
	seen, ok := v.(seenPool)
	if !ok {
		return Sight{}, fmt.Errorf("pool %s: %w", ref, ErrGone)
	}
	s := Sight{Pool: seen.pool, Held: slices.Contains(seen.finalizers, Finalizer), Stated: seen.stated, Room: -1}
	s.Problems = append(problemsOf(seen.problems), seen.pool.Validate()...)
	s.Problems = append(s.Problems, c.rivals(seen.pool)...)
	for _, p := range seen.unknown {
		s.Problems = append(s.Problems, &pool.Problem{Field: p.Field, Text: p.Text, Warning: true})
	}
	kind, known := kinds[seen.pool.Spec.Target.Kind]
	if !known || seen.pool.Spec.Target.Name == "" {
		return s, nil // a problem that is named already
	}
	return s, c.around(&s, scope{kind, ref.Namespace})
}

// rivals says which other pools scale the target of a pool: none of them may then.
func (c *Client) rivals(p *pool.Pool) (out []*pool.Problem) {
	list, err := c.view.list(scope{agentPools, p.Namespace})
	if err != nil {
		return nil
	}
	for _, v := range list {
		other := v.(seenPool).pool
		if t := p.Spec.Target; other.UID != p.UID && t.Name != "" && other.Spec.Target.Kind == t.Kind && other.Spec.Target.Name == t.Name {
			out = append(out, pool.Conflicts([]*pool.Pool{p, other})[p.Key()]...)
		}
	}
	return out
}

// problemsOf takes apart what Parse has joined.
func problemsOf(err error) []*pool.Problem {
	var out []*pool.Problem
	if err == nil {
		return nil
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, e := range all {
		p := (*pool.Problem)(nil)
		if !errors.As(e, &p) {
			p = &pool.Problem{Field: "spec", Text: e.Error()}
		}
		out = append(out, p)
	}
	return out
}

// around adds the target of a pool, its pods, and what else is about them.
func (c *Client) around(s *Sight, at scope) error {
	ns, ref := at.namespace, s.Pool.Spec.Target
	pods, err := c.view.list(scope{podResource, ns})
	if err != nil {
		return err
	}
	v, err := c.view.one(at, ref.Name)
	if err != nil {
		return err
	}
	target, _ := v.(map[string]any)
	s.Problems = append(s.Problems, s.Pool.CheckTarget(target)...)
	rivals, err := c.objectsOf(scope{autoscalers, ns})
	if err != nil {
		return err
	}
	s.Problems = append(s.Problems, s.Pool.CheckAutoscalers(rivals)...)
	if target == nil {
		return nil
	}
	members, err := c.members(target, ns)
	if err != nil {
		return err
	}
	s.Target, s.Selector, s.Stuck = readTarget(target, members), selector(target), stuck(target, members)
	for _, p := range pods {
		if pod := p.(seenPod).pod; owns(s.Target.UID, members, pod.Owner) {
			s.Pods = append(s.Pods, pod)
		}
	}
	limits, err := c.objectsOf(scope{quotas, ns})
	s.Room, s.RoomWhy = room(target, limits)
	return err
}

// objectsOf lists what there is of a kind without which a pool gets along: none if it cannot be read. Only that its watch has just begun is
// an error, ErrUnread: in a moment it is known.
func (c *Client) objectsOf(s scope) ([]map[string]any, error) {
	list, err := c.view.list(s)
	if errors.Is(err, ErrUnread) {
		return nil, err
	}
	out := make([]map[string]any, 0, len(list))
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out, nil
}

// members returns the ReplicaSets of a Deployment, none for other kinds.
func (c *Client) members(target map[string]any, namespace string) ([]map[string]any, error) {
	if text(target, "kind") != "Deployment" {
		return nil, nil
	}
	if _, err := c.view.list(scope{replicaSets, namespace}); err != nil {
		return nil, err
	}
	all, err := c.objectsOf(scope{replicaSets, namespace})
	return membersOf(target, all), err
}

func membersOf(target map[string]any, all []map[string]any) []map[string]any {
	return slices.DeleteFunc(slices.Clone(all), func(o map[string]any) bool { return controllerOf(o) != text(target, "metadata", "uid") })
}

// controllerOf returns the UID of an object's controller, "" for none.
func controllerOf(o map[string]any) string {
	owners, _ := at(o, "metadata", "ownerReferences").([]any)
	for _, owner := range owners {
		if is, _ := at(owner, "controller").(bool); is {
			return text(owner, "uid")
		}
	}
	return ""
}

// owns tells whether a pod with this owner is one of the target's.
func owns(target string, members []map[string]any, owner string) bool {
	return owner == target || slices.ContainsFunc(members, func(o map[string]any) bool { return text(o, "metadata", "uid") == owner })
}

// readTarget returns what a plan knows of a target. Members are the ReplicaSets of a Deployment.
func readTarget(o map[string]any, members []map[string]any) drain.Target {
	replicas, ok := integer(o, "spec", "replicas")
	if !ok {
		replicas = 1
	}
	kind := text(o, "kind")
	t := drain.Target{
		Kind: kind, Name: text(o, "metadata", "name"), UID: text(o, "metadata", "uid"), Version: text(o, "metadata", "resourceVersion"), Replicas: replicas,
		Template: text(o, "spec", "template", "metadata", "annotations", pool.Template), RolledBack: text(o, "metadata", "annotations", pool.RolledBack),
		Seen: count(o, "status", "replicas"), Settled: observed(o), Start: count(o, "spec", "ordinals", "start"),
	}
	switch kind {
	case "Deployment":
		t.Rolls, t.Seen = true, 0
		sum := 0
		for _, m := range members {
			t.Seen += count(m, "status", "replicas")
			sum += count(m, "spec", "replicas")
			t.Settled = t.Settled && observed(m)
		}
		t.Settled = t.Settled && sum == replicas
	case "StatefulSet":
		t.Rolls = text(o, "spec", "updateStrategy", "type") != "OnDelete"
	}
	return t
}

// observed tells whether the controller of an object has acted on its present spec.
func observed(o map[string]any) bool {
	return count(o, "status", "observedGeneration") == count(o, "metadata", "generation")
}

// stuck says why no pods can be made: the condition that ReplicaSets, ReplicationControllers and Deployments have for it.
func stuck(target map[string]any, members []map[string]any) string {
	for _, o := range append([]map[string]any{target}, members...) {
		list, _ := at(o, "status", "conditions").([]any)
		for _, c := range list {
			if text(c, "type") == "ReplicaFailure" && text(c, "status") == "True" {
				return strings.TrimSpace(text(c, "reason") + ": " + text(c, "message"))
			}
		}
	}
	return ""
}

// selector returns the selector of the pods, as kubectl and autoscalers take it.
func selector(o map[string]any) string {
	labels, ok := at(o, "spec", "selector", "matchLabels").(map[string]any)
	if !ok {
		labels, _ = at(o, "spec", "selector").(map[string]any) // of a ReplicationController
	}
	var parts []string
	for k, v := range labels {
		if s, ok := v.(string); ok {
			parts = append(parts, k+"="+s)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
