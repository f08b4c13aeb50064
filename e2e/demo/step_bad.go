package main

import (
	"context"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
)

func badCommit() step {
	return step{
		title:   "A bad commit",
		does:    "break the YAML of " + gkePools + " (a missing colon), commit it, and delete a Service meanwhile; then revert",
		expects: "the commit is refused, naming file and line; the last good one stays in force and is still defended; after the revert gke is Ready",
		play: func(ctx context.Context, d *demo) error {
			env, err := d.environment(ctx, "gke")
			if err != nil {
				return err
			}
			defer env.close()
			good := statusOf(env.object).Revision
			if err := d.repo.edit(gkePools, "metadata:\n  name: jvm\n", "metadata\n  name: jvm\n"); err != nil {
				return err
			}
			bad, began, err := d.push(ctx, "gke: a slip of the finger")
			if err != nil {
				return err
			}
			e, at, err := env.untilStatus(ctx, "the commit is refused", func(e status.Environment) bool {
				return e.LastAttemptedRevision == bad && !e.Is(status.Ready)
			})
			if err != nil {
				return err
			}
			condition, _ := e.Condition(status.Ready)
			d.out.measured("from the webhook to the refusal", since(at.Sub(began)))
			d.out.tell("gke's status: %s: %s", condition.Reason, condition.Message)
			if e.Revision != good || !strings.Contains(condition.Message, gkePools+":") {
				return unexpected("revision %s, want %s still, and a message that names %s and the line", short(e.Revision), short(good), gkePools)
			}
			return d.defendedAndMended(ctx, env)
		},
	}
}

// defendedAndMended checks that drift is healed under a bad commit, and that a good one ends the trouble.
func (d *demo) defendedAndMended(ctx context.Context, env *sight) error {
	if err := d.healDeletions(ctx, "gke", "jenkins", 1); err != nil {
		return err
	}
	good, err := d.repo.revert(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := d.announce(ctx, good); err != nil {
		return err
	}
	_, at, err := env.untilStatus(ctx, "gke is Ready again", func(e status.Environment) bool { return e.Is(status.Ready) })
	if err != nil {
		return err
	}
	d.out.measured("from the webhook of the revert to Ready", since(at.Sub(began)))
	return nil
}
