package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// startLimit is far more than a start takes on a busy machine.
const startLimit = 2 * time.Minute

// ready waits until the API server serves and the controllers, kwok among them, do their work.
func ready(ctx context.Context, opts upOptions, d directory) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	client, err := client(d)
	if err != nil {
		return err
	}
	steps := []struct {
		what string
		done func() error
	}{
		{"the API server is ready", func() error {
			return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		}},
		{"nodes are created", func() error { return createNodes(ctx, client, opts) }},
		{"nodes are ready", func() error { return nodesReady(ctx, client, opts.nodes) }},
		{"the controllers work", func() error {
			_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
			return err
		}},
	}
	for _, step := range steps {
		if err := poll(ctx, step.done); err != nil {
			return fmt.Errorf("wait until %s: %w", step.what, err)
		}
	}
	return nil
}

// poll calls done until it returns nil.
func poll(ctx context.Context, done func() error) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

func client(d directory) (*kubernetes.Clientset, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", d.path("stand-in.kubeconfig"))
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	return kubernetes.NewForConfig(rest.AddUserAgent(cfg, "majordomo-cluster"))
}

func createNodes(ctx context.Context, client kubernetes.Interface, opts upOptions) error {
	resources, err := nodeResources(opts)
	if err != nil {
		return err
	}
	for i := range opts.nodes {
		name := fmt.Sprintf("node-%d", i)
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
				corev1.LabelTopologyZone: "zone-a", corev1.LabelTopologyRegion: "region-a",
			}},
			Status: corev1.NodeStatus{Allocatable: resources, Capacity: resources},
		}
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func nodeResources(opts upOptions) (corev1.ResourceList, error) {
	cpu, err := resource.ParseQuantity(opts.nodeCPU)
	if err != nil {
		return nil, fmt.Errorf("--node-cpu %q: %w", opts.nodeCPU, err)
	}
	memory, err := resource.ParseQuantity(opts.nodeMem)
	if err != nil {
		return nil, fmt.Errorf("--node-memory %q: %w", opts.nodeMem, err)
	}
	pods := *resource.NewQuantity(int64(opts.nodePods), resource.DecimalSI)
	return corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory, corev1.ResourcePods: pods}, nil
}

func nodesReady(ctx context.Context, client kubernetes.Interface, want int) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	got := 0
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				got++
			}
		}
	}
	if got < want {
		return fmt.Errorf("%d of %d", got, want)
	}
	return nil
}
