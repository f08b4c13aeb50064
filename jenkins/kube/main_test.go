package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/manifests/crds"
)

var (
	real    *testcluster.Cluster
	install sync.Once
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { real = c }))
}

// site is a namespace of the real cluster, with a client that follows it.
type site struct {
	t      *testing.T
	ns     string
	kube   dynamic.Interface
	client *Client
	news   chan struct{}
	stop   func()
}

func newSite(t *testing.T, wrap ...func(*rest.Config)) *site {
	t.Helper()
	s := &site{t: t, ns: real.Namespace(t, nil), news: make(chan struct{}, 1)}
	var err error
	if s.kube, err = dynamic.NewForConfig(real.Config()); err != nil {
		t.Fatal(err)
	}
	install.Do(s.install)
	cfg := real.Config()
	for _, w := range wrap {
		w(cfg)
	}
	s.client, err = New(cfg, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Notify: func(string) {
		select {
		case s.news <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.client.Follow([]string{s.ns})
	s.run()
	return s
}

// run keeps the watches open until the test ends or stop is called.
func (s *site) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.client.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	s.t.Cleanup(s.stop)
}

// install makes sure that the cluster knows the kind AgentPool.
func (s *site) install() {
	s.t.Helper()
	data, err := fs.ReadFile(crds.Files, "agentpools.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	var o map[string]any
	if err := yaml.Unmarshal(data, &o); err != nil {
		s.t.Fatal(err)
	}
	api := s.kube.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	if _, err := api.Apply(s.t.Context(), "agentpools.majordomo.dev", &unstructured.Unstructured{Object: o}, metav1.ApplyOptions{FieldManager: "test", Force: true}); err != nil {
		s.t.Fatal(err)
	}
	s.eventually("the definition", func() error {
		u, err := api.Get(s.t.Context(), "agentpools.majordomo.dev", metav1.GetOptions{})
		if err == nil && !strings.Contains(fmt.Sprint(u.Object["status"]), "Established") {
			err = fmt.Errorf("not established")
		}
		return err
	})
}

// eventually waits until the condition gives no error.
func (s *site) eventually(what string, holds func() error) {
	s.t.Helper()
	timeout, tick := time.After(time.Minute), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			s.t.Fatalf("waited a minute for %s: %v", what, err)
		}
	}
}

// resourceOf is where objects of a kind are.
var resourceOf = map[string]schema.GroupVersionResource{
	"AgentPool": agentPools, "ReplicaSet": replicaSets, "ReplicationController": replicationControllers, "Deployment": deployments, "StatefulSet": statefulSets,
	"ResourceQuota": quotas, "HorizontalPodAutoscaler": autoscalers, "Secret": secrets, "ConfigMap": configMaps, "Pod": podResource,
}

// create makes an object from YAML.
func (s *site) create(manifest string) *unstructured.Unstructured {
	s.t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &u.Object); err != nil {
		s.t.Fatal(err)
	}
	made, err := s.in(u.GetKind()).Create(s.t.Context(), u, metav1.CreateOptions{FieldManager: "majordomo"})
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *site) in(kind string) dynamic.ResourceInterface {
	return s.kube.Resource(resourceOf[kind]).Namespace(s.ns)
}

// unstructuredObject is one of the server's.
type unstructuredObject = unstructured.Unstructured

func (s *site) get(kind, name string) map[string]any {
	s.t.Helper()
	u, err := s.in(kind).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return u.Object
}

// merge changes an object as a person does.
func (s *site) merge(kind, name string, fields map[string]any, sub ...string) {
	s.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.in(kind).Patch(s.t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "kubectl"}, sub...); err != nil {
		s.t.Fatal(err)
	}
}

const podTemplate = `template: {metadata: {labels: {app: NAME, majordomo.dev/pool: linux}, annotations: {majordomo.dev/template: one}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: agent, image: x, resources: {requests: {cpu: 10m}}}]}}`

// target makes a controller called agent.
func (s *site) target(kind string, replicas int, more string) {
	s.t.Helper()
	version, selector := "apps/v1", "{matchLabels: {app: agent}}"
	if kind == "ReplicationController" {
		version, selector = "v1", "{app: agent}"
	}
	s.create(fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: agent}, spec: {replicas: %d, selector: %s, %s%s}}",
		version, kind, replicas, selector, more, strings.ReplaceAll(podTemplate, "NAME", "agent")))
}

// pool makes an AgentPool called linux over a controller called agent.
func (s *site) pool(kind, more string) *pool.Pool {
	s.t.Helper()
	version := "apps/v1"
	if kind == "ReplicationController" {
		version = "v1"
	}
	s.create(fmt.Sprintf(`{apiVersion: majordomo.dev/v1alpha1, kind: AgentPool, metadata: {name: linux},
		spec: {scaleTargetRef: {apiVersion: %s, kind: %s, name: agent}, jenkins: {url: "http://jenkins", credentials: {name: jenkins-api}}, labels: [linux], max: 5%s}}`, version, kind, more))
	return s.look("the pool", func(Sight) error { return nil }).Pool
}

// look waits until the pool is seen as it should be.
func (s *site) look(what string, as func(Sight) error) Sight {
	s.t.Helper()
	var out Sight
	s.eventually(what, func() error {
		var err error
		if out, err = s.client.Look(Ref{s.ns, "linux"}); err != nil {
			return err
		}
		return as(out)
	})
	return out
}

// running waits until the target has so many pods that run.
func (s *site) running(n int) Sight {
	s.t.Helper()
	return s.look(fmt.Sprintf("%d pods", n), func(v Sight) error {
		ready := 0
		for _, p := range v.Pods {
			if p.Ready && !p.Deleting {
				ready++
			}
		}
		if ready != n || len(v.Pods) != n || v.Target.Seen != n || !v.Target.Settled {
			return fmt.Errorf("%d of %d pods are ready, target %+v", ready, len(v.Pods), v.Target)
		}
		return nil
	})
}

// podOf is a pod as it is seen.
type podOf = roster.Pod
