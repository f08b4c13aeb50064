package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/jenkins/pool"
)

func TestAnAgentIsDrainedAndTakenBack(t *testing.T) {
	f := newFarm(t)
	for _, name := range []string{"agent-linux-aaaaa", "agent-linux-ccccc"} {
		f.pod(name, map[string]any{"majordomo.dev/pool": "linux"})
	}
	f.pod("jenkins-0", map[string]any{"app": "jenkins"})
	has(t, f.want(0, "drain", f.env+"/agent-linux-aaaaa", "--reason", "slow disk\n\x1b[1m").stderr,
		"agent agent-linux-aaaaa of pool "+f.env+"/linux takes no further build, and goes when shop/main #12 has ended; `majordomo drain "+f.env+"/agent-linux-aaaaa --undo`")
	if got := f.notes(f.pods(), "agent-linux-aaaaa")[pool.Drain]; got != "manual: slow disk" {
		t.Errorf("annotation %q", got)
	}
	f.want(0, "drain", "agent-linux-aaaaa", "-n", f.env, "--undo")
	if got := f.notes(f.pods(), "agent-linux-aaaaa")[pool.Drain]; got != "" {
		t.Errorf("annotation %q after --undo", got)
	}
	has(t, f.want(0, "drain", f.env+"/agent-linux-aaaaa", "--undo").stderr, "is not drained")

	// An agent is also known by the name of its node in Jenkins.
	f.want(0, "drain", f.env+"/node-of-c")
	if got := f.notes(f.pods(), "agent-linux-ccccc")[pool.Drain]; got == "" {
		t.Error("the agent of node-of-c is not marked")
	}

	// What majordomo itself has decided is not a person's to take back.
	mark := `{"metadata":{"annotations":{"majordomo.dev/drain":"update: an older template"}}}`
	if _, err := f.pods().Patch(t.Context(), "agent-linux-aaaaa", types.MergePatchType, []byte(mark), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	has(t, f.want(exitHeld, "drain", f.env+"/agent-linux-aaaaa", "--undo").stderr, "goes by itself (update: an older template)")

	has(t, f.want(exitNotFound, "drain", f.env+"/agent-linux-aaaab").stderr, `did you mean "agent-linux-aaaaa"`)
	has(t, f.want(exitNotFound, "drain", f.env+"/jenkins-0").stderr, `no pool and no agent`) // a pod, and none of a pool
	f.want(exitUsage, "drain", f.env+"/linux", "--undo", "--wait")
	f.want(exitUsage, "drain", f.env+"/linux", "--timeout", "-1s")
}

func TestDrainWaitsUntilTheAgentIsGone(t *testing.T) {
	f := newFarm(t)
	f.pod("agent-linux-aaaaa", map[string]any{"majordomo.dev/pool": "linux"})
	has(t, f.want(exitTimeout, "drain", f.env+"/agent-linux-aaaaa", "--wait", "--timeout", "3s").stderr, "is still there")
	_, ended := f.background("drain", f.env+"/agent-linux-aaaaa", "--wait", "--reason", "second")
	f.until(func() bool { return f.notes(f.pods(), "agent-linux-aaaaa")[pool.Drain] == "manual: second" })
	if err := f.pods().Delete(t.Context(), "agent-linux-aaaaa", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("drain --wait ended with %d", code)
	}
}

func TestAPoolIsDrainedAndTakenBack(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	has(t, f.want(exitTimeout, "drain", address, "--wait", "--timeout", "3s", "--reason", "new toolchain").stderr,
		"starts no agents, and lets its 6 agents go once their builds have ended", "5 busy, 0 idle, 1 starting, 2 draining", "still has 8 agents")
	if got := f.notes(f.pools(), "linux")[pool.DrainPool]; got != "new toolchain" {
		t.Errorf("annotation %q", got)
	}
	has(t, f.want(0, "get", "pools", "-n", f.env).stdout, "drained: new toolchain")
	has(t, f.want(0, "explain", address).stdout, "drained   new toolchain; `majordomo drain "+address+" --undo`")
	has(t, f.want(0, "scale", address, "4").stderr, "the pool is drained (new toolchain)")
	_, ended := f.background("drain", address, "--wait")
	f.status.Replicas, f.status.Busy, f.status.Starting, f.status.Draining = 0, 0, 0, 0
	f.write("linux")
	if code := <-ended; code != 0 {
		t.Errorf("drain --wait ended with %d", code)
	}
	has(t, f.want(0, "drain", address, "--undo").stderr, "starts agents again")
	if got := f.notes(f.pools(), "linux")[pool.DrainPool]; got != "" {
		t.Errorf("annotation %q after --undo", got)
	}
	has(t, f.want(0, "drain", address, "--undo").stderr, "is not drained")
}
