package main

import "context"

const gkeKustomization = "overlays/gke/kustomization.yaml"

func prune() step {
	return step{
		title:   "An object removed from Git",
		does:    "builds in gke shall no longer reach the internet: take the base ../../manifests/internet out of " + gkeKustomization,
		expects: "its NetworkPolicy is pruned, and nothing else",
		play: func(ctx context.Context, d *demo) error {
			policy, err := d.look(ctx, policies, "jenkins-gke", "agents-internet")
			if err != nil {
				return err
			}
			defer policy.close()
			if policy.object == nil {
				return unexpected("there is no NetworkPolicy agents-internet in jenkins-gke to begin with")
			}
			env, err := d.environment(ctx, "gke")
			if err != nil {
				return err
			}
			defer env.close()
			before := statusOf(env.object).Objects.Total
			if err := d.repo.edit(gkeKustomization, "- ../../manifests/internet\n", ""); err != nil {
				return err
			}
			commit, began, err := d.push(ctx, "gke: builds stay inside")
			if err != nil {
				return err
			}
			at, err := policy.until(ctx, "the NetworkPolicy is gone", gone)
			if err != nil {
				return err
			}
			d.out.measured("from the webhook to the pruned NetworkPolicy", since(at.Sub(began)))
			e, _, err := env.untilStatus(ctx, "gke is Ready at "+short(commit), ready(commit))
			if err != nil {
				return err
			}
			if e.Objects.Total != before-1 {
				return unexpected("gke has %d objects and had %d before", e.Objects.Total, before)
			}
			return nil
		},
	}
}
