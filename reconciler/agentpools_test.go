package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/jenkins/pool"
)

// farm is a site with a pool of agents, whose status the test writes as the fleet would.
type farm struct {
	*site
	status pool.Status
}

// hostile is text that nobody may see on a terminal as it is.
const hostile = "\x1b[31mred\x1b[0m\u202eevil\r\n\x07bell"

func newFarm(t *testing.T) *farm {
	t.Helper()
	f := &farm{site: newSite(t), status: busyStatus(time.Now())}
	f.pool("linux", 20)
	f.write("linux")
	return f
}

// busyStatus is that of a pool that is short of agents.
func busyStatus(now time.Time) pool.Status {
	at := func(ago time.Duration) time.Time { return now.Add(-ago).UTC().Truncate(time.Second) }
	since, next, read := at(4*time.Minute+12*time.Second), at(-18*time.Second), at(3*time.Second)
	return pool.Status{
		Replicas: 8, Selector: "majordomo.dev/pool=linux", Queued: 9, OldestQueued: &since, Busy: 5, Idle: 0, Starting: 1, Draining: 2, Desired: 8, Min: 2, Max: 20,
		Reason: "9 builds wait and 5 run: 14 agents, 2 more at a time",
		Conditions: []pool.Condition{
			{Type: pool.JenkinsReachable, Status: "True", Reason: "Read", Message: "Jenkins answers", LastTransitionTime: at(time.Hour)},
			{Type: pool.ScalingActive, Status: "True", Reason: "Deciding", Message: "decisions are carried out", LastTransitionTime: at(time.Hour)},
		},
		Decision: &pool.Decision{
			At: at(12 * time.Second), From: 6, To: 8, Term: "step", Reason: "9 builds wait and 5 run: 14 agents, 2 more at a time",
			Terms:  []pool.Term{{Name: "demand", Agents: 14, Reason: "9 builds wait, 5 run"}, {Name: "short", Agents: 16, Reason: "1.2 x short"}, {Name: "hold", Agents: 6, Reason: "agents that were needed 40s ago"}, {Name: "spare"}, {Name: "soon"}},
			Limits: []pool.Limit{{Name: "min", Value: 2}, {Name: "max", Value: 20}, {Name: "step", Value: 2, Cut: true, Reason: "2 agents at a time"}},
			Gates:  []pool.Gate{{Name: "active", Open: true, Reason: "the pool is not suspended"}, {Name: "fresh", Open: true, Reason: "the answer is new"}},
			Next:   &next, NextReason: "2 more if the queue stays", Blocked: 3, Elsewhere: 2, Spec: "priority balanced (10), start-up 54 s (assumed, 3 of 20 seen)",
		},
		Agents: []pool.Agent{
			{Name: "agent-linux-aaaaa", State: "busy", Since: at(5 * time.Minute), Build: "http://jenkins/job/shop/job/main/12/"},
			{Name: "agent-linux-bbbbb", State: "starting", Since: at(48 * time.Second)},
			{Name: "agent-linux-ccccc", Node: "node-of-c", State: "offline", Since: at(time.Minute), Reason: "disk " + hostile},
		},
		Unmatched: []pool.Unmatched{{Label: "windows", Items: 4, Why: "There are no nodes with the label ‘windows’" + hostile}},
		History: []pool.Change{
			{At: at(12 * time.Second), From: 6, To: 8, Reason: "9 builds wait"},
			{At: at(10 * time.Minute), From: 4, To: 6, Reason: "2 builds wait"},
			{At: at(30 * time.Minute), From: 5, To: 4, Reason: "an agent was idle for 7m"},
		},
		Jenkins: pool.Master{Version: "2.568.3", User: "majordomo", LastRead: &read},
	}
}

func (f *farm) pools() dynamic.ResourceInterface {
	return f.kube.Resource(resource(pool.Group, pool.Version, pool.Resource)).Namespace(f.env)
}

// pool makes an AgentPool, as a sync of the site's environment would.
func (f *farm) pool(name string, most int) {
	f.t.Helper()
	_, err := f.pools().Create(f.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "AgentPool",
		"metadata": map[string]any{"name": name, "annotations": map[string]any{"majordomo.dev/environment": f.env}},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "agent-" + name},
			"jenkins":        map[string]any{"url": "http://jenkins." + f.env + ".svc", "credentials": map[string]any{"name": "jenkins-api"}},
			"labels":         []any{name}, "min": int64(2), "max": int64(most),
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
}

// write writes the status of a pool.
func (f *farm) write(name string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"status": f.status})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.pools().Patch(f.t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{}, "status"); err != nil {
		f.t.Fatal(err)
	}
}

// pod makes the pod of an agent.
func (f *farm) pod(name string, labels map[string]any) {
	f.t.Helper()
	_, err := f.pods().Create(f.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": name, "labels": labels},
		"spec": map[string]any{
			"terminationGracePeriodSeconds": int64(0),
			"containers":                    []any{map[string]any{"name": "agent", "image": "agent"}, map[string]any{"name": "sidecar", "image": "sidecar"}},
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *farm) pods() dynamic.ResourceInterface {
	return f.kube.Resource(resource("", "v1", "pods")).Namespace(f.env)
}

// notes are the annotations of an object.
func (f *farm) notes(api dynamic.ResourceInterface, name string) map[string]string {
	f.t.Helper()
	u, err := api.Get(f.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	return u.GetAnnotations()
}

// background runs the program until the test ends, and returns what it prints.
func (f *farm) background(args ...string) (stdout io.Reader, ended <-chan int) {
	f.t.Helper()
	read, write := io.Pipe()
	vars := maps.Clone(f.vars)
	done := make(chan int, 1)
	var stderr bytes.Buffer
	over := make(chan struct{})
	go func() {
		defer close(over)
		code := run(f.t.Context(), args, func(k string) string { return vars[k] }, strings.NewReader(""), write, &stderr)
		_ = write.CloseWithError(io.EOF)
		done <- code
	}()
	f.t.Cleanup(func() {
		_ = read.Close()
		<-over
		if f.t.Failed() {
			f.t.Logf("majordomo %s: %s", strings.Join(args, " "), &stderr)
		}
	})
	return read, done
}

func TestAPoolIsNamedByItselfOrByItsEnvironmentOrNamespace(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	for _, args := range [][]string{{address}, {"linux", "-n", f.env}, {address, "-n", f.env}} {
		has(t, f.want(0, append([]string{"explain"}, args...)...).stdout, "Pool "+address+"   desired 6 → 8")
	}
	for arg, want := range map[string]string{
		f.env + "/linx": `no pool "` + f.env + `/linx"; did you mean "` + address + `"`,
		f.env + "/":     "no pool",
		"/linux":        `no pool "/linux"`,
	} {
		has(t, f.want(exitNotFound, "explain", arg, "-n", f.env).stderr, want)
	}
	has(t, f.want(exitUsage, "explain", "a/b/c").stderr, "want POOL or ENV/POOL")
	has(t, f.want(exitUsage, "explain", "").stderr, "want")

	other := newFarm(t)
	o := f.want(exitUsage, "explain", "linux")
	has(t, o.stderr, `"linux" is `, "name one of them so")
	has(t, o.stderr, other.env+"/linux")
	has(t, f.want(0, "__complete", "explain", "").stdout, address)
	has(t, f.want(0, "__complete", "drain", "-n", f.env, "").stdout, address, "agent-linux-aaaaa")
	has(t, f.want(0, "__complete", "suspend", "").stdout, address)
}

func TestPoolsAreListedInEveryForm(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	for form, want := range map[string][]string{
		"table": {
			"NAME", "QUEUED", "WAIT", "BUSY", "IDLE", "STARTING", "DRAINING", "DESIRED", "MIN", "MAX", "REASON",
			address, "9", "4m", "5", "0", "1", "2", "8", "2", "20", "9 builds wait and 5 run",
		},
		"wide": {"OFFLINE", "NAMESPACE", "TARGET", "LABELS", "PRIORITY", "AGE", "REASON", address, f.env, "ReplicaSet/agent-linux", "linux", "balanced"},
		"json": {
			`"apiVersion": "majordomo.dev/v1alpha1"`, `"kind": "PoolStatusList"`, `"name": "linux"`, `"namespace": "` + f.env + `"`,
			`"environment": "` + f.env + `"`, `"queued": 9`,
		},
		"yaml":                                  {"kind: PoolStatusList\n"},
		"name":                                  {address + "\n"},
		"jsonpath={.items[0].status.desired}":   {"8\n"},
		"custom-columns=P:.name,B:.status.busy": {"P ", "B\n", "linux", "5\n"},
	} {
		has(t, f.want(0, "get", "pools", "-n", f.env, "-o", form).stdout, want...)
		has(t, f.want(0, "get", "pools", address, "-o", form).stdout, want...)
	}
	has(t, f.want(0, "get", "pools", "-A").stdout, address)
	lacks(t, f.want(0, "get", "pools", "-n", f.env, "--no-headers").stdout, "NAME")
	f.want(exitUsage, "get", "pools", "-A", "-n", f.env)
	f.want(exitNotFound, "get", "pools", f.env+"/lin")
	has(t, f.want(0, "get", "pools", "-n", "nowhere").stderr, "no pools")
}

func TestAgentsAreListedInEveryFormAndHostileTextIsTakenApart(t *testing.T) {
	f := newFarm(t)
	address := f.env + "/linux"
	for form, want := range map[string][]string{
		"table": {"NAME", "POOL", "STATE", "SINCE", "BUILD", "REASON", "agent-linux-aaaaa", address, "busy", "5m", "shop/main #12", "agent-linux-bbbbb", "starting", "agent-linux-ccccc", "offline", "disk redevil bell"},
		"wide":  {"NODE", "NAMESPACE", "http://jenkins/job/shop/job/main/12/", "node-of-c"},
		"json":  {`"kind": "AgentStatusList"`, `"name": "agent-linux-aaaaa"`, `"state": "busy"`, `"pool": "linux"`},
		"name":  {f.env + "/agent-linux-aaaaa\n"},
		"jsonpath={.items[?(@.state==\"offline\")].name}": {"agent-linux-ccccc\n"},
	} {
		has(t, f.want(0, "get", "agents", address, "-o", form).stdout, want...)
	}
	lacks(t, f.want(0, "get", "agents", "-n", f.env, "-o", "wide").stdout, "\x1b", "\u202e", "\x07", "\r")
	f.status.Agents, f.status.AgentsOmitted = nil, 0
	f.write("linux") // a merge patch leaves lists that are not stated
	f.status = pool.Status{}
	if _, err := f.pools().Patch(t.Context(), "linux", types.MergePatchType, []byte(`{"status":null}`), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	has(t, f.want(0, "get", "agents", "-n", f.env).stderr, "no agents")
	has(t, f.want(0, "get", "pools", "-n", f.env).stdout, "majordomo has not visited it yet")
}

func TestPoolsAndAgentsAreWatched(t *testing.T) {
	f := newFarm(t)
	lines := newLines(t, first(f.background("get", "pools", "-w", "-n", f.env)))
	agents := newLines(t, first(f.background("get", "agents", "-w", "-n", f.env, "-o", "json")))
	lines.next("NAME")
	lines.next(f.env+"/linux", "9 builds wait")
	for range 3 {
		agents.next(`"kind":"AgentStatus"`, `"name":"agent-linux-`)
	}
	f.status.Idle, f.status.Reason = 3, "all is calm"
	f.status.Agents = f.status.Agents[:2]
	f.status.Agents[1].State = "idle"
	f.write("linux")
	lines.next(f.env+"/linux", "all is calm")
	agents.next("agent-linux-bbbbb", `"state":"idle"`)
	agents.next("agent-linux-ccccc", `"state":"gone"`)
	if err := f.pools().Delete(t.Context(), "linux", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	lines.next(f.env+"/linux", "deleted")
	f.want(exitUsage, "get", "pools", "-w", "-o", "yaml")
}

func TestBuildsAreNamedAsJenkinsDoes(t *testing.T) {
	for link, want := range map[string]string{
		"http://jenkins/job/deploy/7/":                           "deploy #7",
		"https://ci.example/jenkins/job/shop/job/feature%2Fx/12": "shop/feature/x #12",
		"http://jenkins/job/shop/view/all/":                      "http://jenkins/job/shop/view/all/",
		"http://jenkins/job/shop/job/main/job/third/":            "http://jenkins/job/shop/job/main/job/third/",
		"http://jenkins/computer/x/":                             "http://jenkins/computer/x/",
		"":                                                       "",
		"http://jenkins/job/%zz/1/":                              "http://jenkins/job/%zz/1/",
	} {
		if got := buildName(link); got != want {
			t.Errorf("buildName(%q) = %q, want %q", link, got, want)
		}
	}
}
