package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"majordomo.dev/reconciler/config"
)

// podLabels are those of the pods of majordomo, as its manifests have them.
const podLabels = "app.kubernetes.io/name=majordomo"

// againAfter is how long the dashboard waits before it looks for another pod.
const againAfter = time.Second

func (a *app) dashboardCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "dashboard", Short: "Show the page of the majordomo that runs in the cluster, by a port-forward", GroupID: groupLook,
		Long: `Forward a port of this machine to the pod of majordomo, the one that leads, and print
the address of its page. If the pod goes, another one takes its place. Ends with Ctrl-C.

Whoever may forward a port to the pod sees the page without a login. To act there, log
in with a token, such as one of "kubectl create token".`,
		Example: `  majordomo dashboard
  majordomo dashboard --port 8080                     always the same address
  majordomo dashboard --context gke_my-project_europe-west1_jenkins`,
		Args: arguments(0, 0, "no argument"), ValidArgsFunction: cobra.NoFileCompletions,
		Annotations: codes("0 ended by Ctrl-C", "4 you may not forward a port to the pod", "6 no pod of majordomo runs"),
	}
	namespace := c.Flags().StringP("namespace", "n", config.Default().Namespace, "namespace of majordomo")
	port := c.Flags().Uint16("port", 0, "port of this machine; 0 is any free one")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := a.kube().connect(a.context)
		if err != nil {
			return err
		}
		return a.forward(c.Context(), cfg, *namespace, *port)
	}
	return c
}

// forward leads a port of this machine to the page, from one pod to the next, until ctx ends.
func (a *app) forward(ctx context.Context, cfg *rest.Config, namespace string, port uint16) error {
	for shown := false; ; {
		to, err := a.door(ctx, cfg, namespace)
		if err == nil {
			err = to.forward(ctx, cfg, &port, func() {
				if !shown {
					a.done("the page of majordomo in pod %s is at this address until you press Ctrl-C", to.pod)
					a.printf("http://127.0.0.1:%d/\n", port)
					_ = a.out.Flush()
				}
				shown = true
			})
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // ended by hand, as it is meant to
		case err != nil && !shown:
			return err
		case err != nil:
			a.warn("%s; trying again", err)
		default:
			a.warn("the connection to pod %s has ended; looking for another", to.pod)
		}
		select {
		case <-ctx.Done():
		case <-time.After(againAfter):
		}
	}
}

// door is where the page is: a port of a pod.
type door struct {
	namespace, pod string
	port           int32
}

// door returns that of the pod that leads, else of any that is ready, else of any that runs.
func (a *app) door(ctx context.Context, cfg *rest.Config, namespace string) (door, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client, err := corev1.NewForConfig(cfg)
	if err != nil {
		return door{}, err
	}
	list, err := client.Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: podLabels})
	if err != nil {
		return door{}, fmt.Errorf("look for the pod of majordomo: %w", err)
	}
	leads := leadingPod(ctx, cfg, namespace)
	rank := func(p core.Pod) int {
		switch {
		case p.Status.Phase != core.PodRunning || p.DeletionTimestamp != nil:
			return 3
		case !podReady(p):
			return 2
		case p.Name != leads:
			return 1
		}
		return 0
	}
	slices.SortFunc(list.Items, func(x, y core.Pod) int { return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x.Name, y.Name)) })
	if len(list.Items) == 0 {
		return door{}, notFoundf("no pod of majordomo is in namespace %s: none has the label %s; is it another --namespace, or another --context?", namespace, podLabels)
	}
	best := list.Items[0]
	if rank(best) == 3 {
		return door{}, notFoundf("no pod of majordomo runs in namespace %s: %s is %s; `kubectl describe pod -n %s %s` tells more", namespace, best.Name, best.Status.Phase, namespace, best.Name)
	}
	for _, name := range []string{"dashboard", "http"} {
		for _, c := range best.Spec.Containers {
			if i := slices.IndexFunc(c.Ports, func(p core.ContainerPort) bool { return p.Name == name }); i >= 0 {
				return door{namespace, best.Name, c.Ports[i].ContainerPort}, nil
			}
		}
	}
	return door{}, notFoundf("pod %s of namespace %s names no port dashboard, and none http; is it one of majordomo?", best.Name, namespace)
}

func podReady(p core.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c core.PodCondition) bool { return c.Type == core.PodReady && c.Status == core.ConditionTrue })
}

// leadingPod returns the pod that holds the Lease, "" where none does, or the Lease may not be seen: any other replica shows the page, too.
func leadingPod(ctx context.Context, cfg *rest.Config, namespace string) string {
	client, err := coordination.NewForConfig(cfg)
	if err != nil {
		return ""
	}
	lease, err := client.Leases(namespace).Get(ctx, leaseName, metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	host, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	return host
}

// forward leads the port to the door until the connection or ctx ends. The port is 0 for any, and then the one that was free.
func (d door) forward(ctx context.Context, cfg *rest.Config, port *uint16, ready func()) error {
	dialer, err := d.dialer(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	open := make(chan struct{})
	f, err := portforward.NewOnAddressesForStreamingWithContext(ctx, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("%d:%d", *port, d.port)}, open, nil, nil)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- f.ForwardPorts() }()
	select {
	case err = <-ended:
		return d.explain(cmp.Or(dialer.failed, err))
	case <-open:
	}
	if ports, err := f.GetPorts(); err == nil && len(ports) == 1 {
		*port = ports[0].Local
	}
	ready()
	return d.explain(<-ended)
}

// caller dials, and keeps what went wrong: the forwarder puts it into words only.
type caller struct {
	httpstream.Dialer
	first  error // of the way that was tried first
	failed error
}

// Dial connects to the pod.
func (c *caller) Dial(protocols ...string) (httpstream.Connection, string, error) {
	connection, protocol, err := c.Dialer.Dial(protocols...)
	if err != nil {
		c.failed = errors.Join(c.first, err)
	}
	return connection, protocol, err
}

// other tells whether the second way may work where the first has not: an older server, a proxy in between, or only the older right.
func (c *caller) other(err error) bool {
	c.first = err
	var failed *httpstream.UpgradeFailureError
	if errors.As(err, &failed) {
		c.first = failed.Cause
	}
	return failed != nil || httpstream.IsHTTPSProxyError(err)
}

// dialer reaches the pod through the API server: by WebSocket, which proxies let through, and where the server is older by SPDY.
func (d door) dialer(cfg *rest.Config) (*caller, error) {
	client, err := corev1.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	url := client.RESTClient().Post().Resource("pods").Namespace(d.namespace).Name(d.pod).SubResource("portforward").URL()
	old, upgrader, err := spdy.RoundTripperFor(cfg)
	if err != nil {
		return nil, err
	}
	socket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, cfg)
	if err != nil {
		return nil, err
	}
	older := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: old}, http.MethodPost, url)
	c := &caller{}
	c.Dialer = portforward.NewFallbackDialerForStreaming(socket, older, c.other)
	return c, nil
}

// explain says what somebody can do about the end of a connection; nil for one that was lost.
func (d door) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, portforward.ErrLostConnectionToPod):
		return nil
	case forbidden(err):
		return exit{exitAuth, fmt.Errorf("you may not forward a port to pod %s: that takes the right to create pods/portforward in namespace %s", d.pod, d.namespace)}
	case apierrors.IsNotFound(err):
		return notFoundf("pod %s is gone: %w", d.pod, err)
	}
	return fmt.Errorf("forward a port to pod %s: %w", d.pod, err)
}
