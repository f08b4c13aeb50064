package window

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/status"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// whole is a state with something of everything.
func whole() State {
	return State{
		Version: 7, At: noon, Program: Program{Version: "1.0", Leader: true, Memory: 1 << 20, Phases: []Phase{{Name: "plan", Count: 1}}},
		Source: Source{Revision: "3f2c1ab", Commit: &Commit{Subject: "more agents"}, LastSuccess: noon},
		Environments: []Environment{
			{Name: "gke", State: Ready, Sync: &status.Sync{Time: noon}}, {Name: "vagrant", State: Ready},
		},
		Pools: []Pool{
			{Environment: "gke", Namespace: "jenkins", Name: "linux", Decision: &Decision{To: 3}, Agents: []Agent{{Name: "a"}}},
			{Environment: "gke", Namespace: "jenkins", Name: "windows"},
		},
		Masters: []Master{{URL: "http://jenkins", Up: true}},
	}
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*State)
		want   string // "" means no news
	}{
		"nothing has changed":       {func(*State) {}, ""},
		"only time goes on":         {func(s *State) { s.At = noon.Add(time.Hour) }, ""},
		"memory alone is no news":   {func(s *State) { s.Program.Memory++; s.Program.Goroutines++; s.Program.Phases = nil }, ""},
		"an equal copy is the same": {func(s *State) { d := *s.Pools[0].Decision; s.Pools[0].Decision = &d }, ""},
		"one environment": {
			func(s *State) { s.Environments[1].State = Stalled },
			`{"environments":["vagrant"]}`,
		},
		"deep in a pool": {
			func(s *State) { s.Pools[0].Agents = []Agent{{Name: "a", Build: "http://jenkins/job/x/1/"}} },
			`{"pools":["gke/jenkins/linux"]}`,
		},
		"what a pointer leads to": {
			func(s *State) { s.Pools[0].Decision = &Decision{To: 4} },
			`{"pools":["gke/jenkins/linux"]}`,
		},
		"a new one": {
			func(s *State) { s.Environments = append(s.Environments, Environment{Name: "west"}) },
			`{"environments":["west"]}`,
		},
		"what is gone": {
			func(s *State) { s.Environments, s.Pools = s.Environments[1:], s.Pools[:1] },
			`{"gone":{"environments":["gke"],"pools":["gke/jenkins/windows"]}}`,
		},
		"the repository":                  {func(s *State) { s.Source.Error = "no answer" }, `{"source":true}`},
		"masters come all together":       {func(s *State) { s.Masters = append(s.Masters, Master{URL: "http://other"}) }, `{"masters":2}`},
		"the last master":                 {func(s *State) { s.Masters = nil }, `{"masters":0}`},
		"a loop that does not move":       {func(s *State) { s.Program.Alive = "stuck" }, `{"program":true}`},
		"memory goes along with the news": {func(s *State) { s.Program.Memory++; s.Source.Fetches++ }, `{"program":true,"source":true}`},
	} {
		after := whole()
		after.Version++
		c.change(&after)
		d, news := Diff(whole(), after)
		got := ""
		if news {
			got = outline(t, d)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if diff := cmp.Diff(after, applied(whole(), d)); news && diff != "" {
			t.Errorf("%s: what a reader has afterwards (-want +got):\n%s", name, diff)
		}
	}
}

// outline is a delta by what it is about.
func outline(t *testing.T, d Delta) string {
	m := map[string]any{}
	for _, e := range d.Environments {
		list, _ := m["environments"].([]string)
		m["environments"] = append(list, e.Name)
	}
	for _, p := range d.Pools {
		list, _ := m["pools"].([]string)
		m["pools"] = append(list, p.Key())
	}
	if d.Program != nil {
		m["program"] = true
	}
	if d.Source != nil {
		m["source"] = true
	}
	if d.Masters != nil {
		m["masters"] = len(d.Masters)
	}
	if d.Gone != nil {
		m["gone"] = d.Gone
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// applied is what a reader of a state makes of a delta.
func applied(s State, d Delta) State {
	s.Version, s.At = d.Version, d.At
	if d.Program != nil {
		s.Program = *d.Program
	}
	if d.Source != nil {
		s.Source = *d.Source
	}
	if d.Masters != nil {
		s.Masters = d.Masters
		if len(d.Masters) == 0 {
			s.Masters = nil
		}
	}
	gone := map[string]bool{}
	if d.Gone != nil {
		for _, name := range append(d.Gone.Environments, d.Gone.Pools...) {
			gone[name] = true
		}
	}
	s.Environments = merged(s.Environments, d.Environments, gone, func(e Environment) string { return e.Name })
	s.Pools = merged(s.Pools, d.Pools, gone, Pool.Key)
	return s
}

func merged[E any](list, changed []E, gone map[string]bool, name func(E) string) []E {
	now := map[string]E{}
	for _, e := range changed {
		now[name(e)] = e
	}
	var out []E
	for _, e := range list {
		n := name(e)
		if newer, ok := now[n]; ok {
			e = newer
			delete(now, n)
		}
		if !gone[n] {
			out = append(out, e)
		}
	}
	for _, e := range changed {
		if _, fresh := now[name(e)]; fresh {
			out = append(out, e)
		}
	}
	return out
}
