package jenkinstest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/jenkins/jenkinstest"
)

var cluster *testcluster.Cluster

func TestMain(m *testing.M) {
	code := testcluster.Main(m, func(c *testcluster.Cluster) { cluster = c })
	if code == 0 {
		// Connections to the cluster are kept for a while.
		if err := goleak.Find(goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*ClientConn).readLoop")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var (
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	replicasets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)

func create(t *testing.T, ns string, of schema.GroupVersionResource, manifest string) {
	t.Helper()
	client, err := dynamic.NewForConfig(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	u := new(unstructured.Unstructured)
	if err := yaml.Unmarshal([]byte(manifest), &u.Object); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Resource(of).Namespace(ns).Create(t.Context(), u, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, ns, name string) {
	t.Helper()
	client, err := dynamic.NewForConfig(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Resource(pods).Namespace(ns).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, j *jenkinstest.Jenkins, what string, done func(jenkinstest.Stats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := j.Wait(ctx, done); err != nil {
		t.Fatalf("wait until %s: %v; nodes %+v, stats %+v", what, err, j.Nodes(), j.Stats())
	}
}

const agentPod = `
apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {majordomo.dev/pool: linux}, annotations: {%s}}
spec:
  containers:
  - name: agent
    image: x
    args: [-name, $(POD_NAME), -disableClientsUniqueId, -deleteExistingClients, -labels, $(AGENT_LABELS), -mode, $(AGENT_MODE), -executors, "2", -description, "pod $(POD_NAMESPACE)/$(POD_NAME) $(POD_UID)"]
    env:
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
    - {name: AGENT_LABELS, value: linux docker}
    - {name: AGENT_MODE, value: exclusive}
`

func TestAReadyPodIsAnAgentUntilItIsDeleted(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	j := jenkinstest.New(jenkinstest.Options{})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux && docker"}, jenkinstest.Job{Name: "any"})
	j.FollowFor(t, cluster.Config(), jenkinstest.FollowOptions{Namespaces: []string{ns}, Delay: 50 * time.Millisecond})
	create(t, ns, pods, fmt.Sprintf(agentPod, "agent-a", ""))
	j.Enqueue("compile", 1)
	j.Enqueue("any", 1)
	await(t, j, "the build runs", func(s jenkinstest.Stats) bool { return s.Running == 1 })
	n, _ := j.Node("agent-a")
	wants := "Swarm agent from 10."
	if got := strings.Join(n.Labels, " "); got != "agent-a docker linux swarm" || n.Executors != 2 || !strings.HasPrefix(n.Description, wants) ||
		!strings.Contains(n.Description, ": pod "+ns+"/agent-a ") {
		t.Errorf("node = %+v, want labels agent-a docker linux swarm, 2 executors and a description %s...", n, wants)
	}
	if s := j.Stats(); s.Waiting != 1 {
		t.Errorf("an exclusive agent took a build without a label: %+v", s)
	}
	remove(t, ns, "agent-a")
	await(t, j, "the build is lost", func(s jenkinstest.Stats) bool { return s.Lost == 1 && s.Nodes == 0 })
	if l := j.Lost()[0]; l.Pod != ns+"/agent-a" || l.Node != "agent-a" || l.PodUID == "" || l.Job != "compile" || l.At.Before(l.Started) {
		t.Errorf("lost %+v", l)
	}
}

func TestAgentsMisbehaveAsTheirPodSays(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	j := jenkinstest.New(jenkinstest.Options{})
	j.FollowFor(t, cluster.Config(), jenkinstest.FollowOptions{Namespaces: []string{ns}})
	for name, how := range map[string]string{"never": "never", "suffix": "suffix", "gone": "disconnect=100ms", "late": "1s", "full": "monitor=10ms"} {
		create(t, ns, pods, fmt.Sprintf(agentPod, name, jenkinstest.Register+`: "`+how+`"`))
	}
	create(t, ns, replicasets, `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: good}, spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {
		metadata: {labels: {a: b, majordomo.dev/pool: linux}}, spec: {containers: [{name: c, image: x, env: [{name: AGENT_LABELS, value: windows}]}]}}}}`)
	await(t, j, "there are two good nodes, one late, one with a suffix, one with a full disk, and no other", func(s jenkinstest.Stats) bool {
		_, late := j.Node("late")
		_, gone := j.Node("gone")
		return s.Nodes == 5 && s.Online == 4 && late && !gone
	})
	suffixed := 0
	for _, n := range j.Nodes() {
		switch {
		case n.Name == "full":
			if !n.Parked || !strings.HasPrefix(n.Reason, "Disk space is too low.") {
				t.Errorf("node with a full disk = %+v", n)
			}
		case strings.HasPrefix(n.Name, "suffix-"):
			suffixed++
		case n.Name == "late", strings.HasPrefix(n.Name, "good-"):
		default:
			t.Errorf("node %s should not be there", n.Name)
		}
	}
	if suffixed != 1 {
		t.Errorf("%d nodes with a suffix, want 1", suffixed)
	}
}
