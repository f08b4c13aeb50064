package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/manifests/crds"
)

var (
	real    *testcluster.Cluster
	install sync.Once
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { real = c }))
}

// usual is how much faster the clock of a test's fleet and Jenkins runs than that of the cluster, as a rule.
const usual = 20

// yard is a Jenkins whose agents are the pods of a namespace of the real cluster, and a fleet between them.
type yard struct {
	t       *testing.T
	ns      string
	kube    dynamic.Interface
	jenkins *jenkinstest.Jenkins
	url     string
	began   time.Time
	wire    *wire // of the fleet, to the API server and to Jenkins
	config  *rest.Config
	log     slog.Handler

	speed   time.Duration              // of the clock
	stopped func(context.Context) bool // Options.Stopped

	fleet *Fleet
	end   func() // begins to stop the fleet
	ended func() bool
	stop  func() // and waits until it has
}

// now is the clock of fleet and Jenkins.
func (w *yard) now() time.Time { return w.began.Add(w.speed * time.Since(w.began)) }

func newYard(t *testing.T) *yard {
	t.Helper()
	return newYardAt(t, usual)
}

func newYardAt(t *testing.T, speed time.Duration) *yard {
	t.Helper()
	w := &yard{t: t, speed: speed, ns: real.Namespace(t, nil), began: time.Now(), wire: &wire{}, stop: func() {}}
	var err error
	if w.kube, err = dynamic.NewForConfig(real.Config()); err != nil {
		t.Fatal(err)
	}
	install.Do(w.install)
	w.jenkins = jenkinstest.New(jenkinstest.Options{Now: w.now, Reconnect: 5 * time.Second, Assign: time.Second, Notice: time.Second})
	w.jenkins.AddNode(jenkinstest.Node{Name: "majordomo-sentinel", Labels: []string{"majordomo-sentinel"}, Static: true, Offline: true, Exclusive: true})
	w.jenkins.AddJob(jenkinstest.Job{Name: "compile", Label: "linux"})
	w.url = w.jenkins.Start(t)
	w.jenkins.FollowFor(t, real.Config(), jenkinstest.FollowOptions{Namespaces: []string{w.ns}})
	user, token := w.jenkins.Credentials("scaler")
	w.create(fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: jenkins-api}, stringData: {username: %s, token: %q}}`, user, token+"\n"))
	w.config = real.Config()
	w.config.Wrap(w.wire.wrap)
	return w
}

// install makes sure that the cluster knows the kind AgentPool.
func (w *yard) install() {
	w.t.Helper()
	data, err := fs.ReadFile(crds.Files, "agentpools.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	var o map[string]any
	if err := yaml.Unmarshal(data, &o); err != nil {
		w.t.Fatal(err)
	}
	api := w.kube.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	if _, err := api.Apply(w.t.Context(), "agentpools.majordomo.dev", &unstructured.Unstructured{Object: o}, metav1.ApplyOptions{FieldManager: "test", Force: true}); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("the definition", func() error {
		u, err := api.Get(w.t.Context(), "agentpools.majordomo.dev", metav1.GetOptions{})
		if err == nil && !strings.Contains(fmt.Sprint(u.Object["status"]), "Established") {
			err = fmt.Errorf("not established")
		}
		return err
	})
}

// options of a fleet of this world.
func (w *yard) options() Options {
	handler := w.log
	if handler == nil {
		handler = slog.NewTextHandler(testWriter{w.t}, &slog.HandlerOptions{Level: slog.LevelInfo})
	}
	return Options{
		Places: func() []Place { return []Place{{Environment: "test", Config: w.config, Namespaces: []string{w.ns}}} },
		Poll:   5 * time.Second, Now: w.now, Log: slog.New(handler),
		Stopped:   w.stopped,
		After:     func(d time.Duration) <-chan time.Time { return time.After(d / w.speed) },
		Transport: w.wire.wrap(http.DefaultTransport.(*http.Transport).Clone()),
	}
}

// start runs a new fleet until the test or w.stop ends it, as a process would.
func (w *yard) start() {
	w.t.Helper()
	w.run(w.options())
}

func (w *yard) run(o Options) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := New(o)
	w.fleet, w.end, w.ended = f, cancel, func() bool { return ctx.Err() != nil }
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("Run: %v", err)
			}
		case <-time.After(30 * time.Second):
			w.t.Error("the fleet did not end within 30 s")
		}
	})
	w.t.Cleanup(w.stop)
}

// testWriter gives log lines to the test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// eventually waits until the condition gives no error.
func (w *yard) eventually(what string, holds func() error) {
	w.t.Helper()
	timeout, tick := time.After(90*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			w.t.Fatalf("waited for %s: %v\n%s", what, err, w.describe())
		}
	}
}

// describe tells how things are, for a test that fails.
func (w *yard) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "jenkins: %+v\nnodes: %+v\n", w.jenkins.Stats(), w.jenkins.Nodes())
	for _, p := range w.pods() {
		fmt.Fprintf(&b, "pod %s deleting=%v annotations=%v phase=%v\n", p.GetName(), p.GetDeletionTimestamp() != nil, p.GetAnnotations(), at(p.Object, "status", "phase"))
	}
	for _, name := range []string{"linux", "jvm"} {
		if s, err := yaml.Marshal(w.status(name)); err == nil && w.get("AgentPool", name) != nil {
			fmt.Fprintf(&b, "pool %s:\n%s\n", name, s)
		}
	}
	return b.String()
}

func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// resourceOf is where objects of a kind are.
var resourceOf = map[string]schema.GroupVersionResource{
	"AgentPool":             {Group: "majordomo.dev", Version: "v1alpha1", Resource: "agentpools"},
	"ReplicaSet":            {Group: "apps", Version: "v1", Resource: "replicasets"},
	"StatefulSet":           {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"Deployment":            {Group: "apps", Version: "v1", Resource: "deployments"},
	"ReplicationController": {Version: "v1", Resource: "replicationcontrollers"},
	"Secret":                {Version: "v1", Resource: "secrets"}, "ConfigMap": {Version: "v1", Resource: "configmaps"}, "Pod": {Version: "v1", Resource: "pods"},
	"Event": {Version: "v1", Resource: "events"}, "ResourceQuota": {Version: "v1", Resource: "resourcequotas"},
	"ControllerRevision":      {Group: "apps", Version: "v1", Resource: "controllerrevisions"},
	"HorizontalPodAutoscaler": {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
}

func (w *yard) in(kind string) dynamic.ResourceInterface {
	return w.kube.Resource(resourceOf[kind]).Namespace(w.ns)
}

// create makes an object from YAML.
func (w *yard) create(manifest string) {
	w.t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &u.Object); err != nil {
		w.t.Fatalf("%v in\n%s", err, manifest)
	}
	if _, err := w.in(u.GetKind()).Create(w.t.Context(), u, metav1.CreateOptions{FieldManager: "majordomo"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *yard) get(kind, name string) map[string]any {
	u, err := w.in(kind).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return u.Object
}

// merge changes an object as a person does.
func (w *yard) merge(kind, name, fields string, sub ...string) {
	w.t.Helper()
	body, err := yaml.YAMLToJSON([]byte(fields))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.in(kind).Patch(w.t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "kubectl"}, sub...); err != nil {
		w.t.Fatal(err)
	}
}

// agents makes a pool of a kind of controller with the same name, without agents so far.
func (w *yard) agents(kind, name string, max int, more string) {
	w.t.Helper()
	w.target(kind, name, "one")
	version := "apps/v1"
	if kind == "ReplicationController" {
		version = "v1"
	}
	w.create(fmt.Sprintf(`
apiVersion: majordomo.dev/v1alpha1
kind: AgentPool
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {apiVersion: %[2]s, kind: %[3]s, name: agent-%[1]s}
  jenkins: {url: %[4]q, credentials: {name: jenkins-api}}
  labels: [%[1]s]
  max: %[5]d
  priority: "0.01"
  startupTimeout: 24h
  rollout: {updatePeriod: 1s}
%[6]s`, name, version, kind, w.url, max, more))
}

// target makes the controller of a pool's agents.
func (w *yard) target(kind, name, template string) {
	w.t.Helper()
	version, selector, more := "apps/v1", "{matchLabels: {app: agent-"+name+"}}", ""
	switch kind {
	case "ReplicationController":
		version, selector = "v1", "{app: agent-"+name+"}"
	case "StatefulSet":
		more = "\n  serviceName: agents\n  podManagementPolicy: Parallel\n  updateStrategy: {type: OnDelete}"
	}
	w.create(fmt.Sprintf(`
apiVersion: %s
kind: %s
metadata: {name: agent-%s}
spec:
  replicas: 0
  selector: %s%s
  template: %s`, version, kind, name, selector, more, w.template(name, template, "")))
}

// template is that of the pods of agents. Nothing in it takes time to stop.
func (w *yard) template(name, hash, annotations string) string {
	return fmt.Sprintf(`{metadata: {labels: {app: agent-%[1]s, majordomo.dev/pool: %[1]s}, annotations: {majordomo.dev/template: %[2]q%[3]s}}, spec: {terminationGracePeriodSeconds: 0,
    containers: [{name: agent, image: x, args: [-name, $(POD_NAME), -disableClientsUniqueId, -description, "pod $(POD_NAMESPACE)/$(POD_NAME) $(POD_UID)", -labels, $(AGENT_LABELS), -executors, "1"],
    env: [{name: AGENT_LABELS, value: %[1]s}, {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}},
    {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]}]}}`, name, hash, annotations)
}

// status returns that of a pool.
func (w *yard) status(name string) pool.Status {
	o := w.get("AgentPool", name)
	if o == nil {
		return pool.Status{}
	}
	p, _ := pool.Parse(o)
	return p.Status
}

// condition waits until a condition of a pool has a status and, if one is named, a reason.
func (w *yard) condition(name, kind, status, reason string) pool.Condition {
	w.t.Helper()
	var c pool.Condition
	w.eventually(fmt.Sprintf("%s of %s to be %s (%s)", kind, name, status, reason), func() error {
		c, _ = pool.Find(w.status(name).Conditions, kind)
		if c.Status != status || reason != "" && c.Reason != reason {
			return fmt.Errorf("it is %+v", c)
		}
		return nil
	})
	return c
}

// ready waits until the fleet that runs now says so itself: the object may still have what the one before has written.
func (w *yard) ready(name string) {
	w.t.Helper()
	w.eventually(name+" to be ready", func() error {
		for _, p := range w.fleet.Snapshot().Pools {
			c, _ := pool.Find(p.Status.Conditions, pool.Ready)
			if p.Name == name && c.Status == pool.True {
				return nil
			}
		}
		return errors.New("it is not shown")
	})
}

func (w *yard) replicas(kind, name string) int {
	n, _ := at(w.get(kind, "agent-"+name), "spec", "replicas").(int64)
	return int(n)
}

func (w *yard) pods() []unstructured.Unstructured {
	list, err := w.in("Pod").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return list.Items
}

// online waits until so many agents are connected and take builds, and there are no other pods.
func (w *yard) online(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d agents", n), func() error {
		on := 0
		for _, node := range w.jenkins.Nodes() {
			if node.Online {
				on++
			}
		}
		if pods := len(w.pods()); on != n || pods != n {
			return fmt.Errorf("%d agents are online, %d pods", on, pods)
		}
		return nil
	})
}

// unhurt fails the test if a build was lost.
func (w *yard) unhurt() {
	w.t.Helper()
	if lost := w.jenkins.Lost(); len(lost) > 0 {
		w.t.Errorf("builds were lost: %+v\n%s", lost, w.describe())
	}
}

// noLeak fails the test if it leaves goroutines of its own behind. Connections that are kept for reuse are closed with the transports.
func noLeak(t *testing.T) {
	t.Helper()
	_ = real.Config() // the cluster's processes stay
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
			goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*ClientConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*http2ClientConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	})
}

// object is one of the server's.
type object = unstructured.Unstructured

var everything = metav1.ListOptions{}
