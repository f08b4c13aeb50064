package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// Apply creates and updates, stage by stage and in parallel within a stage. One bad object fails alone; each step has one result, in the
// order of the steps.
func (c *Client) Apply(ctx context.Context, steps []plan.Step) []plan.Result {
	results := make([]plan.Result, len(steps))
	for stage := range object.Stages {
		var g errgroup.Group
		for i, s := range steps {
			if int(s.ID.Stage()) != stage {
				continue
			}
			g.Go(func() error {
				c.view.begin(s.ID)
				results[i] = guarded(func() plan.Result { return c.applyOne(ctx, s) }, s)
				if c.view.done(s.ID, results[i].Live) && c.watches != nil {
					c.watches.notify()
				}
				return nil
			})
		}
		_ = g.Wait()
	}
	return results
}

func (c *Client) applyOne(ctx context.Context, s plan.Step) plan.Result {
	r := plan.Result{Step: s}
	fail := func(err error) plan.Result {
		r.Err = c.failure("apply", s.ID, err, s.Payload.Object)
		return r
	}
	k, err := c.kind(ctx, s)
	if err != nil {
		return fail(err)
	}
	before := c.view.seen(s.ID).Live
	if err := c.release(ctx, k, s.Payload, before); err != nil {
		return fail(err)
	}
	live, how, err := c.send(ctx, k, s, before)
	for try := 1; portTaken(err) && try <= portTries && pause(ctx, time.Duration(try)*portPause); try++ {
		live, how, err = c.send(ctx, k, s, before)
	}
	if err != nil {
		return fail(err)
	}
	if before == nil && len(s.Payload.Seed) > 0 {
		if live, err = c.disown(ctx, k, live, s.Payload.Released); err != nil {
			return fail(err)
		}
	}
	if err := c.established(ctx, k, live); err != nil {
		return fail(err)
	}
	c.view.wrote(live, s.Payload.Hash)
	r.Live, r.Took = live, how
	return r
}

// kind returns how the server serves the step's kind. A kind whose definition was applied a moment ago may take the server a moment more.
func (c *Client) kind(ctx context.Context, s plan.Step) (kind, error) {
	gvk := gvkOf(s.ID, s.Payload.Object.Version())
	k, err := c.kinds.find(ctx, gvk)
	if !errors.Is(err, errNoKind) || !c.view.defines(gvk.Group, gvk.Kind) {
		return k, err
	}
	_ = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, c.server.timeout, true, func(ctx context.Context) (bool, error) {
		k, err = c.kinds.find(ctx, gvk)
		return !errors.Is(err, errNoKind), nil
	})
	return k, err
}

// send applies one object, taking over fields where that is this program's to do, and making the object anew where it allows that.
func (c *Client) send(ctx context.Context, k kind, s plan.Step, before object.Object) (object.Object, string, error) {
	body := s.Payload.Body
	if before == nil {
		body = seeded(s.Payload)
	}
	live, err := c.patch(ctx, k, s.ID, body, patchOptions(object.Manager, s.Drift))
	if found := conflicts(err); len(found) > 0 {
		if others := appliers(found, before, c.view.seen(s.ID).Live); len(others) > 0 {
			return nil, "", conflictError(others)
		}
		live, err = c.patch(ctx, k, s.ID, body, patchOptions(object.Manager, true))
	}
	if fields := immutableFields(err); fields != nil {
		return c.recreate(ctx, k, s, fields)
	}
	switch {
	case err != nil:
		return nil, "", err
	case live.Owned(object.FleetManager) != nil && !slices.ContainsFunc(s.Payload.Released, live.Owned(object.FleetManager).Owns):
		live, err = c.relieve(ctx, k, s)
		return live, "applied", err
	case before != nil && before.ResourceVersion() == live.ResourceVersion():
		return live, "unchanged", nil
	}
	return live, "applied", nil
}

// seeded returns the payload of a new object: with the first values of fields that are others' afterwards.
func seeded(p plan.Payload) []byte {
	if len(p.Seed) == 0 {
		return p.Body
	}
	o := p.Object.Clone()
	for _, s := range p.Seed {
		o.Set(s.Field, s.Value)
	}
	return o.JSON()
}

func patchOptions(manager string, force bool) metav1.PatchOptions {
	return metav1.PatchOptions{FieldManager: manager, Force: &force}
}

func (c *Client) patch(ctx context.Context, k kind, id object.ID, body []byte, opts metav1.PatchOptions) (object.Object, error) {
	var live object.Object
	err := c.write(ctx, func(ctx context.Context) error {
		u, err := c.resource(k, id.Namespace).Patch(ctx, id.Name, types.ApplyPatchType, body, opts)
		if err == nil {
			live = fromServer(u)
		}
		return err
	})
	return live, err
}

// relieve ends what the fleet held of the object: a template to which it went back, and with it every field that only that one had.
func (c *Client) relieve(ctx context.Context, k kind, s plan.Step) (object.Object, error) {
	nothing := object.Object{"apiVersion": s.Payload.Object.APIVersion(), "kind": s.Payload.Object.Kind(), "metadata": map[string]any{"name": s.ID.Name}}
	return c.patch(ctx, k, s.ID, nothing.JSON(), patchOptions(object.FleetManager, true))
}

// appliers returns the conflicts with managers that apply the object themselves, as another controller does. From a hand edit
// or a client-side apply the field is taken over: Git states it; so it is from the fleet, which held a template that Git has now replaced.
func appliers(found []conflict, live ...object.Object) []conflict {
	var out []conflict
	for _, f := range found {
		for _, o := range live {
			if !strings.HasPrefix(f.manager, "kubectl") && f.manager != object.FleetManager && o.Owned(f.manager) != nil {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

// release gives up fields that majordomo owned before they were somebody else's: an apply without them would reset their values.
func (c *Client) release(ctx context.Context, k kind, p plan.Payload, before object.Object) error {
	owned := before.Owned(object.Manager)
	if slices.ContainsFunc(p.Released, owned.Owns) {
		_, err := c.disown(ctx, k, before, p.Released)
		return err
	}
	return nil
}

// disown takes fields out of what majordomo owns of the object, and leaves their values. Nobody owns them then until their owner writes. An
// object that changes meanwhile, as a new one does when its controller sees it, is read again.
func (c *Client) disown(ctx context.Context, k kind, live object.Object, released []object.Pointer) (object.Object, error) {
	for try := 0; ; try++ {
		patch, err := disownPatch(live, released)
		if patch == nil || err != nil {
			return live, err
		}
		out, err := c.jsonPatch(ctx, k, live.ID(), patch)
		if err == nil || try == 5 || !apierrors.IsInvalid(err) && !apierrors.IsConflict(err) {
			return out, err
		}
		if live, err = c.get(ctx, k, live.ID()); err != nil || live == nil {
			return nil, err
		}
	}
}

// disownPatch returns the JSON patch that takes the fields out of what majordomo owns, on exactly this version of the object; nil if there is nothing to take out.
func disownPatch(live object.Object, released []object.Pointer) ([]byte, error) {
	list, _ := live.Metadata()["managedFields"].([]any)
	for i, e := range list {
		m, _ := e.(map[string]any)
		if m["manager"] != object.Manager || m["operation"] != "Apply" || m["subresource"] != nil {
			continue
		}
		owned, _ := m["fieldsV1"].(map[string]any)
		rest := object.Fields(owned)
		for _, f := range released {
			rest = rest.Without(f)
		}
		return json.Marshal([]map[string]any{
			{"op": "test", "path": "/metadata/resourceVersion", "value": live.ResourceVersion()},
			{"op": "replace", "path": fmt.Sprintf("/metadata/managedFields/%d/fieldsV1", i), "value": rest},
		})
	}
	return nil, nil
}

func (c *Client) jsonPatch(ctx context.Context, k kind, id object.ID, patch []byte) (object.Object, error) {
	var out object.Object
	err := c.write(ctx, func(ctx context.Context) error {
		u, err := c.resource(k, id.Namespace).Patch(ctx, id.Name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: object.Manager})
		if err == nil {
			out = fromServer(u)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hand over fields: %w", err)
	}
	return out, nil
}

// established waits, where the object defines a kind, until the server serves it.
func (c *Client) established(ctx context.Context, k kind, live object.Object) error {
	if live.ID().Group != "apiextensions.k8s.io" || established(live) {
		return nil
	}
	id := live.ID()
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, c.server.timeout, false, func(ctx context.Context) (bool, error) {
		now, err := c.get(ctx, k, id)
		return err == nil && now != nil && established(now), nil
	})
	if err != nil {
		return fmt.Errorf("the cluster has not established the definition within %s; see the conditions of %s", c.server.timeout, id)
	}
	return nil
}

func established(crd object.Object) bool {
	status, _ := crd["status"].(map[string]any)
	list, _ := status["conditions"].([]any)
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["type"] == "Established" {
			return c["status"] == "True"
		}
	}
	return false
}

// recreate deletes an object whose change the server does not allow and makes it anew, where the object says that this is all right.
func (c *Client) recreate(ctx context.Context, k kind, s plan.Step, fields []string) (object.Object, string, error) {
	what := strings.Join(fields, ", ")
	switch {
	case s.ID.Volume() || s.ID.Protected():
		return nil, "", fmt.Errorf("%w: %s cannot be changed in place, and a %s is never recreated: its data would go with it; make a new one under another name",
			ErrImmutable, what, s.ID.Kind)
	case s.Payload.Object.Annotation(object.Recreate) != "true":
		return nil, "", fmt.Errorf("%w: %s cannot be changed in place; set it back, or allow delete and create with the annotation %s: \"true\"",
			ErrImmutable, what, object.Recreate)
	}
	live, err := c.get(ctx, k, s.ID)
	if err != nil {
		return nil, "", err
	}
	if live != nil {
		if err := c.erase(ctx, k, live); err != nil {
			return nil, "", err
		}
		if err := c.vanished(ctx, k, s.ID, live.UID()); err != nil {
			return nil, "", err
		}
	}
	made, err := c.patch(ctx, k, s.ID, seeded(s.Payload), patchOptions(object.Manager, true))
	if err == nil && len(s.Payload.Seed) > 0 {
		made, err = c.disown(ctx, k, made, s.Payload.Released)
	}
	return made, "recreated", err
}

// vanished waits until the object with this UID is gone: its finalizers may take their time.
func (c *Client) vanished(ctx context.Context, k kind, id object.ID, uid string) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, c.server.timeout, true, func(ctx context.Context) (bool, error) {
		live, err := c.get(ctx, k, id)
		return err == nil && live.UID() != uid, nil
	})
	if err != nil {
		return fmt.Errorf("deleted to be made anew, but its finalizers hold it for more than %s", c.server.timeout)
	}
	return nil
}
