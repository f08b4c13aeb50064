package loop

import (
	"context"
	"errors"
	"fmt"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// ErrUnknown means that the fleet in force has no such environment.
var ErrUnknown = errors.New("no such environment")

// Preview returns what a sync of an environment would do now, and writes nothing: the way of a visit up to the plan, under the environment's
// own identity, with the server asked what each apply would change. It goes by the loop's own commit, and leaves all that visits go by alone.
func (l *Loop) Preview(ctx context.Context, name string) (plan.Plan, error) {
	l.mu.Lock()
	e := l.envs[name]
	l.mu.Unlock()
	if e == nil {
		return plan.Plan{}, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	spec := e.config()
	server, err := l.connect(spec.Context)
	if err != nil {
		return plan.Plan{}, err
	}
	rec, err := server.records.Get(ctx, name)
	if err == nil && rec.Broken != nil {
		err = rec.Broken
	}
	if err != nil && !errors.Is(err, cluster.ErrNotInstalled) {
		return plan.Plan{}, err
	}
	want, err := l.followed(ctx, e, rec)
	if err != nil {
		return plan.Plan{}, err
	}
	in := plan.Input{
		Desired: want.desired, Commit: want.commit, Namespace: l.opts.Namespace, Approved: rec.Approved,
		Gate: plan.Gate{MaxObjects: spec.Prune.MaxObjects, MaxPercent: spec.Prune.MaxPercent},
	}
	if in.Inventory, err = status.DecodeInventory(rec.Status.Inventory); err != nil {
		return plan.Plan{}, err
	}
	client, err := server.Client(name, spec.ServiceAccount.Reference())
	if err != nil {
		return plan.Plan{}, err
	}
	if in.World, err = client.Observe(ctx, in.Desired, in.Inventory, cluster.Exact); err != nil {
		return plan.Plan{}, err
	}
	in.Claims, in.Siblings, in.ClaimsUnknown = l.claims(ctx, e, server.records, disputed(name, in.Inventory, in.Desired, in.World))
	return plan.Compute(in), nil
}

// followed returns what the commit that an environment follows wants of it.
func (l *Loop) followed(ctx context.Context, e *environment, rec cluster.Record) (*wish, error) {
	commit, _, err := l.course(ctx, e, rec)
	if commit == nil {
		return nil, errors.Join(err, errors.New("no commit of the config repository has been read yet"))
	}
	want, err := l.look(ctx, e, commit)
	if err != nil {
		return nil, fmt.Errorf("commit %s does not render: %w", commit.Short(), err)
	}
	return want, nil
}
