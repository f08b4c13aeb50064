package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// What became of a prune.
const (
	Deleted  = "deleted"  // gone for certain
	Deleting = "deleting" // accepted; finalizers or dependents still hold it
)

// Prune deletes, the last stage first. Before each delete the object is read again from the server: one that was replaced, changed hands or
// was marked to stay since the plan was made is left alone, and with it the namespace or definition that it may be part of.
func (c *Client) Prune(ctx context.Context, steps []plan.Step) []plan.Result {
	results := make([]plan.Result, len(steps))
	for stage := object.Stages - 1; stage >= 0; stage-- {
		var g errgroup.Group
		prune := c.pruneOne
		if stage == int(object.StageDefinitions) && slices.ContainsFunc(results, func(r plan.Result) bool { return r.Err != nil }) {
			prune = c.spareOne
		}
		for i, s := range steps {
			if int(s.ID.Stage()) != stage {
				continue
			}
			g.Go(func() error {
				results[i] = guarded(func() plan.Result { return prune(ctx, s) }, s)
				return nil
			})
		}
		_ = g.Wait()
	}
	return results
}

// spareOne leaves alone what others, that are still there, may be part of.
func (c *Client) spareOne(_ context.Context, s plan.Step) plan.Result {
	return plan.Result{Step: s, Err: c.failure("delete", s.ID, errors.New("waits until all else that Git no longer has is gone: it would take along what is in it"))}
}

func (c *Client) pruneOne(ctx context.Context, s plan.Step) plan.Result {
	r := plan.Result{Step: s}
	k, err := c.kinds.preferred(ctx, s.ID, s.Version)
	if absent(err) {
		r.Took = Deleted
		return r
	}
	if err == nil {
		r.Took, err = c.pruneLive(ctx, k, s)
	}
	r.Err = c.failure("delete", s.ID, err)
	return r
}

func (c *Client) pruneLive(ctx context.Context, k kind, s plan.Step) (string, error) {
	live, err := c.get(ctx, k, s.ID)
	switch {
	case err != nil:
		return "", err
	case live == nil:
		c.view.remove(s.ID, 0)
		return Deleted, nil
	case live.UID() != s.UID:
		return "", fmt.Errorf("%w: it was made anew by somebody else; it stays", ErrChanged)
	case live.Annotation(object.Environment) != c.env:
		return "", fmt.Errorf("%w: it no longer carries this environment's mark; it stays", ErrChanged)
	case live.Annotation(object.Prune) == "disabled":
		return "", fmt.Errorf("%w: its annotation %s is disabled now; it stays", ErrChanged, object.Prune)
	}
	if err := c.erase(ctx, k, live); err != nil {
		return "", err
	}
	now, err := c.get(ctx, k, s.ID)
	if err == nil && now.UID() != live.UID() {
		c.view.remove(s.ID, version(live))
		return Deleted, nil
	}
	return Deleting, nil // what it has been asked for is on record; the next look finds out
}

// erase deletes exactly this version of exactly this object.
func (c *Client) erase(ctx context.Context, k kind, live object.Object) error {
	uid, at, background := types.UID(live.UID()), live.ResourceVersion(), metav1.DeletePropagationBackground
	err := c.write(ctx, func(ctx context.Context) error {
		return c.resource(k, live.ID().Namespace).Delete(ctx, live.ID().Name, metav1.DeleteOptions{
			Preconditions:     &metav1.Preconditions{UID: &uid, ResourceVersion: &at},
			PropagationPolicy: &background,
		})
	})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w between look and delete; tried again with the next sync: %w", ErrChanged, err)
	}
	return err
}
