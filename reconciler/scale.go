package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/object"
)

// longestFloor is for how long a floor can be set by hand: what should last longer belongs into Git.
const longestFloor = 31 * 24 * time.Hour

func (a *app) scaleCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "scale POOL N", Short: "Keep at least so many agents, for a while", GroupID: groupFleet,
		Long: `Keep at least N agents in a pool for a while, whatever the queue says, as a schedule in
Git would. More than the pool's max is refused. When the time is over, the pool goes
back by itself; --reset, or --for 0, ends it at once.

It never removes an agent: fewer are wanted by "majordomo drain", or by less min in Git.`,
		Example: `  majordomo scale gke/linux 20 --for 2h --reason "release day"
  majordomo scale linux 5                             for an hour
  majordomo scale gke/linux --reset`,
		Args: arguments(1, 2, "a pool and a number of agents"), Annotations: codes(),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completePool(s)
	span := c.Flags().Duration("for", time.Hour, "for how long; 0 ends it at once")
	reset := c.Flags().Bool("reset", false, "end it at once")
	reason := c.Flags().String("reason", "", "why, for everybody who looks")
	c.RunE = func(c *cobra.Command, args []string) error {
		why, err := a.why(*reason)
		if err != nil {
			return err
		}
		switch {
		case *reset && len(args) == 2:
			return usagef("--reset takes no number: it ends what was set by hand")
		case *reset || *span == 0:
			f, err := a.pool(c.Context(), s, args[0])
			if err != nil {
				return err
			}
			return a.tell(f.unscale(c.Context()))
		case len(args) < 2:
			return usagef("`%s` needs a number of agents, or --reset; usage: %s", c.CommandPath(), c.UseLine())
		}
		if err := lastingFloor(*span); err != nil {
			return err
		}
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return usagef("%q is no number of agents; want one above 0. To empty a pool: `majordomo drain %s`; to end what was set by hand: --reset", args[1], args[0])
		}
		f, err := a.pool(c.Context(), s, args[0])
		if err != nil {
			return err
		}
		return a.tell(f.scale(c.Context(), n, *span, why, a.now()))
	}
	return c
}

// lastingFloor refuses what is too long, or too short, for a floor.
func lastingFloor(span time.Duration) error {
	if span <= 0 || span > longestFloor {
		return usagef("--for %s: allowed are durations up to %s, such as 90m or 8h; what should last longer belongs into Git, as min or as a schedule", span, longestFloor)
	}
	return nil
}

// scale sets the floor of the pool by hand.
func (f found) scale(ctx context.Context, n int, span time.Duration, why string, now time.Time) (deed, error) {
	switch {
	case n > f.Spec.Max:
		return deed{}, usagef("pool %s has max %d; %d agents would be more. Raise max in Git, or ask for fewer", f, f.Spec.Max, n)
	case byGit(f.object):
		return deed{}, exit{exitHeld, fmt.Errorf("pool %s has spec.replicas in Git, which would take back at once what is set here; change it there", f)}
	}
	until := now.Add(span).UTC().Truncate(time.Second)
	notes := map[string]any{pool.ScaleUntil: until.Format(time.RFC3339), pool.ScaleReason: why}
	if err := f.setFloor(ctx, n, notes); err != nil {
		return deed{}, err
	}
	t := didf("pool %s keeps at least %s until %s (for %s), whatever the queue says; `majordomo scale %s --reset` ends that",
		f, plural(n, "agent", "agents"), until.Format(time.RFC3339), pool.Duration(span), f)
	if least, _ := f.bounds(); f.Floor == nil && n <= least {
		t = t.note("its min is %d anyway", least)
	}
	if f.Drain != "" {
		t = t.note("the pool is drained (%s): no agent starts until `majordomo drain %s --undo`", f.Drain, f)
	}
	return f.asleep(t), nil
}

// unscale ends what was set by hand.
func (f found) unscale(ctx context.Context) (deed, error) {
	if f.Spec.Replicas == nil || *f.Spec.Replicas == 0 {
		return needless("pool %s has no number of agents set by hand", f), nil
	}
	if byGit(f.object) {
		return deed{}, exit{exitHeld, fmt.Errorf("pool %s has spec.replicas in Git; change it there", f)}
	}
	return didf("pool %s follows its queue again, from min %d to max %d", f, f.Spec.Min, f.Spec.Max),
		f.setFloor(ctx, nil, map[string]any{pool.ScaleUntil: nil, pool.ScaleReason: nil})
}

// setFloor writes number and reason at once, so that no number is ever without its end.
func (f found) setFloor(ctx context.Context, replicas any, notes map[string]any) error {
	now, err := f.site.merge(ctx, f.site.pools(f.Namespace), f.object, map[string]any{
		"metadata": map[string]any{"annotations": notes}, "spec": map[string]any{"replicas": replicas},
	})
	if apierrors.IsInvalid(err) {
		return exit{exitUsage, err}
	}
	if _, set := now.Get(object.Pointer{"spec", "replicas"}); err == nil && replicas != nil && !set {
		err = errors.New("the cluster's kind AgentPool does not know spec.replicas: it is of an older version; bring it up to date with `kubectl apply -k manifests/crds`")
	}
	return err
}

// byGit tells whether Git states spec.replicas of a pool.
func byGit(o object.Object) bool {
	spec, _ := o.Owned(object.Manager)["f:spec"].(map[string]any)
	_, states := spec["f:replicas"]
	return states
}
