package fleet

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// spans gathers what a fleet tells.
type spans struct {
	mu   sync.Mutex
	list []Span
}

func (s *spans) add(span Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, span)
}

// find returns the first span that has all of the facts.
func (s *spans) find(name string, facts map[string]string) (Span, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(span Span) bool { return span.Name == name && has(span, facts) })
	if i < 0 {
		return Span{}, false
	}
	return s.list[i], true
}

func has(s Span, facts map[string]string) bool {
	n := 0
	for _, f := range s.Facts {
		if want, ok := facts[f.Key]; ok && f.Value.String() == want {
			n++
		}
	}
	return n == len(facts)
}

// Builds come, agents start and go, Jenkins fails: each is told with its parts. What is the same every few seconds is not.
func TestAVisitThatDoesAnythingIsToldWithItsParts(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 2, "")
	var told spans
	o := w.options()
	o.Trace = told.add
	w.run(o)
	w.condition("linux", "JenkinsReachable", "True", "")
	w.jenkins.Enqueue("compile", 2)
	w.running(2)
	up, ok := told.find("pool", map[string]string{"env": "test", "namespace": w.ns, "pool": "linux", "jenkins": w.url, "from": "0", "to": "2", "queued": "2"})
	if !ok {
		t.Fatalf("no pass from 0 to 2 agents in %+v", told.list)
	}
	var parts []string
	for _, p := range up.Parts {
		parts = append(parts, p.Name)
		if p.Start.Before(up.Start) || p.End.After(up.End) || p.End.Before(p.Start) {
			t.Errorf("%s from %s to %s is not within %s to %s", p.Name, p.Start, p.End, up.Start, up.End)
		}
	}
	if !slices.Equal(parts, []string{"snapshot", "decide", "act"}) {
		t.Fatalf("parts %q, want snapshot, decide, act", parts)
	}
	if steps := up.Parts[2].Parts; len(steps) != 1 || steps[0].Name != "scale" || steps[0].Err != nil || !has(steps[0], map[string]string{"object": "ReplicaSet/agent-linux", "from": "0", "to": "2"}) {
		t.Errorf("steps %+v, want one that scales from 0 to 2", steps)
	}
	w.jenkins.FinishAll()
	w.online(0)
	w.eventually("a pass that removes an agent", func() error {
		if _, ok := told.find("pool", map[string]string{"to": "0"}); !ok {
			return fmt.Errorf("%+v", told.list)
		}
		return nil
	})
	told.mu.Lock()
	defer told.mu.Unlock()
	last := -1
	for _, s := range told.list {
		if s.Name != "pool" {
			continue
		}
		to := -1
		for _, f := range s.Facts {
			if f.Key == "to" {
				to = int(f.Value.Int64())
			}
		}
		if acted := s.Parts[len(s.Parts)-1].Name == "act"; !acted && to == last {
			t.Errorf("%+v is told, in which nothing was done or decided", s)
		}
		last = to
	}
}
