// Package cluster speaks to a Kubernetes API server for one environment: observe, watch, apply, prune, keep the books.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/object"
)

const (
	callTimeout = 30 * time.Second // one request, where the config sets none; an API server that hangs is an error after this
	parallel    = 16               // requests under way at once in one cluster, all environments together
	grace       = 5 * time.Second  // for requests under way when the program stops
)

// Server is one API server that several environments share. It bounds what they ask of it together.
type Server struct {
	config  *rest.Config
	timeout time.Duration // of one request
	limit   chan struct{}
	log     *slog.Logger
}

// NewServer returns the server that config names. The config's own identity is the program's; environments act through Client. The
// config's Timeout bounds each request but watches.
func NewServer(config *rest.Config, log *slog.Logger) *Server {
	c := rest.CopyConfig(config)
	c.QPS, c.Burst = -1, 0 // bounded by limit and by the server's own fairness
	c.UserAgent = "majordomo"
	c.Timeout = 0 // it would end watches
	return &Server{config: c, timeout: cmp.Or(config.Timeout, callTimeout), limit: make(chan struct{}, parallel), log: log}
}

// Client acts for one environment. All its requests carry the environment's identity.
type Client struct {
	env     string
	who     string
	config  *rest.Config
	objects dynamic.Interface
	kinds   *kinds
	view    *view
	server  *Server
	log     *slog.Logger

	watches *Watches // nil: every look is a request
}

// ErrNoIdentity means that an environment asks for impersonation and does not say of whom. Without the refusal, requests would carry the
// program's own rights.
var ErrNoIdentity = errors.New("serviceAccount is empty; name it as namespace/name, or leave the field out to use majordomo's own identity")

// Client returns a client for an environment. serviceAccount is "namespace/name" of the account to impersonate, nil for the
// program's own identity; empty or incomplete is ErrNoIdentity.
func (s *Server) Client(env string, serviceAccount *string) (*Client, error) {
	config := rest.CopyConfig(s.config)
	who := "majordomo's own identity"
	if serviceAccount != nil {
		namespace, name, _ := strings.Cut(*serviceAccount, "/")
		if namespace == "" || name == "" || strings.Contains(name, "/") {
			return nil, fmt.Errorf("environment %s: %w", env, ErrNoIdentity)
		}
		who = "system:serviceaccount:" + namespace + ":" + name
		// The server adds the groups of a service account itself; to name them would need the right to impersonate any group.
		config.Impersonate = rest.ImpersonationConfig{UserName: who}
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("environment %s: %w", env, err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("environment %s: %w", env, err)
	}
	return &Client{
		env: env, who: who, config: config, objects: objects, server: s, log: s.log.With("env", env),
		kinds: newKinds(disco.RESTClient(), s.timeout), view: newView(),
	}, nil
}

// Identity returns the user name that the client's requests carry.
func (c *Client) Identity() string { return c.who }

// Config returns the way to the cluster as the environment, for others that act for it. It is always the same, and not to be changed.
func (c *Client) Config() *rest.Config { return c.config }

// resource returns the interface to the objects of a kind.
func (c *Client) resource(k kind, namespace string) dynamic.ResourceInterface {
	if k.namespaced {
		return c.objects.Resource(k.resource).Namespace(namespace)
	}
	return c.objects.Resource(k.resource)
}

// call does one bounded request: at most `parallel` at once in this cluster, none longer than the server's timeout.
func (c *Client) call(ctx context.Context, do func(context.Context) error) error {
	release, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	return c.server.bounded(ctx, do)
}

// write does one bounded request that is not broken off when the program stops: what is under way is finished, within a few seconds.
func (c *Client) write(ctx context.Context, do func(context.Context) error) error {
	release, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	return c.server.bounded(going, do)
}

// Calm waits, for half a second at most, until hardly any requests are under way: what is written for people to read makes way for what they wait for.
func (s *Server) Calm(ctx context.Context) {
	const patience, glance = 500 * time.Millisecond, 5 * time.Millisecond
	for waited := time.Duration(0); len(s.limit) > parallel/4 && waited < patience && pause(ctx, glance); waited += glance {
	}
}

// enter waits for a place among the requests under way.
func (c *Client) enter(ctx context.Context) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case c.server.limit <- struct{}{}:
		return func() { <-c.server.limit }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// bounded does one request that takes no longer than the server's timeout.
func (s *Server) bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("the API server did not answer within %s", s.timeout))
	defer cancel()
	err := do(ctx)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// get reads one object from the server itself, not from a cache. A missing object is nil without an error.
func (c *Client) get(ctx context.Context, k kind, id object.ID) (object.Object, error) {
	var live object.Object
	err := c.call(ctx, func(ctx context.Context) error {
		u, err := c.resource(k, id.Namespace).Get(ctx, id.Name, metav1.GetOptions{})
		if err == nil {
			live = fromServer(u)
		}
		return err
	})
	if absent(err) {
		return nil, nil
	}
	return live, err
}

func fromServer(u *unstructured.Unstructured) object.Object { return object.Object(u.Object) }
