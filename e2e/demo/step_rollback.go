package main

import (
	"context"
	"time"

	"majordomo.dev/reconciler/status"
)

func rollback() step {
	return step{
		title:   "Back to a good commit",
		does:    "regret that: `majordomo rollback` to the commit before, without waiting for Git; afterwards revert in Git, too",
		expects: "the Services are back at once, although the bad commit is still the newest; after the revert gke follows the branch again, without being asked",
		play: func(ctx context.Context, d *demo) error {
			service, err := d.look(ctx, services, "jenkins-gke", "jenkins")
			if err != nil {
				return err
			}
			defer service.close()
			began := time.Now()
			if err := d.show(ctx, "majordomo rollback gke --to "+short(d.good), d.majordomo(), "rollback", "gke", "--to", short(d.good)); err != nil {
				return err
			}
			at, err := service.until(ctx, "the Service is back", there)
			if err != nil {
				return err
			}
			d.out.measured("from the start of `majordomo rollback` to the Service jenkins", since(at.Sub(began)))
			return d.mended(ctx)
		},
	}
}

// mended reverts the bad commit in Git and checks that gke has all that the good one says.
func (d *demo) mended(ctx context.Context) error {
	env, err := d.environment(ctx, "gke")
	if err != nil {
		return err
	}
	defer env.close()
	if _, _, err := env.untilStatus(ctx, "gke is Ready at "+short(d.good), ready(d.good)); err != nil {
		return err
	}
	commit, err := d.repo.revert(ctx)
	if err != nil {
		return err
	}
	if err := d.announce(ctx, commit); err != nil {
		return err
	}
	if err := d.show(ctx, "majordomo sync gke", d.majordomo(), "sync", "gke"); err != nil {
		return err
	}
	_, _, err = env.untilStatus(ctx, "gke is Ready", func(e status.Environment) bool { return e.Is(status.Ready) && e.Held == nil })
	return err
}
