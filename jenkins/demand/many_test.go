package demand_test

import (
	"fmt"
	"testing"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/pool"
)

// TestAThousandPoolsEachGetTheirBuilds has ten builds for each of them, one label per pool and one that all have.
func TestAThousandPoolsEachGetTheirBuilds(t *testing.T) {
	const pools, builds = 1000, 10
	var all []demand.Pool
	var s jenkins.Snapshot
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for i := range pools {
		all = append(all, demand.Pool{ID: fmt.Sprintf("ci/pool-%03d", i), Labels: []string{"linux", fmt.Sprintf("team-%d", i)}, Mode: pool.Exclusive})
		for range builds {
			label := fmt.Sprintf("linux && team-%d", i)
			s.Items = append(s.Items, jenkins.Item{
				ID: int64(len(s.Items) + 1), Since: at, BuildableSince: at, Buildable: true, Why: "Waiting for next available executor",
				Task: jenkins.Task{Class: "hudson.model.FreeStyleProject", Name: "a", Label: &label},
			})
		}
	}
	d := demand.Of(s, all)
	if len(d.Pools) != pools || d.Missed != 0 || d.Unknown != "" {
		t.Errorf("%d pools have a need, %d items none, %q", len(d.Pools), d.Missed, d.Unknown)
	}
	for id, need := range d.Pools {
		if need.Queued != builds || need.Elsewhere != (pools-1)*builds {
			t.Errorf("%s: %d queued, %d elsewhere, want %d and %d", id, need.Queued, need.Elsewhere, builds, (pools-1)*builds)
		}
	}
}
