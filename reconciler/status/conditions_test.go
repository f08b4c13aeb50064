package status

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

var (
	t0  = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	svc = object.ID{Kind: "Service", Namespace: "jenkins", Name: "jenkins"}
	rc  = object.ID{Kind: "ReplicationController", Namespace: "jenkins", Name: "agent"}
)

const commitA, commitB = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"

func agents(ready int64) object.Object {
	return object.Object{
		"apiVersion": "v1", "kind": rc.Kind, "metadata": map[string]any{"name": rc.Name, "namespace": rc.Namespace},
		"spec":   map[string]any{"replicas": int64(2)},
		"status": map[string]any{"replicas": int64(2), "fullyLabeledReplicas": int64(2), "availableReplicas": ready, "readyReplicas": ready},
	}
}

// report is a first sync of commit A in which both objects were created and are ready.
func report() Report {
	create := func(id object.ID) plan.Step {
		return plan.Step{ID: id, Op: plan.Create, Reason: "not in the cluster yet"}
	}
	p := plan.Plan{Environment: "gke", Commit: commitA, Steps: []plan.Step{create(svc), create(rc)}}
	return Report{
		Name: "gke", Generation: 1, Revision: commitA, Attempted: commitA, Digest: "d",
		Plan: &p, Results: []plan.Result{{Step: p.Steps[0], Took: "applied"}, {Step: p.Steps[1], Took: "applied"}},
		Synced: true, Trigger: Poll, Started: t0.Add(-2 * time.Second), Finished: t0,
		Inventory: inventory(plan.Entry{ID: svc, Version: "v1", UID: "1"}, plan.Entry{ID: rc, Version: "v1", UID: "2"}),
		Live: map[object.ID]object.Object{
			svc: {"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": svc.Name, "namespace": svc.Namespace}},
			rc:  agents(2),
		},
	}
}

// again is a report of the same state in which nothing was synced.
func again() Report {
	r := report()
	r.Synced, r.Trigger, r.Started, r.Finished = false, "", time.Time{}, time.Time{}
	return r
}

func list(e Environment) string {
	var out []string
	for _, c := range e.Conditions {
		out = append(out, fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason))
	}
	return strings.Join(out, " ")
}

func message(t *testing.T, e Environment, kind string) string {
	t.Helper()
	c, ok := e.Condition(kind)
	if !ok {
		t.Fatalf("no condition %s in %s", kind, list(e))
	}
	return c.Message
}

const wellDone = "SourceReady=True/Fetched Rendered=True/Rendered Applied=True/Applied Pruned=True/Pruned Healthy=True/Healthy"

func failed(i int, err error) func(*Report) {
	return func(r *Report) { r.Results[i].Err, r.Results[i].Took = err, "" }
}

// but is the conditions of an environment that is well, all but one.
func but(good, is string) string { return strings.Replace(wellDone, good, is, 1) }

var conditionCases = []struct {
	name    string
	change  func(*Report)
	want    string
	message string // of Ready
}{
	{"all is well", func(*Report) {}, "Ready=True/Synced " + wellDone, "commit aaaaaaa is applied, and all of its 2 objects are ready"},
	{
		"objects are on their way", func(r *Report) { r.Live[rc] = agents(1) },
		"Ready=Unknown/Progressing Reconciling=True/Progressing " + but("Healthy=True/Healthy", "Healthy=Unknown/Progressing"),
		"1 of 2 objects are ready; ReplicationController jenkins/agent: 1 of 2 replicas are available",
	},
	{
		"an object is not there", func(r *Report) { delete(r.Live, svc) },
		"Ready=Unknown/Progressing Reconciling=True/Progressing " + but("Healthy=True/Healthy", "Healthy=Unknown/Progressing"),
		"1 of 2 objects are ready; Service jenkins/jenkins: is not in the cluster",
	},
	{
		"a commit does not render", func(r *Report) {
			r.Attempted, r.Render = commitB, errors.New("overlays/gke/kustomization.yaml: no such file")
		},
		"Ready=False/RenderFailed Stalled=True/RenderFailed " + but("Rendered=True/Rendered", "Rendered=False/RenderFailed"),
		"commit bbbbbbb is refused: overlays/gke/kustomization.yaml: no such file; commit aaaaaaa stays in force until a commit mends it",
	},
	{
		"a render error names its reason", func(r *Report) { r.Render = fmt.Errorf("x: %w", Because("Odd", errors.New("no objects"))) },
		"Ready=False/Odd Stalled=True/Odd " + but("Rendered=True/Rendered", "Rendered=False/Odd"),
		"commit aaaaaaa is refused: x: no objects; commit aaaaaaa stays in force until a commit mends it",
	},
	{
		"the repository hiccups while a commit is in force", func(r *Report) { r.Source = errors.New("connection refused") },
		"Ready=True/Synced " + but("SourceReady=True/Fetched", "SourceReady=False/FetchFailed"),
		"commit aaaaaaa is applied, and all of its 2 objects are ready",
	},
	{
		"the repository refuses the credentials", func(r *Report) { r.Source = Because(AuthFailed, errors.New("401")) },
		"Ready=False/AuthFailed Stalled=True/AuthFailed " + but("SourceReady=True/Fetched", "SourceReady=False/AuthFailed"),
		"401; commit aaaaaaa stays in force",
	},
	{
		"nothing could ever be fetched", func(r *Report) {
			*r = Report{Name: "gke", Source: errors.New("no such host"), NextRetry: t0.Add(3 * time.Second)}
		},
		"Ready=False/FetchFailed Reconciling=True/ProgressingWithRetry SourceReady=False/FetchFailed",
		"no such host; nothing is applied yet; tried again within 5s",
	},
	{
		"the process has just started", func(r *Report) { *r = Report{Name: "gke"} },
		"Ready=Unknown/Progressing Reconciling=True/Progressing", "waits for its first sync",
	},
	{
		"the cluster does not answer", func(r *Report) {
			r.Cluster, r.Live, r.Synced, r.NextRetry = errors.New("dial tcp: timeout"), nil, false, t0.Add(4*time.Minute)
		},
		"Ready=False/ClusterUnreachable Reconciling=True/ProgressingWithRetry SourceReady=True/Fetched Rendered=True/Rendered Applied=Unknown/ClusterUnreachable Pruned=True/Pruned",
		"dial tcp: timeout; tried again within 5m",
	},
	{
		"the inventory is damaged", func(r *Report) {
			_, err := DecodeInventory([]InventoryEntry{{}})
			r.Cluster, r.Live, r.Inventory, r.Plan, r.Results, r.Synced = err, nil, nil, nil, nil, false
		},
		"Ready=False/InventoryDamaged Stalled=True/InventoryDamaged SourceReady=True/Fetched Rendered=True/Rendered Applied=Unknown/InventoryDamaged", "",
	},
	{
		"an object cannot be applied", failed(0, errors.New("admission webhook says no")),
		"Ready=False/ApplyFailed Reconciling=True/ProgressingWithRetry " + but("Applied=True/Applied", "Applied=False/ApplyFailed"),
		"1 of 2 objects could not be applied: Service jenkins/jenkins: admission webhook says no",
	},
	{
		"another manager owns a field", failed(1, Because(ApplyConflict, errors.New("apply ReplicationController jenkins/agent: conflict: hpa owns .spec.replicas"))),
		"Ready=False/ApplyConflict Stalled=True/ApplyConflict " + but("Applied=True/Applied", "Applied=False/ApplyConflict"),
		"1 of 2 objects could not be applied: apply ReplicationController jenkins/agent: conflict: hpa owns .spec.replicas",
	},
	{
		"an object is refused", func(r *Report) {
			r.Plan.Steps[0].Op, r.Plan.Steps[0].Reason = plan.Refuse, "owned by environment vagrant"
			r.Results = r.Results[1:]
		},
		"Ready=False/Refused Stalled=True/Refused " + but("Applied=True/Applied", "Applied=False/Refused"),
		"1 of 2 objects are refused: Service jenkins/jenkins: owned by environment vagrant",
	},
	{
		"a sync was cut short", func(r *Report) { r.Results = r.Results[:1] },
		"Ready=Unknown/Progressing Reconciling=True/Progressing " + but("Applied=True/Applied", "Applied=Unknown/Progressing"),
		"1 of 2 objects are still to be applied",
	},
	{
		"a prune is held", func(r *Report) {
			r.Plan.Hold = &plan.Hold{Hash: "h", Reason: "9 of 10 objects are no longer in Git; nothing is pruned until `majordomo approve gke`", IDs: []object.ID{svc}}
		},
		"Ready=False/PruneGuard Stalled=True/PruneGuard " + but("Pruned=True/Pruned", "Pruned=False/PruneGuard PruneHeld=True/PruneGuard"),
		"9 of 10 objects are no longer in Git; nothing is pruned until `majordomo approve gke`",
	},
	{
		"a prune failed", func(r *Report) {
			s := plan.Step{ID: object.ID{Kind: "Service", Namespace: "jenkins", Name: "old"}, Op: plan.Prune}
			r.Plan.Steps = append(r.Plan.Steps, s)
			r.Results = append(r.Results, plan.Result{Step: s, Err: errors.New("timeout")})
		},
		"Ready=False/PruneFailed Reconciling=True/ProgressingWithRetry " + but("Pruned=True/Pruned", "Pruned=False/PruneFailed"),
		"1 objects could not be deleted: Service jenkins/old: timeout",
	},
	{
		"a pruned object waits for its finalizers", func(r *Report) {
			s := plan.Step{ID: object.ID{Kind: "Service", Namespace: "jenkins", Name: "old"}, Op: plan.Prune}
			r.Plan.Steps = append(r.Plan.Steps, s)
			r.Results = append(r.Results, plan.Result{Step: s, Took: "deleting"})
		},
		"Ready=True/Synced " + but("Pruned=True/Pruned", "Pruned=Unknown/Progressing"), "",
	},
	{
		"two writers fight", func(r *Report) {
			r.Fights = []Fight{{Object: svc.String(), Manager: "hpa", Fields: []string{".spec.replicas"}}}
		},
		"Ready=False/DriftLoop Stalled=True/DriftLoop " + wellDone + " DriftDetected=True/DriftLoop",
		"hpa keeps changing Service jenkins/jenkins (.spec.replicas) back; healing waits longer each time until one of the two gives in",
	},
	{
		"drift is seen while suspended", func(r *Report) {
			r.Plan.Steps[0] = plan.Step{ID: svc, Op: plan.Update, Drift: true, Reason: "field .spec.ports edited in the cluster by kubectl"}
			r.Plan.Steps[1].Op = plan.Keep
			r.Results, r.Synced, r.Suspended, r.SuspendReason = nil, false, true, "maintenance"
		},
		"Ready=True/Synced " + but("Applied=True/Applied", "Applied=Unknown/Suspended") + " DriftDetected=True/Drifted Suspended=True/Suspended", "",
	},
}

func TestConditions(t *testing.T) {
	for _, c := range conditionCases {
		t.Run(c.name, func(t *testing.T) {
			r := report()
			c.change(&r)
			e := Of(r, Environment{}, t0)
			if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(list(e))); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if got := message(t, e, Ready); c.message != "" && got != c.message {
				t.Errorf("Ready says %q, want %q", got, c.message)
			}
			if e.Is(Stalled) && e.Is(Reconciling) {
				t.Error("Stalled and Reconciling at once: kstatus would take a failure for progress")
			}
		})
	}
}

func TestReportGivenTwiceChangesNothing(t *testing.T) {
	for name, r := range map[string]Report{"synced": report(), "seen": again()} {
		first := Of(r, Environment{}, t0)
		second := Of(again(), first, t0.Add(time.Hour))
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s: an hour later (-first +second):\n%s", name, diff)
		}
	}
}

func TestSecondSyncOfACommitIsTheSame(t *testing.T) {
	first := Of(report(), Environment{}, t0)
	r := report()
	for i := range r.Results {
		r.Plan.Steps[i].Op, r.Results[i].Took = plan.Keep, "unchanged"
	}
	r.Trigger, r.Started, r.Finished = Manual, t0.Add(time.Hour), t0.Add(time.Hour+time.Second)
	if second := Of(r, first, t0.Add(time.Hour)); !second.Same(first) {
		t.Errorf("a sync that had nothing to do changes the status:\n%s", cmp.Diff(first, second))
	}
}

func TestTransitionTimeMovesWithTheStatusOnly(t *testing.T) {
	at := func(e Environment) time.Time { c, _ := e.Condition(Healthy); return c.LastTransitionTime }
	r := report()
	r.Live[rc] = agents(0)
	first := Of(r, Environment{}, t0)
	r = again()
	r.Live[rc] = agents(1)
	second := Of(r, first, t0.Add(time.Minute))
	if !at(second).Equal(t0) || message(t, second, Healthy) == message(t, first, Healthy) {
		t.Errorf("still on its way: transition at %v, want %v; message %q", at(second), t0, message(t, second, Healthy))
	}
	if third := Of(again(), second, t0.Add(2*time.Minute+time.Millisecond)); !at(third).Equal(t0.Add(2 * time.Minute)) {
		t.Errorf("ready: transition at %v, want %v in whole seconds", at(third), t0.Add(2*time.Minute))
	}
}

func TestSilentRepositoryStallsAfterAWhile(t *testing.T) {
	down := again()
	down.Source, down.NextRetry = errors.New("no route to host"), t0.Add(10*time.Second)
	e := Of(report(), Environment{}, t0)
	e = Of(down, e, t0)
	if !e.Is(Ready) || e.Is(Stalled) {
		t.Fatalf("at once: %s, want Ready", list(e))
	}
	down.NextRetry = t0.Add(stallAfter + 10*time.Second)
	e = Of(down, e, t0.Add(stallAfter))
	if want := "no route to host; commit aaaaaaa stays in force; tried again within 15s"; message(t, e, Stalled) != want {
		t.Errorf("Stalled says %q, want %q", message(t, e, Stalled), want)
	}
	if e = Of(again(), e, t0.Add(time.Hour)); !e.Is(Ready) || e.Is(Stalled) {
		t.Errorf("when it answers again: %s", list(e))
	}
}

func TestRetriesOfOneFailureSayTheSame(t *testing.T) {
	fail := func(at time.Time, wait time.Duration) Report {
		r := report()
		r.Results[0].Err, r.Results[0].Took = errors.New("quota"), ""
		r.Started, r.Finished, r.NextRetry = at, at, at.Add(wait)
		r.Results[1].Took = "unchanged"
		return r
	}
	first := Of(fail(t0, 4*time.Minute), Environment{}, t0)
	later := t0.Add(4 * time.Minute)
	second := Of(fail(later, 3*time.Minute+17*time.Second), first, later)
	if !second.Same(first) {
		t.Errorf("a retry with the same outcome changes the status:\n%s", cmp.Diff(first, second))
	}
	later = t0.Add(stallAfter)
	if third := Of(fail(later, time.Minute), second, later); !third.Is(Stalled) || third.Is(Reconciling) {
		t.Errorf("after %v: %s, want Stalled", stallAfter, list(third))
	}
}

func TestWaitForHealthEnds(t *testing.T) {
	slow := again()
	slow.Live[rc] = agents(1)
	first := report()
	first.Live[rc] = agents(1)
	e := Of(first, Environment{}, t0)
	if e = Of(slow, e, t0.Add(9*time.Minute)); e.Is(Stalled) {
		t.Fatalf("before its time: %s", list(e))
	}
	e = Of(slow, e, t0.Add(10*time.Minute))
	want := "1 of 2 objects are ready after more than 10m; ReplicationController jenkins/agent: 1 of 2 replicas are available"
	if got := message(t, e, Stalled); got != want {
		t.Errorf("Stalled says %q, want %q", got, want)
	}
	if e = Of(slow, e, t0.Add(11*time.Minute)); !e.Is(Stalled) {
		t.Errorf("a minute later: %s, want it still stalled", list(e))
	}
	newer := report()
	newer.Revision, newer.Attempted, newer.Plan.Commit = commitB, commitB, commitB
	newer.Live[rc], newer.Started = agents(1), t0.Add(12*time.Minute)
	if e = Of(newer, e, t0.Add(12*time.Minute)); e.Is(Stalled) {
		t.Errorf("a newer commit supersedes the wait: %s", list(e))
	}
}

func TestUnknownWorldLeavesWhatIsKnown(t *testing.T) {
	before := Of(report(), Environment{}, t0)
	blind := Report{Name: "gke", Generation: 1, Revision: commitA, Attempted: commitA, Digest: "d", Cluster: errors.New("timeout")}
	e := Of(blind, before, t0.Add(time.Second))
	if e.Objects != before.Objects || len(e.Inventory) != 2 || e.LastSync != before.LastSync {
		t.Errorf("objects %+v, inventory %v, last sync %v: an unreachable cluster is not an empty one", e.Objects, e.Inventory, e.LastSync)
	}
	if c, _ := e.Condition(Healthy); c.Status != True {
		t.Errorf("Healthy is %q, want what was known", c.Status)
	}
}

func TestRestartKeepsAKnownFailure(t *testing.T) {
	r := report()
	r.Live[svc] = parse(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, status: {phase: Lost}}`)
	before := Of(r, Environment{}, t0)
	started := Report{Name: "gke", Generation: 1, Revision: commitA, Attempted: commitA, Digest: "d"}
	if e := Of(started, before, t0.Add(time.Minute)); !e.Is(Stalled) || e.Is(Ready) {
		t.Errorf("before anything was looked at again: %s, want %s", list(e), list(before))
	}
}
