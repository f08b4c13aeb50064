package main

import (
	"context"
	"errors"
	"fmt"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// preview is what a sync would do to one environment.
type preview struct {
	plan    plan.Plan
	desired plan.Desired
	at      string // the commit or directory that was compared with the cluster
	commit  string // "" for a directory
}

// preview goes the way of a sync up to the plan: render, ask the cluster, compare. It writes nothing.
func (a *app) preview(ctx context.Context, w where, name string) (preview, error) {
	r, err := w.open(ctx, a)
	if err != nil {
		return preview{}, err
	}
	defer r.close()
	env, fleet, err := r.environment(name)
	if err != nil {
		return preview{}, err
	}
	if a.context != "" {
		env.Context = a.context
	}
	want, err := r.desire(ctx, env)
	if err != nil {
		return preview{}, err
	}
	o, err := w.settings.options(a)
	if err != nil {
		return preview{}, err
	}
	in := plan.Input{
		Desired: want, Commit: r.commit, Namespace: o.Namespace,
		Gate: plan.Gate{MaxObjects: env.Prune.MaxObjects, MaxPercent: env.Prune.MaxPercent},
	}
	if err := a.observe(ctx, env, &in); err != nil {
		return preview{}, err
	}
	in.Claims, in.Siblings, in.ClaimsUnknown = r.claims(ctx, env, fleet)
	return preview{plan: plan.Compute(in), desired: want, at: r.at, commit: r.commit}, nil
}

// observe fills in what the cluster has and remembers.
func (a *app) observe(ctx context.Context, env config.Environment, in *plan.Input) error {
	server, err := a.server(env.Context)
	if err != nil {
		return err
	}
	records, err := server.Records()
	if err != nil {
		return err
	}
	rec, err := records.Get(ctx, env.Name)
	if err == nil && rec.Broken != nil {
		err = rec.Broken
	}
	if err != nil && !errors.Is(err, cluster.ErrNotInstalled) {
		return err
	}
	if in.Inventory, err = status.DecodeInventory(rec.Status.Inventory); err != nil {
		return err
	}
	in.Approved = rec.Approved
	client, err := server.Client(env.Name, env.ServiceAccount.Reference())
	if err != nil {
		return err
	}
	a.step("compare with the cluster, as %s", client.Identity())
	in.World, err = client.Observe(ctx, in.Desired, in.Inventory, cluster.Exact)
	return err
}

// claims returns what the other environments of the same cluster want, those environments, and why that is not known for all of them.
func (r *repository) claims(ctx context.Context, env config.Environment, fleet config.Fleet) (map[object.ID]string, []string, string) {
	claimed, unknown := map[object.ID]string{}, ""
	own, _ := fleet.Environment(env.Name)
	var siblings []string
	for _, other := range fleet.Environments {
		if other.Name == env.Name || other.Context != own.Context {
			continue
		}
		siblings = append(siblings, other.Name)
		want, err := r.desire(ctx, other)
		if err != nil {
			unknown = fmt.Sprintf("environment %s does not render, so what it takes over is unknown", other.Name)
			continue
		}
		for id := range want.Objects {
			claimed[id] = other.Name
		}
	}
	return claimed, siblings, unknown
}
