package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// Live reads the target of a pool and all of its pods from the server itself. The error wraps ErrGone if there is no such target.
func (c *Client) Live(ctx context.Context, p *pool.Pool) (drain.Target, []roster.Pod, error) {
	ref := p.Spec.Target
	at := scope{kinds[ref.Kind], p.Namespace}
	target, err := c.get(ctx, at.resource, Ref{p.Namespace, ref.Name})
	if err != nil {
		return drain.Target{}, nil, err
	}
	var members []map[string]any
	if at.resource == deployments {
		if members, err = c.listMembers(ctx, target, p.Namespace); err != nil {
			return drain.Target{}, nil, err
		}
	}
	c.learn(at, target)
	t := readTarget(target, members)
	pods, err := c.listPods(ctx, p.Namespace, selector(target))
	if err != nil {
		return drain.Target{}, nil, err
	}
	var own []roster.Pod
	for i := range pods {
		if pod := readPod(&pods[i]); owns(t.UID, members, pod.Owner) {
			own = append(own, pod)
		}
	}
	return t, own, nil
}

// learn takes an object that a request has brought into the view, so that what was just written is not planned again.
func (c *Client) learn(s scope, o map[string]any) {
	value := strip(o)
	c.view.put(s, item{
		name: text(o, "metadata", "name"), uid: text(o, "metadata", "uid"), version: number(text(o, "metadata", "resourceVersion")), value: value,
	})
}

func (c *Client) listMembers(ctx context.Context, target map[string]any, namespace string) ([]map[string]any, error) {
	var all []map[string]any
	err := c.call(ctx, "list replicasets in "+namespace, func(ctx context.Context) error {
		list, err := c.objects.Resource(replicaSets).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, u := range list.Items {
			all = append(all, u.Object)
		}
		return nil
	})
	return membersOf(target, all), err
}

// listPods reads what there is now, not what a cache of the server has.
func (c *Client) listPods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	var out []corev1.Pod
	err := c.call(ctx, "list pods in "+namespace, func(ctx context.Context) error {
		list, err := c.pods.Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err == nil {
			out = list.Items
		}
		return err
	})
	return out, err
}
