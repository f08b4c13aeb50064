package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/window"
)

var quotas = schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}

// calm waits until nothing is under way in an environment by itself: its quota is counted, which the cluster does when it comes to it, the
// agents that its pools want have come up, and its Jenkins has been looked at since.
func (d *demo) calm(ctx context.Context, env string) error {
	quota, err := d.look(ctx, quotas, "jenkins-"+env, "jenkins")
	if err != nil {
		return err
	}
	defer quota.close()
	if _, err := quota.until(ctx, "the quota of "+env+" is counted", func(o *unstructured.Unstructured) bool {
		if o == nil {
			return false
		}
		hard, _, _ := unstructured.NestedMap(o.Object, "status", "hard")
		return len(hard) > 0
	}); err != nil {
		return err
	}
	if err := d.untilState(ctx, "the agents of "+env+" are up", func(s window.State) bool { return settled(s, env) }); err != nil {
		return err
	}
	for range 2 { // a look may have begun before
		var before time.Time
		if err := d.untilState(ctx, "the Jenkins of "+env+" is looked at", func(s window.State) bool {
			at := lastRead(s, env)
			if before.IsZero() {
				before = at
			}
			return at.After(before)
		}); err != nil {
			return err
		}
	}
	return nil
}

// settled tells whether an environment has pools, and each has the agents that it wants.
func settled(s window.State, env string) bool {
	pools := 0
	for _, p := range s.Pools {
		if p.Environment != env {
			continue
		}
		if p.Decision == nil || p.Starting > 0 || p.Draining > 0 || p.Idle+p.Busy != p.Desired {
			return false
		}
		pools++
	}
	return pools > 0
}

// lastRead is when the Jenkins of an environment was last read.
func lastRead(s window.State, env string) time.Time {
	for _, m := range s.Masters {
		if m.Environment == env {
			return m.LastRead
		}
	}
	return time.Time{}
}

// untilState waits until what the dashboard shows is as it should be.
func (d *demo) untilState(ctx context.Context, goal string, met func(window.State) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var s window.State
		if err := d.ask(ctx, "/api/v1/state", &s); err != nil {
			return err
		}
		if met(s) {
			return nil
		}
		select {
		case <-ctx.Done():
			return unexpected("waited until %s", goal)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
