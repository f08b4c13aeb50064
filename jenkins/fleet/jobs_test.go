package fleet

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/jenkins/scale"
)

// glance is what one look at Jenkins shows of a pool: items of the queue by the second since when they wait, and builds by number.
type glance struct {
	at    int // seconds
	items map[int64]int
	runs  string // one letter each
}

func TestWhatWasQueuedBegunAndEndedBetweenTwoLooks(t *testing.T) {
	start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	s := time.Second
	for name, c := range map[string]struct {
		looks []glance
		waits []time.Duration // after the last look
		ended int
	}{
		"the first look tells nothing":          {[]glance{{0, map[int64]int{1: -60}, "ab"}}, nil, 0},
		"a build begins half-way between looks": {[]glance{{0, map[int64]int{1: -20}, ""}, {10, nil, "a"}}, []time.Duration{25 * s}, 0},
		"one that never was seen to wait":       {[]glance{{0, nil, "a"}, {10, nil, "ab"}}, []time.Duration{0}, 0},
		"both":                                  {[]glance{{0, map[int64]int{1: -20}, ""}, {10, nil, "ab"}}, []time.Duration{0, 25 * s}, 0},
		"one that waits on does not count":      {[]glance{{0, map[int64]int{1: -20, 2: -5}, ""}, {10, map[int64]int{2: -5}, "a"}}, []time.Duration{25 * s}, 0},
		"one that came a moment ago":            {[]glance{{0, map[int64]int{1: 0}, ""}, {10, nil, "a"}}, []time.Duration{5 * s}, 0},
		"clocks that disagree":                  {[]glance{{0, map[int64]int{1: 30}, ""}, {10, nil, "a"}}, []time.Duration{0}, 0},
		"a build that ends is no build that begins": {
			[]glance{{0, nil, "ab"}, {10, nil, "b"}}, nil, 1,
		},
		"one that left the queue a look before it runs": {
			[]glance{{0, map[int64]int{1: -20}, ""}, {10, nil, ""}, {20, nil, "a"}}, nil, 0,
		},
		"one that was cancelled hides no other for long": {
			[]glance{{0, map[int64]int{1: -20}, ""}, {10, nil, ""}, {20, nil, ""}, {30, nil, "a"}}, []time.Duration{0}, 0,
		},
		"one a look before, and another one": {
			[]glance{{0, map[int64]int{1: -20, 2: 0}, ""}, {10, map[int64]int{2: 0}, ""}, {20, nil, "ab"}}, []time.Duration{15 * s}, 0,
		},
		"after a long time nobody knows when": {[]glance{{0, map[int64]int{1: -20}, ""}, {61, nil, "ab"}}, nil, 0},
		"the same look again": {
			[]glance{{0, map[int64]int{1: -20}, ""}, {10, nil, "a"}, {10, nil, "a"}}, nil, 0,
		},
	} {
		var j jobs
		var got turnover
		for _, g := range c.looks {
			var queued []demand.Job
			for id, since := range g.items {
				queued = append(queued, demand.Job{Item: id, Name: "shop", At: at(since), Since: at(since)})
			}
			node := &jenkins.Computer{Name: "agent-1"}
			for _, r := range g.runs {
				node.Builds = append(node.Builds, jenkins.Build{URL: "http://jenkins/job/shop/" + string(r) + "/"})
			}
			got = j.next(&jenkins.Snapshot{At: at(g.at)}, queued, []roster.Agent{{Computer: node}})
		}
		slices.Sort(got.waits)
		if diff := cmp.Diff(c.waits, got.waits); diff != "" {
			t.Errorf("%s: waits (-want +got):\n%s", name, diff)
		}
		if n := len(slices.DeleteFunc(got.jobs, func(j scale.Job) bool { return !j.Ended })); n != c.ended {
			t.Errorf("%s: %d builds ended, want %d", name, n, c.ended)
		}
	}
}
