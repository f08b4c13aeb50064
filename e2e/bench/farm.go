package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/jenkins/jenkinstest"
)

const (
	farmName  = "bench-farm"
	farmPools = 20
	farmPoll  = 5 * time.Second // the default of --jenkins-interval
	// bulk is the pool for which thousands of builds wait.
	bulk = "bulk"
)

// farm is a Jenkins that has agents in the cluster, and the program at work on both.
type farm struct {
	*bench
	jenkins *jenkinstest.Jenkins
	kube    dynamic.Interface
	url     string
	asked   atomic.Int64 // requests of the program to Jenkins
	bytes   atomic.Int64 // that it was answered
}

// farming measures the fleet line against a simulated Jenkins whose agents are pods of the cluster.
func (b *bench) farming(ctx context.Context, t *table) error {
	b.halt()
	f := &farm{bench: &bench{size: b.size, dir: filepath.Join(b.dir, "farm"), cluster: b.cluster, polled: 30 * time.Second}, jenkins: jenkinstest.New(jenkinstest.Options{})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer f.jenkins.Close()
	if err := f.start(ctx, b.binary); err != nil {
		return err
	}
	defer f.halt()
	if err := f.reaction(ctx, t); err != nil {
		return err
	}
	return f.idle(ctx, t)
}

// ServeHTTP is Jenkins with a counter.
func (f *farm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked.Add(1)
	f.jenkins.ServeHTTP(counted{w, &f.bytes}, r)
}

type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Unwrap lets the server's own writer be found, which simulated faults need.
func (c counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (f *farm) start(ctx context.Context, binary string) error {
	note("a Jenkins with %d pools in the cluster", farmPools+1)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	f.url = "http://" + l.Addr().String()
	if f.kube, err = dynamic.NewForConfig(f.cluster.Config()); err != nil {
		return err
	}
	if err := f.prepare(ctx); err != nil {
		return err
	}
	go func() {
		_ = f.jenkins.Follow(ctx, f.cluster.Config(), jenkinstest.FollowOptions{Namespaces: []string{farmName}})
	}()
	if err := f.launch(ctx, binary); err != nil {
		return err
	}
	return f.await(ctx, "all pools have been looked at", func() (bool, error) {
		pools, err := f.api("majordomo.dev", "v1alpha1", "agentpools").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, nil //nolint:nilerr // the kind is not there yet
		}
		visited := 0
		for _, p := range pools.Items {
			if at, _, _ := unstructured.NestedString(p.Object, "status", "jenkins", "lastRead"); at != "" {
				visited++
			}
		}
		return visited == farmPools+1, nil
	})
}

func (f *farm) api(group, version, resource string) dynamic.ResourceInterface {
	return f.kube.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: resource}).Namespace(farmName)
}

// prepare makes the namespace, the Secret, the repository, and the jobs.
func (f *farm) prepare(ctx context.Context) error {
	repository := filepath.Join(f.dir, "repository")
	if err := os.MkdirAll(repository, 0o755); err != nil {
		return err
	}
	if err := f.namespace(ctx, farmName); err != nil {
		return err
	}
	user, token := f.jenkins.Credentials("scaler")
	secret := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "jenkins-api"},
		"stringData": map[string]any{"username": user, "token": token},
	}}
	if _, err := f.api("", "v1", "secrets").Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return err
	}
	f.fleet = &fleet{dir: repository}
	if err := f.fleet.git(ctx, "init", "-q", "-b", "main"); err != nil {
		return err
	}
	var docs []string
	for _, name := range append(pools(), bulk) {
		f.jenkins.AddJob(jenkinstest.Job{Name: "job-" + name, Label: name})
		docs = append(docs, f.manifest(name))
	}
	for name, text := range map[string]string{
		"fleet.yaml": "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n- {name: " + farmName + ", path: overlay, namespaces: [" + farmName + "]}\n",
		"overlay/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: " + farmName +
			"\nresources: [objects.yaml]\n",
		"overlay/objects.yaml": strings.Join(docs, "---\n"),
	} {
		if err := f.fleet.write(name, text); err != nil {
			return err
		}
	}
	_, err := f.fleet.commit(ctx, "farm")
	return err
}

func pools() []string {
	var names []string
	for i := range farmPools {
		names = append(names, fmt.Sprintf("pool-%02d", i))
	}
	return names
}

// manifest is a pool of at most one agent, so that nothing is left to do once it runs its build.
func (f *farm) manifest(name string) string {
	return fmt.Sprintf(`apiVersion: majordomo.dev/v1alpha1
kind: AgentPool
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-%[1]s}
  jenkins: {url: %[2]q, credentials: {name: jenkins-api}}
  labels: [%[1]s]
  max: 1
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: agent-%[1]s}
spec:
  selector: {matchLabels: {majordomo.dev/pool: %[1]s}}
  template:
    metadata: {labels: {majordomo.dev/pool: %[1]s}}
    spec:
      containers:
      - name: agent
        image: "jenkins/inbound-agent:1"
        env: [{name: AGENT_LABELS, value: %[1]s}]
`, name, f.url)
}

// await looks until something is so.
func (f *farm) await(ctx context.Context, what string, so func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not so after 2 minutes: %s; the program says: %s", what, f.tail())
		}
	}
}

// reaction measures how long a build is in the queue until the agent that it needs is asked for: one build for each pool, spread over a poll.
func (f *farm) reaction(ctx context.Context, t *table) error {
	note("a build for each of %d pools", farmPools)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	w, err := f.api("apps", "v1", "replicasets").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer w.Stop()
	queued := map[string]time.Time{}
	var took []time.Duration
	tick := time.NewTicker(farmPoll / farmPools)
	defer tick.Stop()
	for left := pools(); len(took) < farmPools; {
		select {
		case <-tick.C:
			if len(left) == 0 {
				continue
			}
			queued["agent-"+left[0]] = time.Now()
			f.jenkins.Enqueue("job-"+left[0], 1)
			left = left[1:]
		case e, ok := <-w.ResultChan():
			u, is := e.Object.(*unstructured.Unstructured)
			if !ok || !is {
				return fmt.Errorf("%d of %d pools have an agent after a minute; the program says: %s", len(took), farmPools, f.tail())
			}
			if n, _, _ := unstructured.NestedInt64(u.Object, "spec", "replicas"); n > 0 && !queued[u.GetName()].IsZero() {
				took = append(took, time.Since(queued[u.GetName()]))
				delete(queued, u.GetName())
			}
		}
	}
	slices.Sort(took)
	p50, p95 := took[len(took)/2], took[len(took)*95/100]
	t.add("build enters the queue -> replicas written, p50", ms(p50), "<= half a poll + 500 ms", "a poll each 5 s", p50 <= farmPoll/2+500*time.Millisecond)
	t.add("build enters the queue -> replicas written, p95", ms(p95), "<= a poll + 500 ms", fmt.Sprintf("%d builds, spread over a poll", farmPools), p95 <= farmPoll+500*time.Millisecond)
	return nil
}

// idle measures what it costs to look at a Jenkins with a long queue and many agents when there is nothing to do.
func (f *farm) idle(ctx context.Context, t *table) error {
	note("%d builds in the queue, %d agents", queuedItems, poolAgents)
	for i := range poolAgents {
		f.jenkins.AddNode(jenkinstest.Node{Name: fmt.Sprintf("other-%04d", i), Labels: []string{"elsewhere"}})
	}
	f.jenkins.Enqueue("job-"+bulk, queuedItems)
	if err := f.settled(ctx); err != nil {
		return err
	}
	const polls = 10
	cpu, err := f.cpu()
	if err != nil {
		return err
	}
	mark, asked, bytes := f.cluster.Mark(), f.asked.Load(), f.bytes.Load()
	select {
	case <-time.After(polls * farmPoll):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := f.cpu()
	if err != nil {
		return err
	}
	each := (after - cpu) / polls
	t.add("a look at a Jenkins with 10,000 items and 1,000 agents", ms(each)+" of CPU", "<= 1 s of CPU",
		fmt.Sprintf("%.1f requests, %.1f MB a look", float64(f.asked.Load()-asked)/polls, float64(f.bytes.Load()-bytes)/polls/1e6), each <= time.Second)
	n := count(f.cluster.Requests(mark))
	t.add("  requests to Kubernetes meanwhile", fmt.Sprint(n), "0", fmt.Sprintf("over %d looks with nothing to do", polls), n == 0)
	return nil
}

// settled waits until every agent that is wanted is there, and nothing is written for three looks.
func (f *farm) settled(ctx context.Context) error {
	for range 10 {
		mark := f.cluster.Mark()
		select {
		case <-time.After(3 * farmPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
		if count(f.cluster.Requests(mark)) == 0 {
			return nil
		}
	}
	return errors.New("the fleet does not come to rest")
}

// cpu is the processor time that the program has used.
func (f *farm) cpu() (time.Duration, error) {
	const hertz = 100
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", f.program.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * time.Second / hertz, nil
}
