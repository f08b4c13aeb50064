package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/jenkins/jenkinstest"
)

func queue() step {
	return step{
		title: "A queue",
		does:  "ask gke's Jenkins for 14 builds with the label linux, of which 4 agents run, and 6 with the label jvm, of which none runs",
		expects: "both pools grow at once, agents register, every build runs; `majordomo explain` says how the number came about, and a pod " +
			"that is still starting counts as what it will be",
		play: func(ctx context.Context, d *demo) error {
			m := d.masters["gke"]
			targets := map[string]schema.GroupVersionResource{"agent-linux": replicaSets, "agent-jvm": replication}
			group, watching := errgroup.WithContext(ctx)
			began := make(chan time.Time)
			took := make(chan string, len(targets))
			for name, resource := range targets {
				s, err := d.look(watching, resource, "jenkins-gke", name)
				if err != nil {
					return err
				}
				defer s.close()
				before := replicasOf(s.object)
				group.Go(func() error {
					from := <-began
					at, err := s.until(watching, name+" has more replicas", func(o *unstructured.Unstructured) bool { return replicasOf(o) > before })
					took <- fmt.Sprintf("%s from %d to %d after %s", name, before, replicasOf(s.object), since(at.Sub(from)))
					return err
				})
			}
			m.Enqueue("compile", 14)
			m.Enqueue("assemble", 6)
			asked := time.Now()
			for range targets {
				began <- asked
			}
			if err := group.Wait(); err != nil {
				return err
			}
			for range targets {
				d.out.measured("from the queue to the replicas, Jenkins being asked every second", <-took)
			}
			if err := m.Wait(ctx, func(s jenkinstest.Stats) bool { return s.Busy > 4 }); err != nil {
				return err
			}
			if err := d.show(ctx, "majordomo explain linux -n jenkins-gke", d.majordomo(), "explain", "linux", "-n", "jenkins-gke"); err != nil {
				return err
			}
			if err := d.built(ctx, m); err != nil {
				return err
			}
			s := m.Stats()
			d.out.measured(fmt.Sprintf("%d builds: from buildable to started", s.Finished), fmt.Sprintf("mean %s, longest %s", since(s.MeanWait), since(s.MaxWait)))
			return nil
		},
	}
}
