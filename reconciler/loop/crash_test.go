package loop

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/status"
)

// story commits the start of a sync that does everything at once, and readies the files of its end: it creates, changes, prunes,
// recreates and hands a field over.
func (w *world) story() {
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	w.files[overlay+"old.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\ndata: {a: b}\n"
	w.files[overlay+"selector.yaml"] = replicaSet("moved", "one")
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, old.yaml, selector.yaml]\n"
	w.commit("before")
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "2"`, 1)
	w.files[overlay+"new.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new\n  annotations: {majordomo.dev/ignore: /data/theirs}\ndata: {mine: a, theirs: b}\n"
	w.files[overlay+"selector.yaml"] = replicaSet("moved", "two")
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, new.yaml, selector.yaml]\n"
}

func replicaSet(name, app string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: %s, annotations: {majordomo.dev/recreate: "true"}}
spec:
  replicas: 0
  selector: {matchLabels: {app: %s}}
  template:
    metadata: {labels: {app: %s}}
    spec: {containers: [{name: c, image: "x:1"}]}
`, name, app, app)
}

// converge runs the loop, without faults and each time without memory, until a run changes nothing any more.
func (w *world) converge(env string) {
	w.t.Helper()
	w.eventually("environment "+env+" to settle", func() error {
		w.wire.clear()
		if err := w.once(context.Background()); err != nil {
			return err
		}
		for _, c := range w.wire.clear() {
			if !strings.HasPrefix(c, "GET ") {
				return fmt.Errorf("still writing: %s", c)
			}
		}
		if e := w.environment(env); !e.Is(status.Ready) {
			return fmt.Errorf("conditions %+v", e.Conditions)
		}
		return nil
	})
}

// golden plays the story without any fault, and returns what it leaves and how many requests the sync took.
func golden(t *testing.T) (map[string]any, int) {
	t.Helper()
	w := newWorld(t, 1)
	env := w.envs[0]
	w.story()
	w.converge(env)
	w.commit("after")
	w.wire.clear()
	if err := w.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := len(w.wire.clear())
	w.converge(env)
	return w.state(env), calls
}

// A process that is killed at any request of a sync, before the server has it or after the server has carried it out, is followed by one
// that reaches the state of a sync without any fault.
func TestCrashAtEveryRequestConverges(t *testing.T) {
	want, calls := golden(t)
	t.Logf("the sync takes %d requests", calls)
	if len(want) < 10 || calls < 20 {
		t.Fatalf("the story leaves %d things by %d requests; it is to be longer", len(want), calls)
	}
	for n := 1; n <= calls; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d of %d/after the server=%v", n, calls, after), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, 1)
				env := w.envs[0]
				w.story()
				w.converge(env)
				w.commit("after")
				w.wire.add(&fault{from: n, do: w.wire.kill(after)})
				_ = w.once(t.Context()) // whatever it says, it is dead
				w.wire.clear()
				w.converge(env)
				if diff := cmp.Diff(want, w.state(env)); diff != "" {
					t.Errorf("killed at request %d of %d (after the server: %v), then run again: (-without a fault +after the crash)\n%s", n, calls, after, diff)
				}
			})
		}
	}
}

// The same for a loop that runs, with watches and memory: it is killed at every write, or right after the server has carried it out.
func TestCrashAtEveryWriteOfTheRunningLoopConverges(t *testing.T) {
	want, _ := golden(t)
	for n := 1; n <= 14; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d/after the server=%v", n, after), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, 1)
				env := w.envs[0]
				w.story()
				stop := w.start()
				w.ready(env, w.repo.Head())
				w.settled()
				w.wire.add(&fault{verb: "P", from: n, do: w.wire.kill(after)}) // PATCH, PUT, POST
				w.commit("after")
				w.eventually("the kill, or the end of the sync", func() error {
					if w.wire.killed() || w.environment(env).Revision == w.repo.Head() {
						return nil
					}
					return fmt.Errorf("still at work")
				})
				stop()
				w.wire.clear()
				w.start()
				w.ready(env, w.repo.Head())
				w.eventually("the end state", func() error {
					if diff := cmp.Diff(want, w.state(env)); diff != "" {
						return fmt.Errorf("(-without a fault +after the crash)\n%s", diff)
					}
					return nil
				})
			})
		}
	}
}
