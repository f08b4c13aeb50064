package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// Look is how far Observe goes to find out.
type Look int

const (
	// Cheap asks the server only about objects whose state nothing else proves.
	Cheap Look = iota
	// Exact asks the server, for every object that may differ, what an apply would do: for people who look at a diff.
	Exact
)

// Observe returns what the cluster has of the objects that the environment wants or has in its inventory. While watches run it answers
// from memory and asks the server only for what is new. What could not be read is in the Problem of each object; an error means
// that nothing could.
func (c *Client) Observe(ctx context.Context, want plan.Desired, inv plan.Inventory, look Look) (plan.World, error) {
	versions := versionsOf(want, inv)
	world := plan.World{Objects: make(map[object.ID]plan.Seen, len(versions))}
	served, err := c.resolve(ctx, want, versions, &world)
	if err != nil {
		return plan.World{}, err
	}
	fresh := c.view.want(interest(versions))
	passed, unread, err := c.cover(ctx, served, fresh)
	if err != nil {
		return plan.World{}, err
	}
	c.read(ctx, served, passed, unread)
	for _, err := range unread {
		if unreachable(err) {
			return plan.World{}, err
		}
	}
	for id, k := range served {
		seen := c.view.seen(id)
		if err := unread[scopeOf(id, k)]; err != nil {
			seen = plan.Seen{Problem: c.failure("read", id, err).Error()}
		}
		world.Objects[id] = seen
	}
	return world, c.foresee(ctx, want, inv, served, look, &world)
}

// versionsOf returns every object of interest with the API version in which to look at it.
func versionsOf(want plan.Desired, inv plan.Inventory) map[object.ID]string {
	versions := make(map[object.ID]string, len(want.Objects)+len(inv))
	for id, e := range inv {
		versions[id] = e.Version
	}
	for id, p := range want.Objects {
		versions[id] = p.Object.Version()
	}
	return versions
}

func interest(versions map[object.ID]string) map[object.ID]bool {
	ids := make(map[object.ID]bool, len(versions))
	for id := range versions {
		ids[id] = true
	}
	return ids
}

func keys(served map[object.ID]kind) []object.ID {
	ids := make([]object.ID, 0, len(served))
	for id := range served {
		ids = append(ids, id)
	}
	return ids
}

// resolve finds out how the server serves each object. What it does not serve is absent if Git brings its definition along or only the
// inventory knows it, and a problem otherwise.
func (c *Client) resolve(ctx context.Context, want plan.Desired, versions map[object.ID]string, world *plan.World) (map[object.ID]kind, error) {
	served := make(map[object.ID]kind, len(versions))
	coming := definitions(want)
	for id, v := range versions {
		k, err := c.kinds.find(ctx, gvkOf(id, v))
		_, wanted := want.Objects[id]
		if !wanted && errors.Is(err, errNoKind) {
			k, err = c.kinds.preferred(ctx, id, v)
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == nil:
			served[id] = k
		case errors.Is(err, errNoKind) && (!wanted || coming[id.Group+"/"+id.Kind]):
			world.Objects[id] = plan.Seen{}
		case unreachable(err):
			return nil, err
		default:
			world.Objects[id] = plan.Seen{Problem: c.failure("read", id, err).Error()}
			if !errors.Is(err, errNoKind) {
				world.Incomplete = "the cluster's kinds could not all be read: " + id.Group
			}
		}
	}
	for id, k := range served {
		if _, wanted := want.Objects[id]; wanted && k.namespaced != (id.Namespace != "") {
			delete(served, id)
			world.Objects[id] = plan.Seen{Problem: misplaced(id, k)}
		}
	}
	return served, nil
}

func misplaced(id object.ID, k kind) string {
	if k.namespaced {
		return fmt.Sprintf("%s has no namespace; give it one, or set namespace: in the kustomization", id)
	}
	return fmt.Sprintf("%s is cluster-scoped and cannot be in namespace %s; remove metadata.namespace", id, id.Namespace)
}

// definitions returns "group/Kind" of every custom kind that the environment itself defines, and of the pools, which a first run brings along.
func definitions(want plan.Desired) map[string]bool {
	out := map[string]bool{"majordomo.dev/AgentPool": true}
	for id, p := range want.Objects {
		if id.Kind != "CustomResourceDefinition" {
			continue
		}
		group, _ := p.Object.Get(object.Pointer{"spec", "group"})
		name, _ := p.Object.Get(object.Pointer{"spec", "names", "kind"})
		out[fmt.Sprintf("%v/%v", group, name)] = true
	}
	return out
}

// cover has watches opened on the scopes of the objects. It returns the objects that no watch has shown: all without watches, otherwise
// those that are new to a watch which stood before. Scopes that cannot be read come back with the reason.
func (c *Client) cover(ctx context.Context, served map[object.ID]kind, fresh []object.ID) ([]object.ID, map[scope]error, error) {
	if c.watches == nil {
		return keys(served), map[scope]error{}, nil
	}
	scopes := map[scope]bool{}
	for id, k := range served {
		scopes[scopeOf(id, k)] = true
	}
	standing, unread, err := c.watches.cover(ctx, scopes)
	passed := slices.DeleteFunc(fresh, func(id object.ID) bool {
		k, ok := served[id]
		return !ok || !standing[scopeOf(id, k)]
	})
	return passed, unread, err
}

// read gets objects from the server itself.
func (c *Client) read(ctx context.Context, served map[object.ID]kind, ids []object.ID, unread map[scope]error) {
	var g errgroup.Group
	g.SetLimit(parallel)
	errs := make([]error, len(ids))
	for i, id := range ids {
		k := served[id]
		if unread[scopeOf(id, k)] != nil {
			continue
		}
		g.Go(func() error {
			live, err := c.get(ctx, k, id)
			if live != nil {
				c.view.put(live)
			}
			errs[i] = err
			return nil
		})
	}
	_ = g.Wait()
	for i, err := range errs {
		if err != nil {
			unread[scopeOf(ids[i], served[ids[i]])] = err
		}
	}
}

// foresee asks the server what an apply would do to objects of which it cannot be told otherwise.
func (c *Client) foresee(ctx context.Context, want plan.Desired, inv plan.Inventory, served map[object.ID]kind, look Look, world *plan.World) error {
	var g errgroup.Group
	g.SetLimit(parallel)
	ids := slices.DeleteFunc(keys(served), func(id object.ID) bool {
		p, wanted := want.Objects[id]
		seen := world.Objects[id]
		return !wanted || !(plan.Uncertain(p, seen, inv[id]) || look == Exact && seen.Live != nil)
	})
	tried := make([]object.Object, len(ids))
	for i, id := range ids {
		g.Go(func() error {
			// An error here is one that the apply will meet as well, and report.
			tried[i], _ = c.dryRun(ctx, served[id], want.Objects[id])
			return nil
		})
	}
	err := g.Wait()
	for i, id := range ids {
		seen := world.Objects[id]
		c.confirm(want.Objects[id], seen, inv[id], tried[i])
		seen.DryRun = tried[i]
		world.Objects[id] = seen
	}
	return err
}

// confirm remembers that the server would change nothing of an object which another process applied, so that it need not be asked again.
func (c *Client) confirm(p plan.Payload, seen plan.Seen, entry plan.Entry, tried object.Object) {
	if tried == nil || !plan.Uncertain(p, seen, entry) || slices.ContainsFunc(p.Released, seen.Live.Owned(object.Manager).Owns) {
		return
	}
	if len(object.Diff(seen.Live, tried)) == 0 {
		c.view.wrote(seen.Live, p.Hash)
	}
}

func (c *Client) dryRun(ctx context.Context, k kind, p plan.Payload) (object.Object, error) {
	var out object.Object
	err := c.call(ctx, func(ctx context.Context) error {
		u, err := c.resource(k, p.Object.ID().Namespace).Apply(ctx, p.Object.ID().Name, &unstructured.Unstructured{Object: p.Object},
			metav1.ApplyOptions{FieldManager: object.Manager, Force: true, DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			out = fromServer(u)
		}
		return err
	})
	return out, err
}
