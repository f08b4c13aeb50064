package loop

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/manifests/crds"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/git/gittest"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

var (
	real    *testcluster.Cluster
	install sync.Once
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { real = c }))
}

// world is a repository, environments on the real API server and a loop between them.
type world struct {
	t        *testing.T
	repo     *gittest.Repo
	files    map[string]string
	envs     []string // names of the environments, each its own namespace
	kube     dynamic.Interface
	wire     *wire
	board    *status.Board
	loop     *Loop
	clock    func() time.Time
	timeout  time.Duration // of one request, 0 for the default
	log      slog.Handler  // nil for the test's own log
	patience time.Duration // with objects on their way, 0 for the default
	force    git.ForcePush
	poll     time.Duration // 0 for 50 ms
	source   source
	fleet    func(env string) string // further fields of an environment in fleet.yaml
}

// newWorld makes environments that have the same objects: a ConfigMap, a Service and a ReplicaSet without pods.
func newWorld(t *testing.T, environments int) *world {
	t.Helper()
	w := &world{t: t, repo: gittest.NewRepo(t), files: map[string]string{}, clock: time.Now, wire: newWire(), fleet: func(string) string { return "" }}
	kube, err := dynamic.NewForConfig(real.Config())
	if err != nil {
		t.Fatal(err)
	}
	w.kube = kube
	install.Do(w.install)
	for range environments {
		w.envs = append(w.envs, real.Namespace(t, nil))
	}
	w.files["base/kustomization.yaml"] = "resources: [objects.yaml]\n"
	w.files["base/objects.yaml"] = `apiVersion: v1
kind: ConfigMap
metadata: {name: casc}
data: {executors: "0"}
---
apiVersion: v1
kind: Service
metadata: {name: jenkins}
spec: {selector: {app: jenkins}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: agent}
spec:
  replicas: 0
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "jenkins/inbound-agent:1"}]}
`
	for _, e := range w.envs {
		w.files["overlays/"+e+"/kustomization.yaml"] = "namespace: " + e + "\nresources: [../../base]\n"
	}
	t.Cleanup(w.forget)
	return w
}

// install makes sure that the cluster knows majordomo's own kinds.
func (w *world) install() {
	w.t.Helper()
	names, err := fs.Glob(crds.Files, "*.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		data, err := crds.Files.ReadFile(name)
		if err != nil {
			w.t.Fatal(err)
		}
		var o object.Object
		if err := yaml.Unmarshal(data, &o); err != nil {
			w.t.Fatal(err)
		}
		api := w.kube.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
		if _, err := api.Apply(w.t.Context(), o.ID().Name, &unstructured.Unstructured{Object: o}, metav1.ApplyOptions{FieldManager: "test", Force: true}); err != nil {
			w.t.Fatal(err)
		}
		w.eventually("definition "+o.ID().Name, func() error {
			u, err := api.Get(w.t.Context(), o.ID().Name, metav1.GetOptions{})
			if err == nil && !strings.Contains(fmt.Sprint(u.Object["status"]), "Established") {
				err = fmt.Errorf("not established")
			}
			return err
		})
	}
}

// forget removes the environments' books, which no namespace takes with it.
func (w *world) forget() {
	for _, e := range w.envs {
		_ = w.kube.Resource(environments).Delete(context.Background(), e, metav1.DeleteOptions{})
	}
}

var environments = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "environments"}

// commit commits the files as they are now, with a fleet.yaml over the environments.
func (w *world) commit(message string) string {
	w.t.Helper()
	if _, own := w.files["fleet.yaml"]; !own {
		var b strings.Builder
		b.WriteString("apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n")
		for _, e := range w.envs {
			fmt.Fprintf(&b, "- name: %s\n  path: overlays/%s\n  namespaces: [%s]\n%s", e, e, e, w.fleet(e))
		}
		files := maps.Clone(w.files)
		files["fleet.yaml"] = b.String()
		return w.repo.Commit(files, message)
	}
	return w.repo.Commit(maps.Clone(w.files), message)
}

// start runs a new loop over the repository until the test or the returned function ends it, as a process would.
func (w *world) start() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	w.make(Options{})
	l := w.loop
	go func() { done <- l.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("Run: %v", err)
			}
		case <-time.After(30 * time.Second):
			w.t.Error("the loop did not end within 30 s")
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// make makes a loop with an empty memory.
func (w *world) make(o Options) {
	w.t.Helper()
	m, err := git.New(git.Options{URL: w.repo.Dir, ForcePush: w.force})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = m.Close() })
	w.source = m
	w.board = status.NewBoard()
	o.Connect = func(string) (*rest.Config, error) {
		c := rest.CopyConfig(real.Config())
		c.Wrap(w.wire.wrap)
		c.Timeout = w.timeout
		return c, nil
	}
	o.Poll = cmp.Or(w.poll, 50*time.Millisecond)
	o.Retry = Backoff{Base: 10 * time.Millisecond, Cap: 200 * time.Millisecond}
	o.Now, o.Patience = w.clock, w.patience
	log := w.log
	if log == nil {
		log = slog.NewTextHandler(testWriter{w.t}, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	w.loop = New(w.source, w.board, slog.New(log), o)
}

// once runs a loop without memory once over all environments, as `majordomo run --once` does.
func (w *world) once(ctx context.Context) error {
	w.t.Helper()
	w.make(Options{Unwatched: true})
	return w.loop.Once(ctx)
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
func (w *world) eventually(what string, holds func() error) {
	w.t.Helper()
	timeout, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			w.t.Fatalf("waited 30 s for %s: %v", what, err)
		}
	}
}

// environment returns the status in the Environment object of an environment.
func (w *world) environment(env string) status.Environment {
	w.t.Helper()
	u, err := w.kube.Resource(environments).Get(w.t.Context(), env, metav1.GetOptions{})
	if err != nil {
		return status.Environment{}
	}
	e, err := status.Read(u.Object)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// ready waits until an environment has a commit applied and is ready.
func (w *world) ready(env, commit string) status.Environment {
	w.t.Helper()
	var e status.Environment
	w.eventually("environment "+env+" at "+commit[:7], func() error {
		e = w.environment(env)
		if e.Revision != commit || !e.Is(status.Ready) {
			return fmt.Errorf("revision %q, conditions %+v", e.Revision, e.Conditions)
		}
		return nil
	})
	return e
}

// condition waits until a condition of an environment has a status and a reason.
func (w *world) condition(env, kind, value, reason string) status.Condition {
	w.t.Helper()
	var c status.Condition
	w.eventually(fmt.Sprintf("%s %s=%s (%s)", env, kind, value, reason), func() error {
		e := w.environment(env)
		c, _ = e.Condition(kind)
		if c.Status != value || reason != "" && c.Reason != reason {
			return fmt.Errorf("conditions %+v", e.Conditions)
		}
		return nil
	})
	return c
}

var (
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	services    = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	secrets     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)

// get returns an object, nil if it is not there.
func (w *world) get(gvr schema.GroupVersionResource, env, name string) object.Object {
	w.t.Helper()
	u, err := w.in(gvr, env).Get(w.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return u.Object
}

// value returns the field of an object as text.
func (w *world) value(gvr schema.GroupVersionResource, env, name string, path ...string) string {
	w.t.Helper()
	v, _ := w.get(gvr, env, name).Get(path)
	return fmt.Sprint(v)
}

// state is what a sync leaves behind, less what is different in every run: the oracle for crashes and faults.
func (w *world) state(env string) map[string]any {
	w.t.Helper()
	out := map[string]any{}
	for _, gvr := range []schema.GroupVersionResource{configMaps, services, replicaSets} {
		list, err := w.kube.Resource(gvr).Namespace(env).List(w.t.Context(), metav1.ListOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range list.Items {
			o := object.Object(u.Object)
			if o.Annotation(object.Environment) == "" {
				continue // not applied by majordomo
			}
			out[strings.ReplaceAll(o.ID().String(), env, "ENV")] = stable(o, env)
		}
	}
	inv, err := status.DecodeInventory(w.environment(env).Inventory)
	if err != nil {
		w.t.Fatal(err)
	}
	for id, e := range inv {
		out["inventory "+strings.ReplaceAll(id.String(), env, "ENV")] = e.UID != "" && e.Hash != ""
	}
	return out
}

func stable(o object.Object, env string) string {
	c := o.Clone()
	delete(c, "status")
	m := c.Metadata()
	for _, k := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "namespace"} {
		delete(m, k)
	}
	if spec, ok := c["spec"].(map[string]any); ok {
		delete(spec, "clusterIP")
		delete(spec, "clusterIPs")
	}
	managers := o.Managers()
	slices.Sort(managers)
	return strings.ReplaceAll(fmt.Sprint(c, managers), env, "ENV")
}

// noLeak fails the test if it leaves goroutines of its own behind. Connections that are kept for reuse are closed with the transports.
func noLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*ClientConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*http2ClientConn).readLoop"))
	})
}
