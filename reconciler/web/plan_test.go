package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/reconciler/window"
)

// planning is a bench whose plans come from a function, with gke and vagrant.
func planning(t *testing.T, compute func(context.Context, string) (Plan, error), change ...func(*Options)) *bench {
	s := newScene(window.State{Environments: []window.Environment{{Name: "gke"}, {Name: "vagrant"}, {Name: "a"}, {Name: "b"}, {Name: "c"}}})
	return newBench(t, append([]func(*Options){showing(s), func(o *Options) { o.Plan, o.Now = compute, time.Now }}, change...)...)
}

func TestPlanIsAnsweredOrSaysWhyNot(t *testing.T) {
	want := Plan{Environment: "gke", Commit: "3f2c1ab", Steps: []PlanStep{{Op: "update", Object: "Service a/b", Fields: []PlanField{{Path: ".spec.type", To: json.RawMessage(`"NodePort"`)}}}}}
	b := planning(t, func(_ context.Context, env string) (Plan, error) {
		switch env {
		case "gke":
			return want, nil
		case "vagrant":
			return Plan{}, errors.New("commit 3f2c1ab does not render: \x1b[31moverlays/vagrant: no kustomization")
		}
		return Plan{}, ErrNoEnvironment
	})
	w := ask(t, b, "/api/v1/environments/gke/plan")
	var got Plan
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Steps[0].Object != "Service a/b" || string(got.Steps[0].Fields[0].To) != `"NodePort"` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for path, want := range map[string]struct {
		code int
		text string
	}{
		"/api/v1/environments/vagrant/plan":   {503, `"commit 3f2c1ab does not render: overlays/vagrant: no kustomization"`},
		"/api/v1/environments/nothing/plan":   {404, `"no environment \"nothing\""`},
		"/api/v1/environments/a/plan":         {404, `"no environment \"a\""`},
		"/api/v1/environments/<script>/plan":  {404, "NotFound"},
		"/api/v1/environments//plan":          {404, "NotFound"},
		"/api/v1/environments/gke/plan/extra": {404, "NotFound"},
	} {
		w := ask(t, b, path)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.text) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d %s", path, w.Code, w.Body, want.code, want.text)
		}
	}
}

func TestPlansOfOneEnvironmentAreSharedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		b := planning(t, func(context.Context, string) (Plan, error) {
			runs.Add(1)
			<-time.After(time.Second)
			return Plan{Environment: "gke"}, nil
		})
		codes := make(chan int, 20)
		for range cap(codes) {
			go func() { codes <- ask(t, b, "/api/v1/environments/gke/plan").Code }()
		}
		for range cap(codes) {
			if code := <-codes; code != 200 {
				t.Errorf("code %d", code)
			}
		}
		<-time.After(planFresh - time.Millisecond)
		ask(t, b, "/api/v1/environments/gke/plan")
		if n := runs.Load(); n != 1 {
			t.Errorf("%d plans for 21 requests in a few seconds, want 1", n)
		}
		<-time.After(time.Millisecond)
		ask(t, b, "/api/v1/environments/gke/plan")
		if n := runs.Load(); n != 2 {
			t.Errorf("%d plans after that, want a fresh one", n)
		}
	})
}

func TestPlansThatHangEnd(t *testing.T) {
	hang := func(ctx context.Context, _ string) (Plan, error) { <-ctx.Done(); return Plan{}, ctx.Err() }
	t.Run("after half a minute", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			w := ask(t, planning(t, hang), "/api/v1/environments/gke/plan")
			if w.Code != 503 || !strings.Contains(w.Body.String(), "no answer within 30s") || time.Since(began) != planTimeout {
				t.Errorf("after %s: %d %s", time.Since(began), w.Code, w.Body)
			}
		})
	})
	t.Run("when the process stops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := planning(t, hang)
			time.AfterFunc(time.Second, b.Drain)
			if w := ask(t, b, "/api/v1/environments/gke/plan"); w.Code != 503 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	})
	t.Run("and keep no place from others but a few", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := planning(t, hang)
			for _, env := range []string{"gke", "vagrant", "a", "b"} {
				go ask(t, b, "/api/v1/environments/"+env+"/plan")
			}
			synctest.Wait()
			if w := ask(t, b, "/api/v1/environments/c/plan"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			b.Drain()
		})
	})
}

func TestPanicInAPlanCostsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := planning(t, func(context.Context, string) (Plan, error) { panic("boom") })
		if w := ask(t, b, "/api/v1/environments/gke/plan"); w.Code != 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := ask(t, b, "/api/v1/environments/gke/plan"); w.Code != 503 || !strings.Contains(w.Body.String(), "majordomo itself failed") {
			t.Errorf("the next one, which shares it: %d %s", w.Code, w.Body)
		}
	})
}

func TestPlansAreForThoseWhoMaySeeTheEnvironment(t *testing.T) {
	m := newRealm()
	b := planning(t, func(context.Context, string) (Plan, error) { return Plan{}, nil }, guarding(m))
	for path, want := range map[string]int{"/api/v1/environments/gke/plan": 200, "/api/v1/environments/vagrant/plan": 404} {
		if w := b.call(t, call{method: http.MethodGet, path: path, token: "v"}); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
