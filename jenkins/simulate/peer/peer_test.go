package peer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/trace"
)

// startup is always the same, so that what a peer does can be counted out.
const startup = 40 * time.Second

// named returns the peer of that name, or whose name begins so.
func named(t *testing.T, builds *trace.Trace, name string) Peer {
	t.Helper()
	all := All(builds.Demand(), 1, 1000)
	for _, fits := range []func(string) bool{
		func(n string) bool { return n == name }, func(n string) bool { return strings.HasPrefix(n, name) },
	} {
		if i := slices.IndexFunc(all, func(p Peer) bool { return fits(p.Name) }); i >= 0 {
			return all[i]
		}
	}
	t.Fatalf("there is no peer %q", name)
	return Peer{}
}

func play(t *testing.T, builds *trace.Trace, name string) *engine.Result {
	t.Helper()
	p := named(t, builds, name)
	o := engine.Options{Startup: engine.Startup{Median: startup, P95: startup}, Register: 10 * time.Second, Poll: 5 * time.Second, Events: true}
	p.World(&o)
	r, err := engine.Run(t.Context(), builds, o, p.New())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// of makes a trace from pairs of submission and duration.
func of(pairs ...time.Duration) *trace.Trace {
	t := &trace.Trace{Jobs: []string{"a"}}
	for i := 0; i < len(pairs); i += 2 {
		t.Builds = append(t.Builds, trace.Build{Submit: pairs[i], Duration: pairs[i+1]})
	}
	return t
}

func TestABuildWaitsForTheNextLookAndTheStartUp(t *testing.T) {
	// All look at the beginning. An hour later nothing is left of the first build's agent, and they look when it is their time.
	builds := of(0, time.Second, time.Hour+7*time.Second, time.Minute)
	for name, want := range map[string]struct{ first, second time.Duration }{
		"ARC scale set, min 0":    {startup, startup},
		"ARC scale set, min 1":    {0, 0},
		"demand, off after 0 s":   {startup, startup},
		"demand, off after 600 s": {startup, startup},
		"Buildkite":               {startup, 3*time.Second + startup},
		"KEDA HPA":                {startup, 23*time.Second + startup},
		"KEDA HPA, never killing": {startup, 23*time.Second + startup},
		"KEDA ScaledJob":          {startup, 23*time.Second + startup},
		"Jenkins NodeProvisioner": {startup, 3*time.Second + startup}, // there is none at all, so the averages do not count
		"GitLab taskscaler":       {startup, 0},                       // one is always idle
		"static fleet at p99":     {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := play(t, builds, name)
			if total := want.first + want.second; r.Waited != total.Seconds() || r.Max != max(want.first, want.second) {
				t.Errorf("waited %g s, %s at most; want %s and %s", r.Waited, r.Max, want.first, want.second)
			}
		})
	}
}

func TestJenkinsTakesTwoMinutesToBelieveInASecondBuild(t *testing.T) {
	// With one executor in use, one build that waits has to be 0.7 of the moving average: 12 looks at 0.9 each.
	r := play(t, of(0, time.Hour, 10*time.Minute, time.Minute), "Jenkins NodeProvisioner")
	if want := 115*time.Second + startup; r.Max < want-15*time.Second || r.Max > want+15*time.Second {
		t.Errorf("the second build waited %s, want about %s", r.Max, want)
	}
}

func TestOnlyTheHorizontalPodAutoscalerKills(t *testing.T) {
	builds := of(0, 10*time.Hour)
	for i := range 40 { // many short builds beside a long one
		builds.Builds = append(builds.Builds, trace.Build{Submit: time.Duration(i) * 20 * time.Minute, Duration: time.Minute})
	}
	if r := play(t, builds, "KEDA HPA, never"); r.Killed != 0 || r.Lost != 0 {
		t.Errorf("never killing: %d builds killed, %g s lost", r.Killed, r.Lost)
	}
	if r := play(t, builds, "KEDA HPA"); r.Killed == 0 || r.Lost == 0 || r.Builds != len(builds.Builds) {
		t.Errorf("killing: %+v; want some killed, and all of them run again", r)
	}
}

func TestAgentsStopWhenTheirPeerSaysSo(t *testing.T) {
	end := 2 * time.Hour
	builds := of(0, time.Minute, end, time.Second) // the last build only keeps the clock running
	for name, want := range map[string]time.Duration{
		"demand, off after 0 s":   0,
		"demand, off after 60 s":  60 * time.Second,
		"demand, off after 300 s": 300 * time.Second,
		"Buildkite":               600 * time.Second,
		"Jenkins NodeProvisioner": 600 * time.Second,
		"KEDA HPA, never killing": 300 * time.Second,
		"ARC scale set, min 0":    0,
		"KEDA ScaledJob":          0,
		"GitLab taskscaler":       end, // at least the one that it always has
	} {
		t.Run(name, func(t *testing.T) {
			r := play(t, builds, name)
			idle := time.Duration(r.Idle * float64(time.Second))
			if idle < want-5*time.Second || idle > want+4*time.Minute && name != "GitLab taskscaler" {
				t.Errorf("agents were idle for %s, want %s, and what passes until the next look", idle, want)
			}
		})
	}
}

func TestEveryPeerStaysBelowTheMostAgents(t *testing.T) {
	builds := trace.Diurnal(1, 2000)
	for _, p := range All(builds.Demand(), 2, 7) {
		o := engine.Options{
			Startup: engine.Startup{Median: 45 * time.Second, P95: 2 * time.Minute}, Executors: 2, Max: 7, Poll: 5 * time.Second, Events: true,
		}
		p.World(&o)
		r, err := engine.Run(t.Context(), builds, o, p.New())
		if err != nil || r.Peak > 7 || r.Builds != 2000 {
			t.Errorf("%s: %d agents, %d builds, error %v", p.Name, r.Peak, r.Builds, err)
		}
		if p.Rule == "" {
			t.Errorf("%s does not say what it does", p.Name)
		}
	}
}
