package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authorization "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/plan"
)

// poolRights asks the cluster, as the identity of an environment, whether it may do with agents what the environment's pools need.
func (k *checks) poolRights(ctx context.Context, cfg *rest.Config, env config.Environment, want plan.Desired) {
	var needs, wishes []authorization.ResourceAttributes
	count := 0
	for _, id := range want.IDs() {
		if !isPool(id) {
			continue
		}
		p, _ := pool.Parse(want.Objects[id].Object)
		if p == nil {
			continue
		}
		count++
		p.Namespace = id.Namespace
		needs, wishes = add(needs, poolNeeds(p)), add(wishes, poolWishes(p))
	}
	if count == 0 {
		return
	}
	as := impersonated(cfg, env)
	missing, err := denied(ctx, as, needs)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s may not %s", cmp.Or(env.ServiceAccount.User(), "majordomo's own identity"), strings.Join(missing, "; nor "))
	}
	unwatched, wrong := denied(ctx, as, wishes)
	well := plural(count, "pool", "pools") + ", whose agents may be started, marked and removed"
	if len(unwatched) > 0 {
		well += "; not needed, but useful: " + strings.Join(unwatched, "; ")
	}
	k.note("agents", env.Name, errors.Join(err, wrong), well)
}

func add(list, more []authorization.ResourceAttributes) []authorization.ResourceAttributes {
	for _, a := range more {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// poolNeeds is what the fleet asks of the API server for one pool, beside what a sync asks for the pool and its target.
func poolNeeds(p *pool.Pool) []authorization.ResourceAttributes {
	group, resource := "apps", strings.ToLower(p.Spec.Target.Kind)+"s"
	if p.Spec.Target.Kind == "ReplicationController" {
		group = ""
	}
	all := rights(p.Namespace, group, resource, "get", "list", "watch", "patch")
	all = append(all, rights(p.Namespace, pool.Group, pool.Resource, "get", "list", "watch", "patch")...)
	all = append(all,
		authorization.ResourceAttributes{Namespace: p.Namespace, Group: group, Resource: resource, Subresource: "scale", Verb: "patch"},
		authorization.ResourceAttributes{Namespace: p.Namespace, Group: pool.Group, Resource: pool.Resource, Subresource: "status", Verb: "patch"})
	all = append(all, rights(p.Namespace, "", "pods", "get", "list", "watch", "patch", "delete")...)
	all = append(all, rights(p.Namespace, "apps", "controllerrevisions", "get", "list", "create", "delete")...)
	all = append(all, rights(p.Namespace, "", "configmaps", "get", "create", "patch")...)
	all = append(all, rights(p.Namespace, "", "events", "create")...)
	for _, secret := range []string{p.Spec.Jenkins.Credentials.Name, p.Spec.Jenkins.CA.Name} {
		if secret != "" {
			all = append(all, authorization.ResourceAttributes{Namespace: p.Namespace, Resource: "secrets", Name: secret, Verb: "get"})
		}
	}
	return all
}

// poolWishes is what the fleet does without where it may not: then no quota is known, and no other autoscaler.
func poolWishes(p *pool.Pool) []authorization.ResourceAttributes {
	return append(rights(p.Namespace, "", "resourcequotas", "list", "watch"), rights(p.Namespace, "autoscaling", "horizontalpodautoscalers", "list", "watch")...)
}

func rights(namespace, group, resource string, verbs ...string) []authorization.ResourceAttributes {
	var out []authorization.ResourceAttributes
	for _, verb := range verbs {
		out = append(out, authorization.ResourceAttributes{Namespace: namespace, Group: group, Resource: resource, Verb: verb})
	}
	return out
}
