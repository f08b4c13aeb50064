package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/status"
)

func hold() step {
	return step{
		title: "A commit that would delete too much",
		does: "somebody tidies up: the bases namespace and services, and their patches, leave " + gkeKustomization + "; the pruned " +
			"objects would be more than the 5, or 20 %, that fleet.yaml allows for one commit",
		expects: "nothing is deleted until a person approves; then all of it is, but for the Namespace, which is never pruned unasked",
		play: func(ctx context.Context, d *demo) error {
			service, err := d.look(ctx, services, "jenkins-gke", "jenkins")
			if err != nil {
				return err
			}
			defer service.close()
			env, err := d.environment(ctx, "gke")
			if err != nil {
				return err
			}
			defer env.close()
			d.good = statusOf(env.object).Revision
			if err := d.tidyUp(); err != nil {
				return err
			}
			commit, began, err := d.push(ctx, "gke: tidy up")
			if err != nil {
				return err
			}
			if err := d.held(ctx, env, began); err != nil {
				return err
			}
			began = time.Now()
			if err := d.show(ctx, "majordomo approve gke --yes", d.majordomo(), "approve", "gke", "--yes"); err != nil {
				return err
			}
			at, err := service.until(ctx, "the Service is pruned", gone)
			if err != nil {
				return err
			}
			d.out.measured("from the start of `majordomo approve` to the pruned Service jenkins", since(at.Sub(began)))
			_, _, err = env.untilStatus(ctx, "gke is Ready at "+short(commit), ready(commit))
			return err
		},
	}
}

func (d *demo) tidyUp() error {
	for _, line := range []string{
		"- ../../manifests/namespace\n", "- ../../manifests/services\n", "- path: patches/services.yaml\n", "- path: patches/quota.yaml\n",
	} {
		if err := d.repo.edit(gkeKustomization, line, ""); err != nil {
			return err
		}
	}
	return nil
}

// held checks that the prune waits, and says so.
func (d *demo) held(ctx context.Context, env *sight, began time.Time) error {
	e, at, err := env.untilStatus(ctx, "the prune is held", func(e status.Environment) bool { return e.Held != nil })
	if err != nil {
		return err
	}
	d.out.measured(fmt.Sprintf("from the webhook to the held prune of %d objects", len(e.Held.Objects)), since(at.Sub(began)))
	if _, err := d.client.Resource(services).Namespace("jenkins-gke").Get(ctx, "jenkins", metav1.GetOptions{}); err != nil {
		return unexpected("the Service jenkins, before anybody approved: %v", err)
	}
	return nil
}
