package fleet

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/jenkins/pool"
)

// A pool with a bad spec, one without its Secret, one whose Secret is wrong and one in whose work majordomo itself fails: each says so, and the
// one beside them is served as if they were not there.
func TestABadPoolIsItsOwnTroubleAlone(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "")
	for _, name := range []string{"untargeted", "unlocked", "refused", "unlucky"} {
		w.agents("ReplicaSet", name, 2, "")
	}
	w.delete("ReplicaSet", "agent-untargeted")
	w.create(`{apiVersion: v1, kind: Secret, metadata: {name: wrong}, stringData: {username: scaler, token: nonsense}}`)
	w.merge("AgentPool", "unlocked", `{spec: {jenkins: {credentials: {name: missing}}}}`)
	w.merge("AgentPool", "refused", `{spec: {jenkins: {credentials: {name: wrong}}}}`)
	w.wire.add(&fault{verb: http.MethodGet, path: "/configmaps/majordomo-pool-unlucky", from: 1, to: -1, do: func(*http.Request, http.RoundTripper) (*http.Response, error) {
		panic("a broken invariant")
	}})
	w.start()
	w.jenkins.Enqueue("compile", 2)
	w.running(2)
	for name, want := range map[string][3]string{
		"untargeted": {"ScalingActive", "InvalidSpec", "ReplicaSet agent-untargeted, which is not in namespace"},
		"unlocked":   {"JenkinsReachable", "NoCredentials", "missing is not there; create it"},
		"refused":    {"JenkinsReachable", "JenkinsAuthLost", "scaler"},
		"unlucky":    {"ScalingActive", "ClusterUnread", "a broken invariant"},
	} {
		c := w.condition(name, want[0], "False", want[1])
		if !strings.Contains(c.Message, want[2]) {
			t.Errorf("pool %s says %q, want %q", name, c.Message, want[2])
		}
		if strings.Contains(c.Message, "nonsense") {
			t.Errorf("pool %s tells the token: %q", name, c.Message)
		}
	}
	w.jenkins.FinishAll()
	w.online(0)
	w.unhurt()
	w.metrics()
}

// metrics gathers them as Prometheus does, and looks at those of the pool that does well.
func (w *yard) metrics() {
	w.t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(w.fleet); err != nil {
		w.t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			key := f.GetName() + " " + labels["pool"] + labels["secret"] + " " + labels["state"] + labels["direction"] + labels["endpoint"]
			got[key] += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for key, want := range map[string]float64{
		"majordomo_pool_queue_items linux ": 0, "majordomo_pool_desired linux ": 0, "majordomo_pool_max linux ": 2, "majordomo_pool_agents linux busy": 0,
		"majordomo_pool_builds_lost_total linux ": 0, "majordomo_jenkins_up jenkins-api ": 1, "majordomo_jenkins_up wrong ": 0, "majordomo_jenkins_up missing ": 0,
		"majordomo_pool_condition linux ": 4, "majordomo_pool_agents linux starting": 0,
	} {
		if v, ok := got[key]; !ok || v != want {
			w.t.Errorf("metric %s is %v (%v), want %v", key, v, ok, want)
		}
	}
	for _, key := range []string{
		"majordomo_pool_scale_total linux up", "majordomo_pool_scale_total linux down", "majordomo_jenkins_request_duration_seconds jenkins-api queue",
		"majordomo_jenkins_request_duration_seconds jenkins-api park", "majordomo_fleet_panics_total  ",
	} {
		if got[key] < 1 {
			w.t.Errorf("metric %s is %v", key, got[key])
		}
	}
}

// The token is rotated: Jenkins refuses the old one, and the pool goes on with the new one as soon as the Secret has it.
func TestARotatedTokenIsTakenUp(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "")
	w.start()
	w.condition("linux", "JenkinsReachable", "True", "")
	user, _ := w.jenkins.Credentials("scaler")
	w.merge("Secret", "jenkins-api", fmt.Sprintf(`{data: null, stringData: {username: %s, token: outdated}}`, user))
	w.condition("linux", "JenkinsReachable", "False", "JenkinsAuthLost")
	_, token := w.jenkins.Credentials("scaler")
	w.merge("Secret", "jenkins-api", fmt.Sprintf(`{stringData: {token: %q}}`, token))
	w.condition("linux", "JenkinsReachable", "True", "")
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	w.jenkins.FinishAll()
	w.online(0)
}

// Environments come, go and change while the fleet runs.
func TestPlacesComeAndGo(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "")
	changed := make(chan chan struct{}, 1)
	changed <- make(chan struct{})
	there := make(chan bool, 1)
	there <- false
	o := w.options()
	places := o.Places
	o.Changed = func() <-chan struct{} { c := <-changed; changed <- c; return c }
	o.Places = func() []Place {
		is := <-there
		there <- is
		if !is {
			return nil
		}
		return places()
	}
	set := func(is bool) {
		<-there
		there <- is
		close(<-changed)
		changed <- make(chan struct{})
	}
	w.run(o)
	if len(w.wire.seen()) > 0 {
		t.Errorf("requests without a place: %v", w.wire.seen())
	}
	set(true)
	w.condition("linux", "JenkinsReachable", "True", "")
	w.jenkins.Enqueue("compile", 1)
	w.running(1)
	set(false)
	w.eventually("the board to be empty", func() error {
		if s := w.fleet.Snapshot(); len(s.Pools) > 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.jenkins.FinishAll()
	set(true)
	w.online(0)
	w.unhurt()
	if c, _ := pool.Find(w.status("linux").Conditions, pool.Ready); c.Status != pool.True {
		t.Errorf("ready %+v", c)
	}
}
