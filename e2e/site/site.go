// Package site is one environment with everything around it, to test the whole: the program as people start it, a Git repository, a Kubernetes
// API with its controllers, and a Jenkins whose agents are the pods. Nothing in between is played but the containers and Jenkins itself, and both
// speak the real protocol.
package site

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"majordomo.dev/jenkins/jenkinstest"
)

// The pools of a site.
const (
	Linux = "linux"
	JVM   = "jvm"
)

// patience is how long anything may take on a busy machine.
const patience = 2 * time.Minute

var (
	pools       = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "agentpools"}
	controllers = map[string]schema.GroupVersionResource{
		Linux: {Group: "apps", Version: "v1", Resource: "replicasets"},
		JVM:   {Version: "v1", Resource: "replicationcontrollers"},
	}
)

// Site is one environment with everything around it.
type Site struct {
	Jenkins   *jenkinstest.Jenkins
	Namespace string // and name of the environment
	Address   string // HOST:PORT of API, page and metrics

	t       *testing.T
	g       *Ground
	repo    string
	env     []string
	args    []string
	running *exec.Cmd
	log     bytes.Buffer
	client  dynamic.Interface
	core    kubernetes.Interface
}

// New starts a Jenkins, commits the project's own agents to a repository, and starts majordomo.
func (g *Ground) New(t *testing.T) *Site {
	t.Helper()
	s := &Site{t: t, g: g, Namespace: g.cluster.Namespace(t, nil), repo: filepath.Join(t.TempDir(), "fleet")}
	s.Jenkins = jenkinstest.New(jenkinstest.Options{
		Reconnect: time.Second,
		Boot:      jenkinstest.Boot{Restarting: time.Second, Unauthorized: time.Second, Refused: time.Second, Starting: time.Second},
	})
	s.Jenkins.AddNode(jenkinstest.Node{Name: "majordomo-sentinel", Labels: []string{"majordomo-sentinel"}, Static: true, Offline: true, Exclusive: true})
	s.Jenkins.AddJob(jenkinstest.Job{Name: "compile", Label: Linux, Duration: 4 * time.Second}, jenkinstest.Job{Name: "assemble", Label: JVM, Duration: 3 * time.Second})
	url := s.Jenkins.Start(t)
	s.Jenkins.FollowFor(t, g.cluster.Config(), jenkinstest.FollowOptions{Namespaces: []string{s.Namespace}, Delay: 500 * time.Millisecond})
	s.client, s.core = dynamic.NewForConfigOrDie(g.cluster.Config()), kubernetes.NewForConfigOrDie(g.cluster.Config())
	s.secret()
	s.commitAgents(url)
	s.start()
	return s
}

func (s *Site) secret() {
	s.t.Helper()
	user, token := s.Jenkins.Credentials("scaler")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "jenkins-api"}, StringData: map[string]string{"username": user, "token": token}}
	if _, err := s.core.CoreV1().Secrets(s.Namespace).Create(s.t.Context(), secret, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// commitAgents makes the config repository: manifests/agents of this project, and an overlay that points it to the Jenkins of the test.
func (s *Site) commitAgents(url string) {
	s.t.Helper()
	if err := os.CopyFS(filepath.Join(s.repo, "manifests", "agents"), os.DirFS(filepath.Join(s.g.root, "manifests", "agents"))); err != nil {
		s.t.Fatal(err)
	}
	s.Write("fleet.yaml", fmt.Sprintf(`apiVersion: majordomo.dev/v1alpha1
kind: Fleet
environments:
- name: %s
  path: overlays/test
  namespaces: [%[1]s]
`, s.Namespace))
	s.Write("overlays/test/kustomization.yaml", fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
resources: [../../manifests/agents]
patches:
- target: {kind: AgentPool}
  patch: |-
    - {op: replace, path: /spec/jenkins/url, value: %q}
    - {op: replace, path: /spec/priority, value: '0.1'}
    - {op: replace, path: /spec/max, value: 5}
    - {op: add, path: /spec/rollout, value: {maxUnavailable: 2, updatePeriod: 1s}}
- target: {kind: AgentPool, name: linux}
  patch: |-
    - {op: replace, path: /spec/min, value: 1}
- path: template.yaml
  target: {kind: ReplicaSet|ReplicationController}
`, s.Namespace, url))
	s.Template("first")
	s.git("init", "--quiet", "--initial-branch=main")
	s.Commit("the agents")
}

// Template writes the part of the pods' template that a commit of the test changes. A pod takes two seconds to start.
func (s *Site) Template(version string) {
	s.t.Helper()
	s.Write("overlays/test/template.yaml", fmt.Sprintf(`- op: add
  path: /spec/template/metadata/annotations
  value: {e2e.majordomo.dev/delay: 2s, version: %s}
`, version))
}

// Write writes a file of the repository.
func (s *Site) Write(file, text string) {
	s.t.Helper()
	path := filepath.Join(s.repo, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Site) git(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "git", args...)
	cmd.Dir = s.repo
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Test", "GIT_AUTHOR_EMAIL=test@majordomo.dev", "GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@majordomo.dev")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// Commit commits all that was written, of which majordomo learns within a second. It returns the commit.
func (s *Site) Commit(message string) string {
	s.t.Helper()
	s.git("add", "--all")
	s.git("commit", "--quiet", "--message", message)
	return s.git("rev-parse", "HEAD")
}

// start starts majordomo. What it is killed in the middle of is found by the next start.
func (s *Site) start() {
	s.t.Helper()
	file, err := s.g.program()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.env == nil {
		home := s.t.TempDir()
		s.Address = freeAddress(s.t)
		s.env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + s.g.cluster.Kubeconfig(s.t, "admin")}
		s.args = []string{
			"run", "--repo", s.repo, "--ref", "main", "--interval", "1s", "--jenkins-interval", "1s", "--leader-election=false",
			"--state-dir", home, "--log-level", "info", "--listen", s.Address, "--webhook-listen", "",
		}
		s.t.Cleanup(s.stop)
	}
	s.running = exec.Command(file, s.args...) //nolint:noctx // stop ends it in order
	s.running.Env, s.running.Stdout, s.running.Stderr = s.env, &s.log, &s.log
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// freeAddress returns an address of this machine that nobody uses.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *Site) stop() {
	_ = s.running.Process.Signal(os.Interrupt) // fails only where it has ended
	_ = s.running.Wait()
	if s.t.Failed() {
		lines := strings.Split(s.log.String(), "\n")
		s.t.Logf("majordomo's log ends with\n%s", strings.Join(lines[max(0, len(lines)-80):], "\n"))
	}
}

// Crash ends majordomo without a chance to tidy up.
func (s *Site) Crash() {
	s.t.Helper()
	if err := s.running.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.running.Wait() // killed
	s.start()
}

// Until waits until something is so, told by whoever changes the cluster or Jenkins; it looks often, because both do.
func (s *Site) Until(what string, holds func(context.Context) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waited %s until %s; %s", patience, what, s.state())
		}
	}
}

// state is what a person would look at.
func (s *Site) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Jenkins %+v\n", s.Jenkins.Stats())
	list, err := s.client.Resource(pools).Namespace(s.Namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, p := range list.Items {
		fmt.Fprintf(&b, "pool %s: %v\n", p.GetName(), p.Object["status"])
	}
	pods, err := s.core.CoreV1().Pods(s.Namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, p := range pods.Items {
		fmt.Fprintf(&b, "pod %s %s deleting=%v %v\n", p.Name, p.Status.Phase, p.DeletionTimestamp != nil, p.Annotations)
	}
	return b.String()
}

// Replicas is what the controller of a pool is to have.
func (s *Site) Replicas(ctx context.Context, pool string) int64 {
	o, err := s.client.Resource(controllers[pool]).Namespace(s.Namespace).Get(ctx, "agent-"+pool, metav1.GetOptions{})
	if err != nil {
		return -1
	}
	n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	return n
}

// Pods are those of the site that are not on their way out.
func (s *Site) Pods(ctx context.Context) []corev1.Pod {
	list, err := s.core.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var out []corev1.Pod
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			out = append(out, p)
		}
	}
	return out
}

// Condition is the status of a condition of a pool, "" for none.
func (s *Site) Condition(ctx context.Context, pool, kind string) string {
	o, err := s.client.Resource(pools).Namespace(s.Namespace).Get(ctx, pool, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	status, _ := o.Object["status"].(map[string]any)
	list, _ := status["conditions"].([]any)
	for _, e := range list {
		if c, ok := e.(map[string]any); ok && c["type"] == kind {
			state, _ := c["status"].(string)
			return state
		}
	}
	return ""
}

// KillPod deletes a pod as a person would.
func (s *Site) KillPod(name string) {
	s.t.Helper()
	if err := s.core.CoreV1().Pods(s.Namespace).Delete(s.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// Edit sends the maximum of a pool elsewhere, as `kubectl edit` would.
func (s *Site) Edit(pool string) {
	s.t.Helper()
	edit := []byte(`[{"op": "replace", "path": "/spec/max", "value": 7}]`)
	if _, err := s.client.Resource(pools).Namespace(s.Namespace).Patch(s.t.Context(), pool, types.JSONPatchType, edit, metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		s.t.Fatal(err)
	}
}
