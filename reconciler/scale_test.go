package main

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/jenkins/pool"
)

// set returns spec.replicas of the pool linux, 0 if there is none.
func (f *farm) set() int64 {
	f.t.Helper()
	u, err := f.pools().Get(f.t.Context(), "linux", metav1.GetOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	n, _, _ := unstructured.NestedInt64(u.Object, "spec", "replicas")
	return n
}

func TestScaleKeepsAgentsForAWhile(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	before := time.Now().Truncate(time.Second)
	o := f.want(0, "scale", address, "7", "--for", "2h", "--reason", "release day\x1b[31m")
	has(t, o.stderr, "pool "+address+" keeps at least 7 agents until ", "(for 2h), whatever the queue says; `majordomo scale "+address+" --reset` ends that")
	notes := f.notes(f.pools(), "linux")
	until, err := time.Parse(time.RFC3339, notes[pool.ScaleUntil])
	if err != nil || until.Before(before.Add(2*time.Hour)) || until.After(time.Now().Add(2*time.Hour)) {
		t.Errorf("%s is %q, want in two hours", pool.ScaleUntil, notes[pool.ScaleUntil])
	}
	if f.set() != 7 || notes[pool.ScaleReason] != "release day" {
		t.Errorf("replicas %d, reason %q, want 7, release day", f.set(), notes[pool.ScaleReason])
	}
	has(t, f.want(0, "explain", address).stdout, "by hand   at least 7 agents until ", "(release day)", "--reset")

	f.want(0, "scale", address, "3") // another number, for an hour
	if f.set() != 3 || !strings.HasPrefix(f.notes(f.pools(), "linux")[pool.ScaleReason], "by hand, 20") {
		t.Errorf("replicas %d, notes %v", f.set(), f.notes(f.pools(), "linux"))
	}
	has(t, f.want(0, "scale", address, "--reset").stderr, "follows its queue again, from min 2 to max 20")
	notes = f.notes(f.pools(), "linux")
	if f.set() != 0 || notes[pool.ScaleReason] != "" || notes[pool.ScaleUntil] != "" {
		t.Errorf("after --reset: replicas %d, notes %v", f.set(), notes)
	}
	has(t, f.want(0, "scale", address, "--for", "0").stderr, "no number of agents set by hand")
}

func TestScaleRefusesWhatThePoolCannotBe(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{address, "21"}, "has max 20; 21 agents would be more"},
		{[]string{address, "0"}, "majordomo drain"},
		{[]string{address, "--", "-3"}, "no number of agents"},
		{[]string{address, "1e3"}, "no number of agents"},
		{[]string{address}, "needs a number of agents, or --reset"},
		{[]string{address, "3", "--for", "-1h"}, "--for"},
		{[]string{address, "3", "--for", "1000h"}, "belongs into Git"},
		{[]string{address, "3", "--reset"}, "--reset takes no number"},
		{[]string{address, "3", "--reason", strings.Repeat("x", longestReason+1)}, "--reason has 1025 bytes"},
		{[]string{address, "3", "4"}, "does not take"},
	} {
		has(t, f.want(exitUsage, append([]string{"scale"}, c.args...)...).stderr, c.want)
	}
	if f.set() != 0 {
		t.Errorf("replicas %d after refusals", f.set())
	}
}

func TestScaleLeavesToGitWhatGitStates(t *testing.T) {
	f := newFarm(t)
	_, err := f.pools().Apply(t.Context(), "linux", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "AgentPool", "metadata": map[string]any{"name": "linux"}, "spec": map[string]any{"replicas": int64(4)},
	}}, metav1.ApplyOptions{FieldManager: "majordomo", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	has(t, f.want(exitHeld, "scale", f.env+"/linux", "5").stderr, "has spec.replicas in Git")
	has(t, f.want(exitHeld, "scale", f.env+"/linux", "--reset").stderr, "has spec.replicas in Git")
	if f.set() != 4 {
		t.Errorf("replicas %d, want 4", f.set())
	}
}

func TestPoolsAreSuspendedAndResumed(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	has(t, f.want(0, "suspend", address, "--reason", "a look at the disk").stderr, "left alone with its 6 agents", "majordomo resume "+address)
	if got := f.notes(f.pools(), "linux")[pool.Suspend]; got != "a look at the disk" {
		t.Errorf("annotation %q", got)
	}
	has(t, f.want(0, "get", "pools", "-n", f.env).stdout, "suspended: a look at the disk")
	has(t, f.want(0, "explain", address).stdout, "suspended a look at the disk;", "Not scaled down because: the pool is suspended")
	has(t, f.want(0, "scale", address, "4").stderr, "is suspended (a look at the disk): nothing happens until")
	f.want(0, "resume", "linux", "-n", f.env)
	if got := f.notes(f.pools(), "linux")[pool.Suspend]; got != "" {
		t.Errorf("annotation %q after resume", got)
	}
	has(t, f.want(0, "resume", address).stderr, "was not suspended")
	has(t, f.want(exitNotFound, "suspend", f.env+"x").stderr, "no environment")

	f.sync() // an environment of the same name as nothing else is still one
	f.want(0, "suspend", f.env)
	has(t, f.want(0, "status", f.env).stdout, "Suspended")
	f.want(0, "resume", f.env)
}
