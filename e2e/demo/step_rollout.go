package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"majordomo.dev/jenkins/jenkinstest"
)

const gkeResources = "overlays/gke/patches/resources.yaml"

func rollout() step {
	return step{
		title: "New agents under running builds",
		does: "while 10 builds run, give the agents of both pools more memory: two lines in " + gkeResources +
			", committed and announced; a ReplicaSet would leave the old pods as they are, a Deployment would kill the builds",
		expects: "idle agents are replaced first, a few at a time, busy ones when their build has ended; no build is lost",
		play: func(ctx context.Context, d *demo) error {
			m := d.masters["gke"]
			m.Enqueue("compile", 8)
			m.Enqueue("assemble", 2)
			if err := m.Wait(ctx, func(s jenkinstest.Stats) bool { return s.Busy >= 4 }); err != nil {
				return err
			}
			before, err := d.agents(ctx)
			if err != nil {
				return err
			}
			for was, is := range map[string]string{
				"requests: {cpu: \"1\", memory: 2Gi}\n          limits: {memory: 2Gi}": "requests: {cpu: \"1\", memory: 3Gi}\n          limits: {memory: 3Gi}",
				"requests: {cpu: \"2\", memory: 4Gi}\n          limits: {memory: 4Gi}": "requests: {cpu: \"2\", memory: 5Gi}\n          limits: {memory: 5Gi}",
			} {
				if err := d.repo.edit(gkeResources, was, is); err != nil {
					return err
				}
			}
			_, began, err := d.push(ctx, "gke: more memory for agents")
			if err != nil {
				return err
			}
			n, err := d.replaced(ctx, before)
			if err != nil {
				return err
			}
			d.out.measured(fmt.Sprintf("from the webhook to a fleet of %d new agents", n), since(time.Since(began)))
			return d.built(ctx, m)
		},
	}
}

// replaced waits until no agent of the templates before is left, and counts the others.
func (d *demo) replaced(ctx context.Context, before map[string]int) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		now, err := d.agents(ctx)
		if err != nil {
			return false, err
		}
		n = 0
		for template, pods := range now {
			if before[template] > 0 {
				return false, d.alive()
			}
			n += pods
		}
		return n > 0, d.alive()
	})
	if err != nil {
		now, _ := d.agents(context.WithoutCancel(ctx))
		return 0, unexpected("old agents are left: templates before %v, now %v: %v", before, now, err)
	}
	return n, nil
}
