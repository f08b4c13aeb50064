package loop

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/telemetry"
)

// facts are those of a span, as text.
func facts(s telemetry.Span) map[string]string {
	out := map[string]string{}
	for _, f := range s.Facts {
		out[f.Key] = f.Value.String()
	}
	return out
}

// within tells whether all parts of a span are within it, and in order.
func within(t *testing.T, s telemetry.Span) {
	t.Helper()
	last := s.Start
	for _, p := range s.Parts {
		if p.Start.Before(last) || p.End.Before(p.Start) || p.End.After(s.End) {
			t.Errorf("%s from %s to %s is not after %s and within %s", p.Name, p.Start, p.End, last, s.Name)
		}
		last = p.Start
	}
}

func names(list []telemetry.Span) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

// A sync of a new commit, one that changes nothing, and one that does not render, by the spans that are told of them.
func TestAPassIsToldWithItsParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	env := w.envs[0]
	w.make(Options{})
	var told []telemetry.Span
	w.loop.opts.Trace = func(s telemetry.Span) { told = append(told, s) }
	pass := func() []telemetry.Span {
		t.Helper()
		told = nil
		w.loop.pull(t.Context())
		w.loop.Visit(env, status.Manual)
		w.loop.work(t.Context(), env)
		return told
	}
	t.Cleanup(w.loop.running.Wait)
	t.Cleanup(w.loop.queue.ShutDown)

	first := w.commit("first")
	list := pass()
	if diff := cmp.Diff([]string{"fetch", "environment"}, names(list)); diff != "" {
		t.Fatalf("passes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"ref": "", "commit": first[:7], "outcome": "fetched"}, facts(list[0])); diff != "" {
		t.Errorf("fetch (-want +got):\n%s", diff)
	}
	visit := list[1]
	want := map[string]string{"env": env, "trigger": "manual", "commit": first[:7], "outcome": "synced", "create": "3", "update": "0", "keep": "0", "prune": "0", "refuse": "0"}
	if diff := cmp.Diff(want, facts(visit)); diff != "" || visit.Err != nil {
		t.Errorf("visit: %v (-want +got):\n%s", visit.Err, diff)
	}
	if diff := cmp.Diff([]string{"render", "plan", "apply", "health"}, names(visit.Parts)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	within(t, visit)

	if list = pass(); len(list) != 1 || facts(list[0])["outcome"] != "unchanged" || !slices.Equal(names(list[0].Parts), []string{"plan", "health"}) {
		t.Errorf("an unchanged commit: %+v, want one visit without render and apply, and no fetch", list)
	}

	w.files["base/objects.yaml"] = strings.SplitAfter(w.files["base/objects.yaml"], "---\n")[0]
	w.commit("second")
	if list = pass(); len(list) != 2 || !slices.Equal(names(list[1].Parts), []string{"render", "plan", "prune", "health"}) || facts(list[1])["prune"] != "2" {
		t.Errorf("a commit with fewer objects: %+v, want a visit that prunes", list)
	}
	within(t, list[1])

	w.files["base/kustomization.yaml"] = "resources: [missing.yaml]\n"
	w.commit("third")
	if list = pass(); len(list) != 2 || list[1].Err == nil || list[1].Parts[0].Err == nil || facts(list[1])["outcome"] != "failed" {
		t.Errorf("a commit that does not render: %+v, want its error at the visit and at render", list)
	}
}

func TestNothingIsGatheredForNobody(t *testing.T) { // alone, for allocations are counted
	l := &Loop{opts: Options{Now: time.Now}}
	ctx, err := context.Background(), errors.New("x")
	env := strings.Repeat("e", 10)
	n := testing.AllocsPerRun(100, func() {
		ctx := l.begin(ctx)
		l.spent(ctx, "render", time.Time{}, err, slog.String("env", env), slog.Int("objects", 1e6))
		l.tell(ctx, nil)
	})
	if n != 0 {
		t.Errorf("%v allocations for a pass that nobody is told of, want none", n)
	}
}
