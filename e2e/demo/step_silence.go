package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/window"
)

var quotas = schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}

func silence() step {
	return step{
		title:   "Nothing to do",
		does:    "ask for a sync of gke again, with the same commit and an undisturbed cluster, and read the API server's audit log",
		expects: "no request about any object of either environment: what Majordomo knows from its watches is enough",
		play: func(ctx context.Context, d *demo) error {
			if err := d.settled(ctx, "gke"); err != nil {
				return err
			}
			if err := d.counted(ctx); err != nil {
				return err
			}
			mark := d.cluster.Mark()
			if err := d.show(ctx, "majordomo sync gke", d.majordomo(), "sync", "gke"); err != nil {
				return err
			}
			var seen []string
			for _, r := range d.cluster.Requests(mark) {
				if strings.HasSuffix(r.As, ":deployer") {
					seen = append(seen, r.Verb+" "+r.URI)
				}
			}
			d.out.measured("requests about objects, by the audit log", fmt.Sprint(len(seen)))
			if len(seen) > 0 {
				return unexpected("%s", strings.Join(seen, ", "))
			}
			return d.show(ctx, "majordomo status", d.majordomo(), "status")
		},
	}
}

// counted waits until nothing is left of the rollback: it brought gke's quota back, which the cluster counts when it comes to it, and the pools
// tell what room that leaves when they have next been looked at.
func (d *demo) counted(ctx context.Context) error {
	quota, err := d.look(ctx, quotas, "jenkins-gke", "jenkins")
	if err != nil {
		return err
	}
	defer quota.close()
	if _, err := quota.until(ctx, "the quota is counted", func(o *unstructured.Unstructured) bool {
		if o == nil {
			return false
		}
		hard, _, _ := unstructured.NestedMap(o.Object, "status", "hard")
		return len(hard) > 0
	}); err != nil {
		return err
	}
	for range 2 { // a look may have begun before
		if err := d.looked(ctx); err != nil {
			return err
		}
	}
	return nil
}

// looked waits for the next look at gke's Jenkins.
func (d *demo) looked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var before time.Time
	for {
		var state window.State
		if err := d.ask(ctx, "/api/v1/state", &state); err != nil {
			return err
		}
		for _, m := range state.Masters {
			switch {
			case m.Environment != "gke":
			case before.IsZero():
				before = m.LastRead
			case m.LastRead.After(before):
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return unexpected("waited for a look at gke's Jenkins since %s", before)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
