package fleet_test

import (
	"bytes"
	"context"
	"fmt"
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
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"majordomo.dev/jenkins/jenkinstest"
)

const (
	linux = "linux"
	jvm   = "jvm"
	// patience is how long anything may take on a busy machine.
	patience = 2 * time.Minute
)

var (
	pools       = schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "agentpools"}
	controllers = map[string]schema.GroupVersionResource{
		linux: {Group: "apps", Version: "v1", Resource: "replicasets"},
		jvm:   {Version: "v1", Resource: "replicationcontrollers"},
	}
)

// site is one environment with everything around it.
type site struct {
	t         *testing.T
	jenkins   *jenkinstest.Jenkins
	namespace string
	repo      string
	env       []string
	args      []string
	running   *exec.Cmd
	log       bytes.Buffer
	client    dynamic.Interface
	core      kubernetes.Interface
}

// newSite starts a Jenkins, commits the project's own agents to a repository, and starts majordomo.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, namespace: real.Namespace(t, nil), repo: filepath.Join(t.TempDir(), "fleet")}
	s.jenkins = jenkinstest.New(jenkinstest.Options{
		Reconnect: time.Second,
		Boot:      jenkinstest.Boot{Restarting: time.Second, Unauthorized: time.Second, Refused: time.Second, Starting: time.Second},
	})
	s.jenkins.AddNode(jenkinstest.Node{Name: "majordomo-sentinel", Labels: []string{"majordomo-sentinel"}, Static: true, Offline: true, Exclusive: true})
	s.jenkins.AddJob(jenkinstest.Job{Name: "compile", Label: linux, Duration: 4 * time.Second}, jenkinstest.Job{Name: "assemble", Label: jvm, Duration: 3 * time.Second})
	url := s.jenkins.Start(t)
	s.jenkins.FollowFor(t, real.Config(), jenkinstest.FollowOptions{Namespaces: []string{s.namespace}, Delay: 500 * time.Millisecond})
	s.client, s.core = dynamic.NewForConfigOrDie(real.Config()), kubernetes.NewForConfigOrDie(real.Config())
	s.secret()
	s.commitAgents(url)
	s.start()
	return s
}

func (s *site) secret() {
	s.t.Helper()
	user, token := s.jenkins.Credentials("scaler")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "jenkins-api"}, StringData: map[string]string{"username": user, "token": token}}
	if _, err := s.core.CoreV1().Secrets(s.namespace).Create(s.t.Context(), secret, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// commitAgents makes the config repository: manifests/agents of this project, and an overlay that points it to the Jenkins of the test.
func (s *site) commitAgents(url string) {
	s.t.Helper()
	if err := os.CopyFS(filepath.Join(s.repo, "manifests", "agents"), os.DirFS("../../manifests/agents")); err != nil {
		s.t.Fatal(err)
	}
	s.write("fleet.yaml", fmt.Sprintf(`apiVersion: majordomo.dev/v1alpha1
kind: Fleet
environments:
- name: %s
  path: overlays/test
  namespaces: [%[1]s]
`, s.namespace))
	s.write("overlays/test/kustomization.yaml", fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
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
`, s.namespace, url))
	s.template("first")
	s.git("init", "--quiet", "--initial-branch=main")
	s.commit("the agents")
}

// template writes the part of the pods' template that a commit of the test changes. A pod takes two seconds to start.
func (s *site) template(version string) {
	s.t.Helper()
	s.write("overlays/test/template.yaml", fmt.Sprintf(`- op: add
  path: /spec/template/metadata/annotations
  value: {e2e.majordomo.dev/delay: 2s, version: %s}
`, version))
}

func (s *site) write(file, text string) {
	s.t.Helper()
	path := filepath.Join(s.repo, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) git(args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "git", args...)
	cmd.Dir = s.repo
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Test", "GIT_AUTHOR_EMAIL=test@majordomo.dev", "GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@majordomo.dev")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
}

func (s *site) commit(message string) {
	s.t.Helper()
	s.git("add", "--all")
	s.git("commit", "--quiet", "--message", message)
}

// start starts majordomo. What it is killed in the middle of is found by the next start.
func (s *site) start() {
	s.t.Helper()
	file, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.env == nil {
		home := s.t.TempDir()
		s.env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + real.Kubeconfig(s.t, "admin")}
		s.args = []string{
			"run", "--repo", s.repo, "--ref", "main", "--interval", "1s", "--jenkins-interval", "1s", "--leader-election=false",
			"--state-dir", home, "--log-level", "info", "--listen", "127.0.0.1:0", "--webhook-listen", "",
		}
		s.t.Cleanup(s.stop)
	}
	s.running = exec.Command(file, s.args...) //nolint:noctx // stop ends it in order
	s.running.Env, s.running.Stdout, s.running.Stderr = s.env, &s.log, &s.log
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) stop() {
	_ = s.running.Process.Signal(os.Interrupt) // fails only where it has ended
	_ = s.running.Wait()
	if s.t.Failed() {
		lines := strings.Split(s.log.String(), "\n")
		s.t.Logf("majordomo's log ends with\n%s", strings.Join(lines[max(0, len(lines)-80):], "\n"))
	}
}

// crash ends majordomo without a chance to tidy up.
func (s *site) crash() {
	s.t.Helper()
	if err := s.running.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	_ = s.running.Wait() // killed
	s.start()
}

// until waits until something is so, told by whoever changes the cluster or Jenkins; it looks often, because both do.
func (s *site) until(what string, holds func(context.Context) bool) {
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
func (s *site) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Jenkins %+v\n", s.jenkins.Stats())
	list, err := s.client.Resource(pools).Namespace(s.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, p := range list.Items {
		fmt.Fprintf(&b, "pool %s: %v\n", p.GetName(), p.Object["status"])
	}
	pods, err := s.core.CoreV1().Pods(s.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, p := range pods.Items {
		fmt.Fprintf(&b, "pod %s %s deleting=%v %v\n", p.Name, p.Status.Phase, p.DeletionTimestamp != nil, p.Annotations)
	}
	return b.String()
}

// replicas is what the controller of a pool is to have.
func (s *site) replicas(ctx context.Context, pool string) int64 {
	o, err := s.client.Resource(controllers[pool]).Namespace(s.namespace).Get(ctx, "agent-"+pool, metav1.GetOptions{})
	if err != nil {
		return -1
	}
	n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	return n
}

// pods are those of the site that are not on their way out.
func (s *site) pods(ctx context.Context) []corev1.Pod {
	list, err := s.core.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{})
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
