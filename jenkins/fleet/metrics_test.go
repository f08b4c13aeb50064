package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
)

// busyBoard is a fleet that has something to say about everything.
func busyBoard() *Fleet {
	f, at := New(Options{}), time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	m := masterKey{environment: "gke", url: "http://jenkins", namespace: "ci", secret: "jenkins-api"}
	t := newTracked("uid")
	t.place(&site{environment: "gke"}, kube.Ref{Namespace: "ci", Name: "linux"})
	key := t.key()
	f.board.put(t, &pool.Pool{Spec: pool.Spec{Max: 5}}, pool.Status{
		Queued: 3, OldestQueued: &at, Busy: 2, Desired: 4, Min: 1, Max: 5,
		Conditions: []pool.Condition{{Type: pool.ScalingActive, Status: pool.True, Reason: pool.Deciding}},
		Decision:   &pool.Decision{Gates: []pool.Gate{{Name: drain.Fresh, Open: true}}},
	})
	f.board.started(key, 40*time.Second)
	f.board.did(key, drain.Step{Op: drain.Scale, Replicas: 4}, 2)
	f.board.killed(key, 1)
	f.board.found(key, map[heal.Rule]int{heal.Image: 2})
	f.board.answered(m, &jenkins.Snapshot{At: at}, nil)
	f.board.observe(m)("queue", 200, 30*time.Millisecond)
	f.board.panicked()
	return f
}

func TestEveryMetricThatIsDescribedIsServed(t *testing.T) {
	t.Parallel()
	f := busyBoard()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(f); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var served, described []string
	for _, family := range families {
		served = append(served, family.GetName())
	}
	descriptions := make(chan *prometheus.Desc, 100)
	f.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		described = append(described, name)
	}
	slices.Sort(described)
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("served (-described +served):\n%s", diff)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("names and helps: %v %v", problems, err)
	}
}

func TestWhatIsWrongWithAgentsIsCountedByRule(t *testing.T) {
	t.Parallel()
	f := busyBoard()
	rules := func() map[string]float64 {
		r, out := prometheus.NewRegistry(), map[string]float64{}
		if err := r.Register(f); err != nil {
			t.Fatal(err)
		}
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				if family.GetName() == "majordomo_pool_findings" {
					out[m.GetLabel()[3].GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
		return out
	}
	if diff := cmp.Diff(map[string]float64{"ImageUnavailable": 2}, rules()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	f.board.found(poolKey{"gke", "ci", "linux"}, nil)
	if got := rules(); len(got) != 0 {
		t.Errorf("findings %v once all agents are well, want none", got)
	}
}
