package loop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

func TestF29OneBadEnvironmentHoldsUpNobody(t *testing.T) {
	cases := map[string]func(w *world, bad string){
		"an API that hangs": func(w *world, bad string) {
			w.wire.add(with(&fault{do: hang}, "", "/namespaces/"+bad, 1, -1))
		},
		"an overlay that does not render": func(w *world, bad string) {
			w.files["overlays/"+bad+"/kustomization.yaml"] = "resources: [nowhere.yaml]\n"
		},
		"an object that the server refuses": func(w *world, bad string) {
			w.files["overlays/"+bad+"/bad.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {type: Typo, ports: [{port: 1}]}\n"
			w.files["overlays/"+bad+"/kustomization.yaml"] = "namespace: " + bad + "\nresources: [../../base, bad.yaml]\n"
		},
		"a panic": func(w *world, bad string) {
			w.wire.add(with(&fault{do: panics}, "", "/namespaces/"+bad, 1, 1))
		},
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 3)
			bad := w.envs[1]
			spoil(w, bad)
			first := w.commit("first")
			w.timeout = 2 * time.Second
			w.start()
			for _, e := range []string{w.envs[0], w.envs[2]} {
				w.ready(e, first)
			}
			if name == "a panic" {
				return // it passes: the environment is tried again
			}
			if e := w.environment(bad); e.Is(status.Ready) {
				t.Errorf("the bad environment is ready: %+v", e.Conditions)
			}
		})
	}
}

func TestF04PanicIsRecoveredCountedAndTriedAgain(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.make(Options{})
	w.loop.source = panicking{source: w.source, left: new(int)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.loop.Run(ctx) }()
	w.ready(env, first)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := w.board.Snapshot().Panics; len(got) != 1 || got[0].Value != 1 {
		t.Errorf("panics %+v, want one", got)
	}
}

// panicking is a source that panics once.
type panicking struct {
	source
	left *int
}

func (p panicking) Head(ctx context.Context) (string, error) {
	if *p.left++; *p.left == 1 {
		panic("a broken invariant")
	}
	return p.source.Head(ctx)
}

func TestFightIsReportedAndBackedOff(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	for i := range fightRepairs + 1 {
		w.edit(env, "casc", fmt.Sprintf(`{"data":{"executors":"1%d"}}`, i))
		w.executors(env, "0")
	}
	w.eventually("the fight in the status", func() error {
		e := w.environment(env)
		if len(e.Drift.Fights) != 1 || e.Drift.Fights[0].Manager != "kubectl-edit" {
			return fmt.Errorf("drift %+v", e.Drift)
		}
		return nil
	})
	w.edit(env, "casc", `{"data":{"executors":"99"}}`)
	w.settled()
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "99" {
		t.Errorf("executors %s: a fight went on without a pause", got)
	}
	w.remove(services, env, "jenkins") // what is not fought over is healed at once
	w.eventually("the Service", func() error {
		if w.get(services, env, "jenkins") == nil {
			return errors.New("not back")
		}
		return nil
	})
}

func TestFights(t *testing.T) {
	id := object.ID{Kind: "ConfigMap", Namespace: "j", Name: "a"}
	step := plan.Step{ID: id, Op: plan.Update, Drift: true, By: []string{"hpa"}, Changes: []object.Change{{Path: ".spec.replicas"}}}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	fs := fights{}
	for range fightRepairs {
		fs.note(step, now)
	}
	if len(fs.list(now)) != 0 {
		t.Error("five repairs in a minute are a fight already")
	}
	fs.note(step, now)
	if got := fs.list(now); len(got) != 1 || got[0].Manager != "hpa" {
		t.Errorf("fights %+v, want one with hpa", got)
	}
	for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 5 * time.Minute, 5 * time.Minute} {
		p := plan.Plan{Steps: []plan.Step{step}}
		if next := fs.hold(&p, now); next.Sub(now) != want || p.Steps[0].Op != plan.Keep || !strings.Contains(p.Steps[0].Reason, "hpa") {
			t.Errorf("next repair in %s (%+v), want %s", next.Sub(now), p.Steps[0], want)
		}
		now = now.Add(want)
		p = plan.Plan{Steps: []plan.Step{step}}
		if next := fs.hold(&p, now); !next.IsZero() || p.Steps[0].Op != plan.Update {
			t.Error("it is not repaired when it is due")
		}
		fs.note(step, now)
	}
	if got := fs.list(now.Add(fightPeace + time.Second)); len(got) != 0 || len(fs) != 0 {
		t.Errorf("after ten minutes of peace: %+v, want none", got)
	}
}

func TestBackoffDoublesUpToItsCapWithJitter(t *testing.T) {
	b := Backoff{Base: time.Second, Cap: 10 * time.Second}
	for n, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		want *= time.Second
		if low, high := b.after(n, 0), b.after(n, 1); low != want/2 || high != want {
			t.Errorf("after %d failures %s to %s, want %s to %s", n, low, high, want/2, want)
		}
	}
	l := newLimiter(Backoff{})
	for range 100 {
		if d := l.When("x"); d > 5*time.Minute {
			t.Fatalf("waits %s, more than the cap", d)
		}
	}
	l.Forget("x")
	if n := l.NumRequeues("x"); n != 0 {
		t.Errorf("%d failures after Forget", n)
	}
}

func TestF03StopInMidSyncFinishesWhatIsUnderWayAndPrunesNothing(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	w.story()
	first := w.repo.Head()
	stop := w.start()
	w.ready(env, first)
	reached := make(chan struct{})
	w.wire.add(with(&fault{do: pause(reached)}, "PATCH", "configmaps/new", 1, 1))
	second := w.commit("after")
	<-reached
	stop()
	if w.get(configMaps, env, "new") == nil {
		t.Error("the object under way was not finished")
	}
	if w.get(configMaps, env, "old") == nil {
		t.Error("a prune began after the stop")
	}
	w.wire.clear()
	w.start()
	w.ready(env, second)
}
