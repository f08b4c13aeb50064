package heal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/roster"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// agent is one that serves; the changes make it sick.
func agent(name string, changes ...func(*roster.Agent)) roster.Agent {
	a := roster.Agent{
		Name: name, State: roster.Idle, Since: start, Registered: start.Add(-time.Hour),
		Pod:      &roster.Pod{Name: name, UID: "uid-" + name, Created: start.Add(-2 * time.Hour), Phase: "Running", Ready: true, Node: "worker", Template: "t1"},
		Computer: &jenkins.Computer{Name: name, Idle: true, Connected: true, Executors: 1},
	}
	for _, c := range changes {
		c(&a)
	}
	return a
}

// failed is an agent whose pod does not come up.
func failed(waiting, reason string, neverRan bool) func(*roster.Agent) {
	return func(a *roster.Agent) {
		a.State, a.Reason, a.Computer, a.Registered = roster.Failed, reason, nil, time.Time{}
		a.Pod.Waiting, a.Pod.NeverRan, a.Pod.Ready, a.Pod.Created = waiting, neverRan, false, start.Add(-10*time.Minute)
	}
}

func offline(class, why string) func(*roster.Agent) {
	return func(a *roster.Agent) {
		a.State, a.Reason = roster.Offline, why
		a.Computer.Offline, a.Computer.Parked, a.Computer.OfflineReason, a.Computer.OfflineClass = true, true, why, class
	}
}

func evicted(a *roster.Agent) {
	a.State, a.Reason, a.Pod.Phase, a.Computer = roster.Failed, "its pod has ended: Evicted", "Failed", nil
}

func lost(a *roster.Agent) {
	a.State, a.Reason, a.Computer = roster.Lost, "its pod runs, Jenkins does not know it", nil
}

func ghost(change func(*jenkins.Computer)) func(*roster.Agent) {
	return func(a *roster.Agent) {
		a.Pod, a.State, a.Reason = nil, roster.Ghost, "no pod of the pool is this node"
		a.Computer.Connected, a.Computer.Offline = false, true
		change(a.Computer)
	}
}

// check is a check at a time, with Jenkins known since the start.
func check(at time.Duration, l heal.Limits, m heal.Memory, agents ...roster.Agent) (heal.Report, heal.Memory) {
	return heal.Check(roster.Roster{Agents: agents, Known: start}, l, m, start.Add(at))
}

// told writes what was found and wished.
func told(r heal.Report) string {
	var out []string
	for _, f := range r.Findings {
		line := fmt.Sprintf("%s %s", f.Agent, f.Rule)
		if f.Warning {
			line += " warning"
		}
		if !f.Next.IsZero() {
			line += " at " + f.Next.Sub(start).String()
		}
		out = append(out, line)
	}
	for _, w := range r.Wishes {
		line := fmt.Sprintf("%s goes", w.Agent)
		if w.Dead {
			line += ", dead"
		}
		if w.Busy {
			line += ", busy or not"
		}
		out = append(out, line)
	}
	if r.Blocked != "" {
		out = append(out, "blocked by "+r.Blocked[:strings.IndexAny(r.Blocked, ":;")])
	}
	return strings.Join(out, "; ")
}

func TestWhatIsWrongWithAnAgentAndWhatFollows(t *testing.T) {
	t.Parallel()
	const disk = "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace"
	const back = "hudson.slaves.OfflineCause$UserCause"
	same := func(*jenkins.Computer) {}
	for _, c := range []struct {
		rule   string
		kind   string
		at     time.Duration
		change func(*roster.Agent)
		want   string
	}{
		{"nothing", "ReplicaSet", time.Hour, func(*roster.Agent) {}, ""},
		{"it differs from what the pool says", "ReplicaSet", 0, func(a *roster.Agent) { a.Reason = "it has 8 executors, the pool says 1" }, "a AgentDiffers warning"},
		{"a lost agent may come back", "ReplicaSet", time.Minute, lost, "a ConnectionLost warning at 6m0s"},
		{"a lost agent is replaced after the time in which pipelines wait for it", "ReplicaSet", 6 * time.Minute, lost, "a ConnectionLost warning; a goes"},
		{"an evicted pod is cleared away", "ReplicaSet", 0, evicted, "a PodEnded warning; a goes, dead"},
		{"that of a StatefulSet goes by itself", "StatefulSet", 0, evicted, "a PodEnded warning"},
		{"a monitor's verdict is mended by a fresh agent, once idle", "ReplicaSet", 0, offline(disk, "disk full"), "a MonitorOffline warning; a goes"},
		{"whom a person took offline is left alone", "ReplicaSet", time.Hour, offline(back, "do not touch"), "a TakenOffline"},
		{"whom we parked is brought back, not reported", "ReplicaSet", time.Hour, offline(back, roster.Marker+" ci/linux: surplus"), ""},
		{"who goes already is not looked at", "ReplicaSet", time.Hour, func(a *roster.Agent) { lost(a); a.State, a.Pod.Drain = roster.Draining, "heal: lost" }, ""},
		{"a ghost may be somebody's who comes back", "ReplicaSet", time.Minute, ghost(same), "a GhostNode at 6m0s"},
		{"a ghost is forgotten", "ReplicaSet", 6 * time.Minute, ghost(same), "a GhostNode; a goes, dead"},
		{"a ghost with a build stays", "ReplicaSet", time.Hour, ghost(func(c *jenkins.Computer) { c.Idle, c.Busy = false, 1 }), "a GhostNode"},
		{"a ghost that is connected stays", "ReplicaSet", time.Hour, ghost(func(c *jenkins.Computer) { c.Connected = true }), "a GhostNode"},
		{"a ghost that a pipeline waits for stays", "ReplicaSet", time.Hour, func(a *roster.Agent) { ghost(same)(a); a.Resuming = true }, "a GhostNode"},
		{"an image that cannot be had is awaited, and nothing else is started", "ReplicaSet", time.Minute, failed("ImagePullBackOff", "no such image", true), "a ImageUnavailable warning at 5m0s; blocked by ImageUnavailable"},
		{"it is given up after a while", "ReplicaSet", 5 * time.Minute, failed("ImagePullBackOff", "no such image", true), "a ImageUnavailable warning; a goes, dead; blocked by ImageUnavailable"},
		{"a container that cannot be made", "ReplicaSet", time.Minute, failed("CreateContainerConfigError", `secret "x" not found`, true), "a ContainerNotCreated warning at 5m0s; blocked by ContainerNotCreated"},
		{"a container that crashes has run: it is not dead", "ReplicaSet", 5 * time.Minute, failed("CrashLoopBackOff", "back-off", false), "a CrashLoop warning; a goes; blocked by CrashLoop"},
		{"who has not registered in time is replaced", "ReplicaSet", 0, failed("", "it has not registered within 10m0s", false), "a NeverRegistered warning; a goes; blocked by NeverRegistered"},
		{"who may be known by another name is not", "ReplicaSet", time.Hour, func(a *roster.Agent) {
			failed("", "it has not registered within 10m0s", false)(a)
			a.Unsure = "node builder-17 may be it"
		}, "a AgentUnmatched warning; blocked by NeverRegistered"},
		{"who finds no place waits, and nothing else is started", "ReplicaSet", time.Hour, func(a *roster.Agent) {
			a.State, a.Pod.Unschedulable, a.Pod.NeverRan, a.Computer, a.Reason = roster.Starting, "0/3 nodes are available", true, nil, "it has no place yet: 0/3"
		}, "a Unschedulable warning; blocked by Unschedulable"},
		{"the scheduler gets a moment", "ReplicaSet", 0, func(a *roster.Agent) {
			a.State, a.Pod.Unschedulable, a.Pod.NeverRan, a.Computer, a.Pod.Created = roster.Starting, "0/3 nodes are available", true, nil, start
		}, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			r, _ := check(c.at, heal.Limits{Kind: c.kind}, heal.Memory{}, agent("a", c.change))
			if got := told(r); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			for _, w := range r.Wishes {
				if w.Cause != drain.Heal || w.Reason == "" {
					t.Errorf("wish %+v, want the cause heal and a reason", w)
				}
			}
		})
	}
}

func TestAsManyAsMayBeUnavailableAreReplacedAtOnce(t *testing.T) {
	t.Parallel()
	sick := []roster.Agent{agent("a", lost), agent("b", lost), agent("c", lost), agent("d")}
	r, _ := check(time.Hour, heal.Limits{MaxUnavailable: 2}, heal.Memory{}, sick...)
	if got, want := told(r), "a ConnectionLost warning; b ConnectionLost warning; c ConnectionLost warning; a goes; b goes"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	sick[3].State, sick[3].Pod.Drain = roster.Draining, "heal: its disk is full"
	r, _ = check(time.Hour, heal.Limits{MaxUnavailable: 2}, heal.Memory{}, sick...)
	if got, want := told(r), "a ConnectionLost warning; b ConnectionLost warning; c ConnectionLost warning; a goes"; got != want {
		t.Errorf("found %q, want %q: one is on its way out already", got, want)
	}
}

func TestWhatDoesNotComeUpIsReplacedEverMoreSlowly(t *testing.T) {
	t.Parallel()
	var m heal.Memory
	var pauses []time.Duration
	at, last := time.Duration(0), time.Duration(0)
	for i := range 8 {
		name := fmt.Sprint("a", i)
		dead := func(a *roster.Agent) {
			failed("", "it has not registered within 10m0s", false)(a)
			a.Pod.Created = start.Add(at - 10*time.Minute)
		}
		var r heal.Report
		for r, m = check(at, heal.Limits{}, m, agent(name, dead)); len(r.Wishes) == 0; r, m = check(at, heal.Limits{}, m, agent(name, dead)) {
			at += 10 * time.Second
		}
		if i > 0 {
			pauses = append(pauses, (at - last).Round(time.Minute))
		}
		// The wish stays until the agent is gone.
		at += 10 * time.Second
		if r, m = check(at, heal.Limits{}, m, agent(name, dead)); len(r.Wishes) != 1 {
			t.Errorf("%d wishes for an agent that is to go, want it again", len(r.Wishes))
		}
		r, m = check(at, heal.Limits{}, m)
		last = at
		if r.Blocked == "" || r.Next.IsZero() {
			t.Errorf("blocked by %q until %s; want agents to be held back for a while", r.Blocked, r.Next)
		}
	}
	want := []time.Duration{1, 2, 4, 8, 16, 30, 30}
	for i := range want {
		want[i] *= time.Minute
	}
	if diff := cmp.Diff(want, pauses); diff != "" {
		t.Errorf("pauses differ (-want +got):\n%s", diff)
	}
	// One agent that comes up ends it.
	r, m := check(at, heal.Limits{}, m, agent("good", func(a *roster.Agent) { a.Registered = start.Add(at + time.Second) }))
	if r.Blocked != "" || m.Streak != 0 {
		t.Errorf("blocked by %q after %d failures though an agent came up", r.Blocked, m.Streak)
	}
}

func TestOneNodeThatCannotPullAnImageDoesNotBlockThePool(t *testing.T) {
	t.Parallel()
	good := agent("b", func(a *roster.Agent) { a.Registered = start })
	r, _ := check(time.Minute, heal.Limits{}, heal.Memory{}, agent("a", failed("ImagePullBackOff", "no such image", true)), good)
	if r.Blocked != "" {
		t.Errorf("blocked by %q though an agent of that template came up after the other was made", r.Blocked)
	}
	good.Pod.Template = "t0"
	r, _ = check(time.Minute, heal.Limits{}, heal.Memory{}, agent("a", failed("ImagePullBackOff", "no such image", true)), good)
	if r.Blocked == "" {
		t.Error("not blocked though only agents of another template come up")
	}
}

func TestTimeBeforeJenkinsWasKnownDoesNotCount(t *testing.T) {
	t.Parallel()
	known := start.Add(time.Hour)
	r, _ := heal.Check(roster.Roster{Agents: []roster.Agent{agent("a", lost)}, Known: known}, heal.Limits{}, heal.Memory{}, known.Add(time.Minute))
	if len(r.Wishes) != 0 || !r.Next.Equal(known.Add(roster.Resume)) {
		t.Errorf("%d wishes, next at %s; want none before %s", len(r.Wishes), r.Next, known.Add(roster.Resume))
	}
}

func TestMemoryOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	sick := agent("a", failed("", "it has not registered within 10m0s", false))
	_, m := check(0, heal.Limits{}, heal.Memory{}, sick)
	_, m = check(time.Minute, heal.Limits{}, m)
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var kept heal.Memory
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	want, _ := check(90*time.Second, heal.Limits{}, m, sick)
	got, _ := check(90*time.Second, heal.Limits{}, kept, sick)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reports differ (-same process +next process):\n%s", diff)
	}
}
