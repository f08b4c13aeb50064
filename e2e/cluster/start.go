package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/version"
)

// startLimit is far more than a start takes on a busy machine.
const startLimit = 2 * time.Minute

// start writes the cluster's files, starts its components and waits until they work.
func start(ctx context.Context, opts upOptions, d directory, children *children) (state, *kubernetes.Clientset, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	st, err := startServers(opts, d, children)
	if err != nil {
		return st, nil, err
	}
	client, err := newClient(d)
	if err != nil {
		return st, nil, err
	}
	err = await(ctx, "the API server is ready", func() error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	if err != nil {
		return st, nil, err
	}
	for _, p := range clients(d) {
		if err := children.start(p, nil); err != nil {
			return st, nil, err
		}
	}
	return st, client, awaitClients(ctx, client, opts)
}

// startServers starts etcd and the API server, which inherits the socket it listens on.
func startServers(opts upOptions, d directory, children *children) (state, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // waits for nothing
	if err != nil {
		return state{}, err
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return state{}, err
	}
	defer socket.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	st, err := writeFiles(opts, d, port, time.Now())
	if err != nil {
		return state{}, err
	}
	if err := children.start(etcdProgram(d), nil); err != nil {
		return state{}, err
	}
	return st, children.start(apiserverProgram(d, port), socket)
}

// awaitClients waits until kwok and the controllers do their work.
func awaitClients(ctx context.Context, client kubernetes.Interface, opts upOptions) error {
	if err := createNodes(ctx, client, opts); err != nil {
		return err
	}
	err := await(ctx, "the nodes are ready", func() error { return nodesReady(ctx, client, opts.nodes) })
	if err != nil {
		return err
	}
	return await(ctx, "the controllers work", func() error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// await calls done until it returns nil.
func await(ctx context.Context, what string, done func() error) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); errors.Is(cause, errEnded) {
				return fmt.Errorf("ended by its owner before %s", what)
			}
			return fmt.Errorf("wait until %s: %w: %w", what, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

func newClient(d directory) (*kubernetes.Clientset, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", d.path("stand-in.kubeconfig"))
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	return kubernetes.NewForConfig(rest.AddUserAgent(cfg, "majordomo-cluster"))
}

func createNodes(ctx context.Context, client kubernetes.Interface, opts upOptions) error {
	for i := range opts.nodes {
		name := fmt.Sprintf("node-%d", i)
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
				corev1.LabelTopologyZone: "zone-a", corev1.LabelTopologyRegion: "region-a",
			}},
			Status: corev1.NodeStatus{Allocatable: opts.capacity, Capacity: opts.capacity, NodeInfo: corev1.NodeSystemInfo{
				OperatingSystem: "linux", Architecture: "amd64", KubeletVersion: version.Get().GitVersion, ContainerRuntimeVersion: "kwok://",
			}},
		}
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
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
