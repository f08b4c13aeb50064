package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	authorization "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

const (
	callTimeout = 10 * time.Second // of one request of a check
	askAtOnce   = 8
)

// verbs are what a sync does with every kind of object, beside deleting it.
var verbs = []string{"get", "list", "watch", "create", "patch"}

// deletes tells whether a sync may ever delete the object: what is kept when Git no longer has it needs nobody with the right to.
func deletes(o object.Object) bool {
	id := o.ID()
	return !id.Protected() || o.Annotation(object.Prune) == "allowed" || !id.Volume() && o.Annotation(object.Recreate) == "true"
}

// rights asks the cluster, as the identity of an environment, whether it may do what the overlay needs.
func (k *checks) rights(ctx context.Context, cfg *rest.Config, env config.Environment, want plan.Desired) {
	as := impersonated(cfg, env)
	needs, err := needs(ctx, as, want)
	if err != nil {
		k.note("rights", env.Name, err, "")
		return
	}
	missing, err := denied(ctx, as, needs)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s may not %s", cmp.Or(env.ServiceAccount.User(), "majordomo's own identity"), strings.Join(missing, "; nor "))
	}
	kinds := 0
	for _, n := range needs {
		if n.Verb == verbs[0] {
			kinds++
		}
	}
	k.note("rights", env.Name, err, fmt.Sprintf("%d kinds of object, each with %s; and delete, of what may ever be deleted", kinds, strings.Join(verbs, " ")))
}

// impersonated returns the way to the cluster as the identity of an environment.
func impersonated(cfg *rest.Config, env config.Environment) *rest.Config {
	c := rest.CopyConfig(cfg)
	c.Timeout = callTimeout
	c.QPS, c.Burst = -1, 0
	if user := env.ServiceAccount.User(); user != "" {
		c.Impersonate = rest.ImpersonationConfig{UserName: user} // the API server adds the groups
	}
	return c
}

func serverVersion(ctx context.Context, cfg *rest.Config) (string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return "", err
	}
	v, err := client.ServerVersionWithContext(ctx)
	if err != nil {
		return "", err
	}
	return v.GitVersion, nil
}

// needs returns what a sync asks of the API server: each verb, for each kind in each namespace, and for what has no namespace by name.
func needs(ctx context.Context, cfg *rest.Config, want plan.Desired) ([]authorization.ResourceAttributes, error) {
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, err
	}
	var out []authorization.ResourceAttributes
	var unserved []error
	versions := map[schema.GroupVersion]*metav1.APIResourceList{}
	for _, id := range want.IDs() {
		gv := schema.GroupVersion{Group: id.Group, Version: want.Objects[id].Object.Version()}
		list, asked := versions[gv]
		if !asked {
			if list, err = client.ServerResourcesForGroupVersionWithContext(ctx, gv.String()); err != nil {
				list = &metav1.APIResourceList{}
				unserved = append(unserved, fmt.Errorf("the cluster does not serve %s: %w", gv, err))
			}
			versions[gv] = list
		}
		for _, a := range attributes(want.Objects[id].Object, gv, list) {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out, errors.Join(unserved...)
}

// attributes returns the requests that a sync makes for one object.
func attributes(o object.Object, gv schema.GroupVersion, served *metav1.APIResourceList) []authorization.ResourceAttributes {
	id := o.ID()
	i := slices.IndexFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Kind == id.Kind && !strings.Contains(r.Name, "/") })
	if i < 0 {
		return nil
	}
	a := authorization.ResourceAttributes{Group: gv.Group, Version: gv.Version, Resource: served.APIResources[i].Name, Namespace: id.Namespace}
	if !served.APIResources[i].Namespaced {
		a.Name = id.Name
	}
	var out []authorization.ResourceAttributes
	for _, verb := range verbs {
		a.Verb = verb
		out = append(out, a)
	}
	if deletes(o) {
		a.Verb = "delete"
		out = append(out, a)
	}
	return out
}

// denied returns what the identity may not do, in words.
func denied(ctx context.Context, cfg *rest.Config, needs []authorization.ResourceAttributes) ([]string, error) {
	client, err := authorizationclient.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	allowed := make([]bool, len(needs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askAtOnce)
	for i := range needs {
		g.Go(func() error {
			ask := &authorization.SelfSubjectAccessReview{Spec: authorization.SelfSubjectAccessReviewSpec{ResourceAttributes: &needs[i]}}
			answer, err := client.SelfSubjectAccessReviews().Create(ctx, ask, metav1.CreateOptions{})
			if err == nil {
				allowed[i] = answer.Status.Allowed
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("ask for rights: %w", err)
	}
	return words(needs, allowed), nil
}

// words lists what is not allowed, the verbs of one resource together.
func words(needs []authorization.ResourceAttributes, allowed []bool) []string {
	var order []string
	missing := map[string][]string{}
	for i, n := range needs {
		if allowed[i] {
			continue
		}
		what := n.Resource
		if n.Subresource != "" {
			what += "/" + n.Subresource
		}
		if n.Group != "" {
			what += "." + n.Group
		}
		if n.Name != "" {
			what += " " + n.Name
		}
		if n.Namespace != "" {
			what += " in namespace " + n.Namespace
		}
		if missing[what] == nil {
			order = append(order, what)
		}
		missing[what] = append(missing[what], n.Verb)
	}
	for i, what := range order {
		order[i] = strings.Join(missing[what], ", ") + " " + what
	}
	return order
}
