package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func drainBack() step {
	return step{
		title: "The evening",
		does:  "ask for 6 more builds with the label linux and 2 with the label jvm, and then for nothing more",
		expects: "one idle agent after another is taken offline in Jenkins, seen idle twice, and only then its pod goes, until both pools are " +
			"at their minimum; all builds of the day but the one that a person killed have ended well",
		play: func(ctx context.Context, d *demo) error {
			m := d.masters["gke"]
			m.Enqueue("compile", 6)
			m.Enqueue("assemble", 2)
			if err := d.built(ctx, m); err != nil {
				return err
			}
			began := time.Now()
			for _, target := range []struct {
				pool     string
				resource schema.GroupVersionResource
				floor    int64
			}{{"linux", replicaSets, 4}, {"jvm", replication, 0}} {
				s, err := d.look(ctx, target.resource, "jenkins-gke", "agent-"+target.pool)
				if err != nil {
					return err
				}
				defer s.close()
				was := replicasOf(s.object)
				at, err := s.until(ctx, "the pool is at its minimum", func(o *unstructured.Unstructured) bool { return replicasOf(o) == target.floor })
				if err != nil {
					return err
				}
				d.out.measured(fmt.Sprintf("%s from %d agents to its minimum of %d", target.pool, was, target.floor), since(at.Sub(began)))
			}
			if err := d.show(ctx, "kubectl -n jenkins-gke get agentpools", d.kubectl(), "kubectl", "-n", "jenkins-gke", "get", "agentpools"); err != nil {
				return err
			}
			s := m.Stats()
			d.out.measured(fmt.Sprintf("of %d builds, lost to Majordomo, by Jenkins's own count", s.Finished), fmt.Sprint(s.Lost))
			return lost(m)
		},
	}
}
