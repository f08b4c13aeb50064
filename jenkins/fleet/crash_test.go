package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
)

// story is a day in the life of a pool: it grows, its template changes while builds run, and it shrinks to nothing.
func (w *yard) story() {
	w.t.Helper()
	w.jenkins.AddJob(jenkinstest.Job{Name: "compile", Label: "linux", Duration: 40 * time.Second})
	w.jenkins.Enqueue("compile", 2)
	w.eventually("a build", func() error {
		if s := w.jenkins.Stats(); s.Running+s.Finished == 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.merge("ReplicaSet", "agent-linux", `{spec: {template: `+w.template("linux", "two", "")+`}}`)
	w.jenkins.Enqueue("compile", 2)
	w.eventually("all builds to be done", func() error {
		if s := w.jenkins.Stats(); s.Finished != 4 || s.Waiting != 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.online(0)
	w.eventually("the status to say so", func() error {
		s := w.status("linux")
		ready, _ := pool.Find(s.Conditions, pool.Ready)
		if s.Replicas+s.Busy+s.Idle+s.Starting+s.Draining+s.Desired+s.Queued+len(s.Agents) != 0 || ready.Status != pool.True {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// state is what the story leaves, less what is different in every run: the oracle for crashes and faults.
func (w *yard) state() map[string]any {
	w.t.Helper()
	out := map[string]any{"replicas": w.replicas("ReplicaSet", "linux"), "pods": len(w.pods()), "lost": w.jenkins.Lost(), "finished": w.jenkins.Stats().Finished}
	rs := w.get("ReplicaSet", "agent-linux")
	out["template"] = at(rs, "spec", "template", "metadata", "annotations", pool.Template)
	out["rolled back"] = at(rs, "metadata", "annotations", pool.RolledBack)
	for _, n := range w.jenkins.Nodes() {
		out["node "+n.Name] = n.Parked
	}
	o := w.get("AgentPool", "linux")
	out["finalizers"] = at(o, "metadata", "finalizers")
	out["annotations"] = at(o, "metadata", "annotations")
	s := w.status("linux")
	out["status"] = []int{s.Queued, s.Busy, s.Idle, s.Starting, s.Draining, s.Offline, s.Desired, s.Min, s.Max, len(s.Agents)}
	for _, c := range s.Conditions {
		out[c.Type] = c.Status + " " + c.Reason
	}
	list, err := w.in("ControllerRevision").List(w.t.Context(), everything)
	if err != nil {
		w.t.Fatal(err)
	}
	out["way back"] = slices.ContainsFunc(list.Items, func(u object) bool { return strings.HasSuffix(u.GetName(), "-two") })
	return out
}

// golden plays the story without any fault, and returns what it leaves, how many requests that change something it took, and how many of them
// were acts.
func golden(t *testing.T) (state map[string]any, writes, acts int) {
	t.Helper()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 4, "")
	w.start()
	w.story()
	w.stop()
	for _, c := range w.wire.clear() {
		if !strings.HasPrefix(c, "GET ") {
			writes++
			if act(c) {
				acts++
			}
		}
	}
	return w.state(), writes, acts
}

// reborn starts a fleet without memory whenever the one before it was killed.
func (w *yard) reborn() (killed func() int) {
	n, end, done := 0, make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(5 * time.Millisecond)
	w.start()
	go func() {
		defer close(done)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			if w.wire.killed() {
				n++
				w.stop()
				w.wire.clear()
				w.start()
			}
		}
	}()
	return func() int { close(end); <-done; return n }
}

// A process that is killed at any request that changes something, before the server has it, is followed by one that reaches the state of a day
// without any fault; so is one that is killed after the server has carried out an act. No build is lost.
func TestCrashAtEveryWriteConverges(t *testing.T) {
	want, writes, acts := golden(t)
	t.Logf("the story takes %d writes, %d of them acts, and leaves %v", writes, acts, want)
	if writes < 40 || acts < 15 {
		t.Fatalf("the story takes %d writes, %d of them acts; it is to be longer", writes, acts)
	}
	for n := 1; n <= writes; n++ {
		t.Run(fmt.Sprintf("before write %d of %d", n, writes), func(t *testing.T) {
			t.Parallel()
			crash(t, want, func(w *wire) *fault { return &fault{writes: true, from: n, do: w.kill(false)} })
		})
	}
	for n := 1; n <= acts; n++ {
		t.Run(fmt.Sprintf("after act %d of %d", n, acts), func(t *testing.T) {
			t.Parallel()
			crash(t, want, func(w *wire) *fault { return &fault{acts: true, from: n, do: w.kill(true)} })
		})
	}
}

// crash plays the story with a process that is killed.
func crash(t *testing.T, want map[string]any, at func(*wire) *fault) {
	t.Helper()
	w := newYard(t)
	w.agents("ReplicaSet", "linux", 4, "")
	w.wire.add(at(w.wire))
	killed := w.reborn()
	w.story()
	if killed() == 0 {
		t.Log("this day took fewer writes")
	}
	w.stop()
	if diff := cmp.Diff(want, w.state()); diff != "" {
		t.Errorf("(-without a fault +after the crash)\n%s\n%s", diff, w.describe())
	}
}
