package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/loop"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/web"
	"majordomo.dev/reconciler/window"
)

func TestOneWordForAnEnvironment(t *testing.T) {
	cond := func(kind, is string) status.Condition {
		return status.Condition{Type: kind, Status: is, Message: kind + " is " + is}
	}
	for name, c := range map[string]struct {
		conditions    []status.Condition
		state, reason string
	}{
		"never visited":          {nil, window.Unknown, "majordomo has not visited it yet"},
		"ready":                  {[]status.Condition{cond(status.Ready, status.True)}, window.Ready, "Ready is True"},
		"on its way":             {[]status.Condition{cond(status.Ready, status.Unknown), cond(status.Reconciling, status.True)}, window.Reconciling, "Reconciling is True"},
		"tried again":            {[]status.Condition{cond(status.Ready, status.False), cond(status.Reconciling, status.True)}, window.Reconciling, "Reconciling is True"},
		"ready and suspended":    {[]status.Condition{cond(status.Ready, status.True), cond(status.Suspended, status.True)}, window.Suspended, "Suspended is True"},
		"held before on its way": {[]status.Condition{cond(status.Reconciling, status.True), cond(status.PruneHeld, status.True)}, window.Held, "PruneHeld is True"},
		"held, if nothing else stalls": {
			[]status.Condition{{Type: status.Stalled, Status: status.True, Reason: status.PruneGuard}, cond(status.PruneHeld, status.True)}, window.Held, "PruneHeld is True",
		},
		"stalled before all else":     {[]status.Condition{cond(status.PruneHeld, status.True), cond(status.Suspended, status.True), cond(status.Stalled, status.True)}, window.Stalled, "Stalled is True"},
		"unready without a condition": {[]status.Condition{cond(status.Ready, status.False)}, window.Unknown, "Ready is False"},
	} {
		state, reason := stateOf(status.Environment{Conditions: c.conditions})
		if state != c.state || reason != c.reason {
			t.Errorf("%s: %s %q, want %s %q", name, state, reason, c.state, c.reason)
		}
	}
}

// deciding is a pool that is served.
func deciding() fleet.Pool {
	return fleet.Pool{
		Environment: "gke", Namespace: "jenkins", Name: "linux",
		Spec: pool.Spec{Target: pool.Target{Kind: "ReplicaSet", Name: "agent-linux"}, Labels: []string{"linux"}, Max: 5, Priority: 10},
		Status: pool.Status{
			Busy: 2, Idle: 1, Desired: 3, Max: 5, Reason: "two builds run",
			Decision: &pool.Decision{Reason: "two builds run", Gates: []pool.Gate{{Name: "stable", Reason: "demand fell 10 s ago"}}},
			Conditions: []pool.Condition{
				{Type: pool.Ready, Status: pool.True, Message: "two builds run"},
				{Type: pool.ScalingActive, Status: pool.True},
				{Type: pool.JenkinsReachable, Status: pool.True},
				{Type: pool.ScalingLimited, Status: pool.False},
			},
		},
	}
}

func TestOneWordForAPool(t *testing.T) {
	set := func(p *fleet.Pool, kind, is, reason string) {
		for i := range p.Status.Conditions {
			if p.Status.Conditions[i].Type == kind {
				p.Status.Conditions[i] = pool.Condition{Type: kind, Status: is, Reason: reason, Message: reason + "."}
			}
		}
	}
	for name, c := range map[string]struct {
		change        func(*fleet.Pool)
		state, reason string
	}{
		"served":                     {func(*fleet.Pool) {}, window.Ready, "two builds run"},
		"suspended by a person":      {func(p *fleet.Pool) { p.Suspend = "maintenance" }, window.Suspended, "suspended: maintenance"},
		"drained by a person":        {func(p *fleet.Pool) { p.Drain = "moving" }, window.Draining, "drained: moving"},
		"being deleted":              {func(p *fleet.Pool) { set(p, pool.ScalingActive, pool.False, pool.Emptying) }, window.Draining, "PoolDrained."},
		"an invalid spec":            {func(p *fleet.Pool) { set(p, pool.ScalingActive, pool.False, pool.Invalid) }, window.Stalled, "InvalidSpec."},
		"what cannot be carried out": {func(p *fleet.Pool) { set(p, pool.ScalingActive, pool.False, fleet.ActFailed) }, window.Stalled, "ActFailed."},
		"Jenkins is silent": {func(p *fleet.Pool) {
			set(p, pool.ScalingActive, pool.False, "Timeout")
			set(p, pool.JenkinsReachable, pool.False, "Timeout")
		}, window.Waiting, "Timeout."},
		"at its max":              {func(p *fleet.Pool) { set(p, pool.ScalingLimited, pool.True, pool.AtMax) }, window.Limited, "two builds run"},
		"raised to its min":       {func(p *fleet.Pool) { set(p, pool.ScalingLimited, pool.True, pool.AtMin) }, window.Ready, "two builds run"},
		"not visited by anybody":  {func(p *fleet.Pool) { p.Status = pool.Status{} }, window.Waiting, "majordomo has not visited it yet"},
		"suspended while invalid": {func(p *fleet.Pool) { p.Suspend = "x"; set(p, pool.ScalingActive, pool.False, pool.Invalid) }, window.Suspended, "suspended: x"},
	} {
		p := deciding()
		c.change(&p)
		if got := poolSeen(p); got.State != c.state || got.Reason != c.reason {
			t.Errorf("%s: %s %q, want %s %q", name, got.State, got.Reason, c.state, c.reason)
		}
	}
}

func TestPoolsAreExplainedAsByTheCommand(t *testing.T) {
	until := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f := deciding()
	f.Floor = &fleet.Floor{Agents: 3, Until: &until, Reason: "release"}
	f.Status.Decision.Limits = []pool.Limit{{Name: "quota", Value: 3, Cut: true, Reason: "of the namespace"}}
	f.Status.Agents = []pool.Agent{{Name: "a", Build: "http://jenkins/job/x/1/"}, {Name: "b", Build: "javascript:alert(1)"}}
	p := agentPool{Name: f.Name, Namespace: f.Namespace, Environment: f.Environment, Floor: (*floor)(f.Floor), Spec: f.Spec, Status: f.Status}
	doc := (&app{}).explanation(p)
	got := poolSeen(f)
	if got.NotDown != doc.NotScaledDown || got.NotUp != doc.NotScaledUp || got.NotDown == "" || got.NotUp == "" {
		t.Errorf("not down %q, up %q; explain says %q, %q", got.NotDown, got.NotUp, doc.NotScaledDown, doc.NotScaledUp)
	}
	if got.Key() != "gke/jenkins/linux" || got.Target != "ReplicaSet/agent-linux" || got.Priority != "balanced" || got.Executors != 1 {
		t.Errorf("pool %+v", got)
	}
	if diff := cmp.Diff(&window.Floor{Agents: 3, Until: &until, Reason: "release"}, got.Floor); diff != "" {
		t.Errorf("floor (-want +got):\n%s", diff)
	}
	if got.Agents[0].Build != "http://jenkins/job/x/1/" || got.Agents[1].Build != "" {
		t.Errorf("builds %+v", got.Agents)
	}
}

func TestPlansMaskSecretsAsDiffDoes(t *testing.T) {
	const canary = "Y2FuYXJ5LWluLWEtcGxhbg=="
	s := plan.Step{
		ID: object.ID{Kind: "Secret", Namespace: "jenkins", Name: "login"}, Op: plan.Create, Reason: "new in Git\n\x1b[31m",
		Payload: plan.Payload{Object: object.Object{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "login"}, "data": map[string]any{"password": canary},
		}},
	}
	got := stepSeen(s)
	if strings.Contains(got.Text, canary) || !strings.Contains(got.Text, object.Masked) || got.Reason != "new in Git" {
		t.Errorf("step %+v", got)
	}
	s.Op, s.Changes = plan.Update, []object.Change{
		{Path: ".data.password", From: object.Masked, To: object.Masked}, {Path: ".data.text", From: "a\nb\n", To: "a\nc\n"}, {Path: ".spec.n", To: int64(3)},
	}
	got = stepSeen(s)
	want := []web.PlanField{
		{Path: ".data.password", From: json.RawMessage(`"(sensitive)"`), To: json.RawMessage(`"(sensitive)"`)},
		{Path: ".data.text", Text: "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		{Path: ".spec.n", To: json.RawMessage("3")},
	}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestWindowShowsBothLinesAndTellsOfEachChange(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	board := status.NewBoard()
	log := slog.New(slog.DiscardHandler)
	line := loop.New(nil, board, log, loop.Options{})
	v := newPane(introduce(board, line, nil, config.Options{}, log), func() time.Time { return now })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	awaits := func(what string, change func(), holds func(window.State) bool) {
		t.Helper()
		before := v.State().Version
		change()
		late := time.After(time.Minute)
		for {
			changed := v.Changed()
			if s := v.State(); holds(s) && s.Version > before {
				return
			}
			select {
			case <-changed:
			case <-late:
				t.Fatalf("%s: not within a minute: %+v", what, v.State())
			}
		}
	}
	awaits("an environment", func() {
		board.Put("gke", status.Environment{Revision: "3f2c1ab", Conditions: []status.Condition{{Type: status.Ready, Status: status.True, Message: "applied\x1b[0m"}}})
	}, func(s window.State) bool {
		return len(s.Environments) == 1 && s.Environments[0].State == window.Ready && s.Environments[0].Reason == "applied" && s.Environments[0].Commit == nil
	})
	awaits("who leads", func() { board.Leader(true) }, func(s window.State) bool { return s.Program.Leader && s.Program.Memory > 0 && s.Program.Goroutines > 0 })
	awaits("the repository", func() { board.Source(status.Source{URL: "https://bob:pw@git.example/x", Error: "no answer"}) }, func(s window.State) bool {
		return s.Source.URL == "https://REDACTED@git.example/x" && s.Source.Error == "no answer"
	})
	awaits("an environment that leaves", func() { board.Delete("gke") }, func(s window.State) bool { return len(s.Environments) == 0 })
}

func TestVersionGrowsWhenTheLoopStops(t *testing.T) {
	var v pane
	first, again := v.turned(""), v.turned("")
	stuck := v.turned("the loop has not moved for 10m")
	if first != again || stuck != first+1 || v.turned("") != stuck+1 {
		t.Errorf("%d %d %d", first, again, stuck)
	}
}
