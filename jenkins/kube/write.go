package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// Scale writes the replicas of a target, under the fleet's own field manager, on top of the very version of the target that was read. Where that
// lowers them and the target has changed meanwhile, the error wraps ErrChanged. Where it raises them, it is tried again as long as it still does:
// the status of a target changes all the time.
func (c *Client) Scale(ctx context.Context, namespace string, t drain.Target, replicas int) error {
	const tries = 4
	r, ref := kinds[t.Kind], Ref{namespace, t.Name}
	lowers := replicas < t.Replicas
	for try := 1; ; try++ {
		err := c.scale(ctx, r, ref, t, replicas)
		again := errors.Is(err, ErrChanged) && !lowers && try < tries
		if err != nil && !again {
			return err
		}
		now, lost := c.get(ctx, r, ref)
		if lost != nil {
			return err // without one, the watch shows it in a moment
		}
		c.learn(scope{r, namespace}, now)
		if err == nil {
			return nil
		}
		next := readTarget(now, nil)
		if next.UID != t.UID || next.Replicas >= replicas {
			return err
		}
		t = next
	}
}

func (c *Client) scale(ctx context.Context, r schema.GroupVersionResource, ref Ref, t drain.Target, replicas int) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": map[string]any{"replicas": replicas},
		"metadata": map[string]any{"name": ref.Name, "namespace": ref.Namespace, "uid": t.UID, "resourceVersion": t.Version},
	})
	if err != nil {
		return err
	}
	_, err = c.patch(ctx, r, ref, types.ApplyPatchType, body, "scale")
	return err
}

// Writer says who wrote the replicas of a target last, other than the fleet; "somebody" if that cannot be told.
func (c *Client) Writer(ctx context.Context, namespace string, t drain.Target) string {
	const nobody = "somebody"
	o, err := c.get(ctx, kinds[t.Kind], Ref{namespace, t.Name})
	if err != nil {
		return nobody
	}
	who, when := nobody, ""
	list, _ := at(o, "metadata", "managedFields").([]any)
	for _, f := range list {
		spec, _ := at(f, "fieldsV1", "f:spec").(map[string]any)
		if _, writes := spec["f:replicas"]; writes && text(f, "manager") != pool.Manager && text(f, "time") >= when {
			who, when = text(f, "manager"), text(f, "time")
		}
	}
	return who
}

// Mark notes on a pod that it has to go, why, and with which cost its controller is to choose it before others.
func (c *Client) Mark(ctx context.Context, namespace string, s drain.Step) error {
	return c.annotate(ctx, Ref{namespace, s.Agent}, s.UID, map[string]any{pool.Drain: s.Annotation(), pool.DeletionCost: strconv.Itoa(s.Cost)})
}

// Unmark takes the mark away.
func (c *Client) Unmark(ctx context.Context, namespace string, s drain.Step) error {
	return c.annotate(ctx, Ref{namespace, s.Agent}, s.UID, map[string]any{pool.Drain: nil, pool.DeletionCost: nil})
}

// annotate changes the annotations of exactly this pod.
func (c *Client) annotate(ctx context.Context, at Ref, uid string, notes map[string]any) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": uid, "annotations": notes}})
	if err != nil {
		return err
	}
	return c.write(ctx, "mark pod "+at.String(), func(ctx context.Context) error {
		p, err := c.pods.Pods(at.Namespace).Patch(ctx, at.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: pool.Manager})
		if err == nil {
			s := scope{podResource, at.Namespace}
			if it, ok := keep(s, p); ok {
				c.view.put(s, it)
			}
		}
		return err
	})
}

// DeletePod deletes exactly this version of exactly this pod. One that is gone is fine.
func (c *Client) DeletePod(ctx context.Context, p roster.Pod) error {
	uid, version := types.UID(p.UID), p.Version
	err := c.write(ctx, "delete pod "+p.Namespace+"/"+p.Name, func(ctx context.Context) error {
		return c.pods.Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
	})
	if errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

// Finalizer keeps a deleted AgentPool until its agents are drained.
const Finalizer = "majordomo.dev/drain"

// Hold puts our finalizer on a pool.
func (c *Client) Hold(ctx context.Context, p *pool.Pool) error {
	now, err := c.get(ctx, agentPools, RefOf(p))
	if err != nil {
		return err
	}
	list, _ := at(now, "metadata", "finalizers").([]any)
	return c.finalizers(ctx, p, now, append(list, Finalizer))
}

// Release takes our finalizer from a pool. One that is gone is fine.
func (c *Client) Release(ctx context.Context, p *pool.Pool) error {
	now, err := c.get(ctx, agentPools, RefOf(p))
	if err != nil {
		if errors.Is(err, ErrGone) {
			return nil
		}
		return err
	}
	var rest []any
	list, _ := at(now, "metadata", "finalizers").([]any)
	for _, f := range list {
		if f != Finalizer {
			rest = append(rest, f)
		}
	}
	err = c.finalizers(ctx, p, now, rest)
	if errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

func (c *Client) finalizers(ctx context.Context, p *pool.Pool, now map[string]any, list []any) error {
	if text(now, "metadata", "uid") != p.UID {
		return fmt.Errorf("pool %s: %w", p.Key(), ErrChanged)
	}
	return c.merge(ctx, p, map[string]any{"metadata": map[string]any{
		"uid": p.UID, "resourceVersion": text(now, "metadata", "resourceVersion"), "finalizers": list,
	}})
}

// merge merges fields into a pool.
func (c *Client) merge(ctx context.Context, p *pool.Pool, fields map[string]any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	_, err = c.patch(ctx, agentPools, RefOf(p), types.MergePatchType, body)
	return err
}

// EndFloor takes away the floor that a person has set by hand, on top of exactly the version of the pool that was looked at.
func (c *Client) EndFloor(ctx context.Context, p *pool.Pool) error {
	return c.merge(ctx, p, map[string]any{
		"metadata": map[string]any{
			"uid": p.UID, "resourceVersion": p.Version, "annotations": map[string]any{pool.ScaleUntil: nil, pool.ScaleReason: nil},
		},
		"spec": map[string]any{"replicas": nil},
	})
}

// LimitFloor says until when a floor holds that a person has set without saying so, as kubectl scale does.
func (c *Client) LimitFloor(ctx context.Context, p *pool.Pool, until string) error {
	return c.merge(ctx, p, map[string]any{"metadata": map[string]any{
		"uid": p.UID, "resourceVersion": p.Version, "annotations": map[string]any{pool.ScaleUntil: until},
	}})
}

// WriteStatus replaces the status of exactly this pool.
func (c *Client) WriteStatus(ctx context.Context, p *pool.Pool, s pool.Status) error {
	status, err := s.Object()
	if err != nil {
		return err
	}
	body, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": p.UID},
		{"op": "add", "path": "/status", "value": status},
	})
	if err != nil {
		return err
	}
	_, err = c.patch(ctx, agentPools, RefOf(p), types.JSONPatchType, body, "status")
	return err
}
