package jenkinstest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"majordomo.dev/jenkins/jenkinstest"
)

// machine does random things to a Jenkins and knows what must be true whatever was done.
type machine struct {
	clock  *jenkinstest.Clock
	j      *jenkinstest.Jenkins
	parked map[string]time.Time // node by when it was parked
	deadly bool                 // something was done that may cost builds
}

func newMachine(t *rapid.T) *machine {
	clock := jenkinstest.NewClock(start)
	m := &machine{clock: clock, parked: map[string]time.Time{}}
	m.j = jenkinstest.New(jenkinstest.Options{
		Now: clock.Now, Open: true, Seed: rapid.Uint64().Draw(t, "seed"),
		Assign: time.Duration(rapid.IntRange(0, 2).Draw(t, "assign")) * time.Second,
	})
	m.j.AddJob(
		jenkinstest.Job{Name: "free", Label: "linux", Duration: 20 * time.Second, Spread: 10 * time.Second},
		jenkinstest.Job{Name: "any", Serial: true, Duration: 5 * time.Second},
		jenkinstest.Job{Name: "pipe", Label: "linux||mac", Pipeline: true, Duration: 30 * time.Second},
	)
	return m
}

func node(t *rapid.T) string {
	return fmt.Sprintf("agent-%d", rapid.IntRange(1, 4).Draw(t, "node"))
}

// actions are named by what they do. An error is a node that is not there.
func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"add": func(t *rapid.T) {
			name := node(t)
			if _, ok := m.j.Node(name); ok {
				return
			}
			m.j.AddNode(jenkinstest.Node{Name: name, Labels: []string{"linux"}, Static: rapid.Bool().Draw(t, "static"), Exclusive: rapid.Bool().Draw(t, "exclusive"), Executors: rapid.IntRange(1, 2).Draw(t, "executors")})
		},
		"order": func(t *rapid.T) { m.j.Enqueue(rapid.SampledFrom([]string{"free", "any", "pipe"}).Draw(t, "job"), 1) },
		"park": func(t *rapid.T) {
			name := node(t)
			if m.j.Park(name, "drain") == nil && m.parked[name].IsZero() {
				m.parked[name] = m.clock.Now()
			}
		},
		"unpark": func(t *rapid.T) {
			name := node(t)
			_ = m.j.Unpark(name)
			delete(m.parked, name)
		},
		"kill": func(t *rapid.T) {
			m.deadly = true
			_ = m.j.Kill(node(t))
		},
		"delete": func(t *rapid.T) {
			m.deadly = true
			_ = m.j.RemoveNode(node(t))
		},
		"break": func(t *rapid.T) {
			m.deadly = true
			_ = m.j.Disconnect(node(t))
		},
		"crash": func(*rapid.T) {
			m.deadly = true
			m.j.Crash()
		},
		"restart": func(*rapid.T) { m.j.Restart() },
		"wait": func(t *rapid.T) {
			m.clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
		},
		"": m.check,
	}
}

func (m *machine) check(t *rapid.T) {
	s := m.j.Stats()
	if s.Running != s.Started-s.Finished || s.Running < 0 {
		t.Fatalf("counters do not add up: %+v", s)
	}
	if !m.deadly && s.Lost+s.Excused > 0 {
		t.Fatalf("builds were lost, and nobody has done anything: %+v", m.j.Lost())
	}
	for _, n := range m.j.Nodes() {
		if n.Busy > n.Executors && !n.Ghost {
			t.Fatalf("more builds than executors: %+v", n)
		}
		if !n.Parked { // Jenkins forgets it at restarts, and swarm nodes take it with them
			delete(m.parked, n.Name)
		}
	}
	for _, w := range m.j.Waits() {
		if at, ok := m.parked[w.Node]; ok && w.Started.Add(-3*time.Second).After(at) {
			t.Fatalf("%s #%d began on %s at %v, which was parked at %v", w.Job, w.Number, w.Node, w.Started, at)
		}
	}
	if !m.j.Up() {
		return
	}
	for _, path := range []string{"/queue/api/json", "/computer/api/json?depth=1", "/api/json?depth=2"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://jenkins.test"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := m.j.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !json.Valid(body) {
			t.Fatalf("%s is no JSON (%v): %s", path, err, body)
		}
	}
}

func TestTheWorldKeepsItsRulesWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		t.Repeat(newMachine(t).actions())
	})
}
