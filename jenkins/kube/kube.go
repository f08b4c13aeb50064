// Package kube speaks to a Kubernetes API server for the pools of one environment: watch, read right before an act, scale, mark, delete, tell.
//
// What there is to see comes from watches, so that a look costs no request. What is written rests on what was read, by UID and resource
// version, and each write is such that doing it twice is doing it once.
package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"majordomo.dev/jenkins/pool"
)

const (
	callTimeout = 15 * time.Second // one request, where the config sets none
	parallel    = 8                // requests under way at once for one environment
	grace       = 5 * time.Second  // for requests under way when the program stops
)

// Ref names an object of a namespace.
type Ref struct{ Namespace, Name string }

// String returns NAMESPACE/NAME.
func (r Ref) String() string { return r.Namespace + "/" + r.Name }

// RefOf names a pool.
func RefOf(p *pool.Pool) Ref { return Ref{p.Namespace, p.Name} }

// Options are how a client works. The zero value works.
type Options struct {
	Log *slog.Logger // nil: silent
	// Notify is told of each namespace in which something has changed that a pool may have to act on. It must not block. May be nil.
	Notify func(namespace string)
}

// Client acts for the pools of one environment, with the identity of its config.
type Client struct {
	who     string
	timeout time.Duration
	objects dynamic.Interface
	pods    core.PodsGetter
	limit   chan struct{}
	log     *slog.Logger
	notify  func(string)
	view    *view
	watches *watches
}

// New returns a client. The config's Timeout bounds each request but watches.
func New(config *rest.Config, o Options) (*Client, error) {
	c := rest.CopyConfig(config)
	c.QPS, c.Burst = -1, 0 // bounded by limit and by the server's own fairness
	c.UserAgent = "majordomo-fleet"
	c.Timeout = 0 // it would end watches
	objects, err := dynamic.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	c.ContentType, c.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json"
	pods, err := core.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	out := &Client{
		who: cmp.Or(c.Impersonate.UserName, "majordomo's own identity"), timeout: cmp.Or(config.Timeout, callTimeout),
		objects: objects, pods: pods, limit: make(chan struct{}, parallel), log: o.Log, notify: o.Notify, view: newView(),
	}
	if out.log == nil {
		out.log = slog.New(slog.DiscardHandler)
	}
	if out.notify == nil {
		out.notify = func(string) {}
	}
	out.watches = newWatches(out)
	return out, nil
}

// The resources.
var (
	agentPools             = schema.GroupVersionResource{Group: pool.Group, Version: pool.Version, Resource: pool.Resource}
	podResource            = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	replicaSets            = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	deployments            = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	statefulSets           = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
	replicationControllers = schema.GroupVersionResource{Version: "v1", Resource: "replicationcontrollers"}
	quotas                 = schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}
	autoscalers            = schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	secrets                = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	configMaps             = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	revisions              = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "controllerrevisions"}
	events                 = schema.GroupVersionResource{Version: "v1", Resource: "events"}
)

// kinds are the controllers that a pool may scale.
var kinds = map[string]schema.GroupVersionResource{
	"ReplicaSet": replicaSets, "Deployment": deployments, "StatefulSet": statefulSets, "ReplicationController": replicationControllers,
}

// What callers branch on.
var (
	// ErrChanged means that an object is not the one that was looked at: it was changed or replaced in between.
	ErrChanged = errors.New("it was changed meanwhile")
	// ErrGone means that there is no such object.
	ErrGone = errors.New("it is not there")
	// ErrForbidden means that the environment's identity lacks a right.
	ErrForbidden = errors.New("forbidden")
	// ErrUnread means that the watches have not shown what is needed yet.
	ErrUnread = errors.New("not read yet")
)

// call does one bounded request.
func (c *Client) call(ctx context.Context, what string, do func(context.Context) error) error {
	release, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	return c.explain(what, c.bounded(ctx, do))
}

// write does one bounded request that is not broken off when the program stops: what is under way is finished, within a few seconds. None
// begins after ctx has ended.
func (c *Client) write(ctx context.Context, what string, do func(context.Context) error) error {
	release, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	return c.explain(what, c.bounded(going, do))
}

// enter waits for a place among the requests under way.
func (c *Client) enter(ctx context.Context) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case c.limit <- struct{}{}:
		return func() { <-c.limit }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *Client) bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("the API server did not answer within %s", c.timeout))
	defer cancel()
	err := do(ctx)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// failedTest is what the API server says of a JSON patch whose test fails.
const failedTest = "rejected our request due to an error in our request"

// explain says what was tried, and what to do about it.
func (c *Client) explain(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s: %w", what, ErrGone)
	case apierrors.IsConflict(err), apierrors.IsInvalid(err) && (strings.Contains(err.Error(), "metadata.uid") || strings.Contains(err.Error(), failedTest)):
		return fmt.Errorf("%s: %w: %w", what, ErrChanged, err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s: %w for %s: %w; grant the missing right to it, see `majordomo check`", what, ErrForbidden, c.who, err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: the cluster refuses majordomo's credentials: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// patch changes an object, or one of its subresources.
func (c *Client) patch(ctx context.Context, r schema.GroupVersionResource, at Ref, as types.PatchType, body []byte, sub ...string) (map[string]any, error) {
	opts := metav1.PatchOptions{FieldManager: pool.Manager}
	if as == types.ApplyPatchType {
		force := true
		opts.Force = &force
	}
	what := "patch " + r.Resource + " " + at.String()
	var out map[string]any
	err := c.write(ctx, what, func(ctx context.Context) error {
		u, err := c.objects.Resource(r).Namespace(at.Namespace).Patch(ctx, at.Name, as, body, opts, sub...)
		if err == nil {
			out = u.Object
		}
		return err
	})
	return out, err
}

// get reads an object from the server itself.
func (c *Client) get(ctx context.Context, r schema.GroupVersionResource, at Ref) (map[string]any, error) {
	var out map[string]any
	err := c.call(ctx, "read "+r.Resource+" "+at.String(), func(ctx context.Context) error {
		u, err := c.objects.Resource(r).Namespace(at.Namespace).Get(ctx, at.Name, metav1.GetOptions{})
		if err == nil {
			out = u.Object
		}
		return err
	})
	return out, err
}
