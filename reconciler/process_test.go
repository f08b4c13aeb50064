package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// command is the program as a process of its own: this very binary under its name.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"majordomo"}, args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
	return cmd
}

func code(err error) int {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func TestClosedOutputEndsQuietly(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	cmd := command(t, nil, "completion", "bash")
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = write, &stderr
	err = cmd.Run()
	_ = write.Close()
	if code(err) != exitOK || stderr.Len() > 0 {
		t.Errorf("with nobody to read: %v, stderr %q; want 0 and silence", err, stderr.String())
	}
}

func TestInterruptEndsWith130(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	config := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{name: x, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: '" + server.URL + "'}}]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, []string{"KUBECONFIG=" + config}, "status")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); code(err) != 130 || stderr.Len() > 0 {
		t.Errorf("interrupted: %v, stderr %q; want 130 and silence", err, stderr.String())
	}
}

var listening = regexp.MustCompile(`msg=listening.* address=(\S+)`)

// runner is `majordomo run` as a process of its own.
type runner struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	hook string        // address of webhooks, where there is one
	log  *bytes.Buffer // complete once the process has ended
	done chan struct{}
}

// start starts the loop, with a lease in a namespace of its own, and returns when it listens.
func (s *site) start(args ...string) *runner {
	s.t.Helper()
	args = append([]string{"run", "--repo", s.repo.Dir, "--listen", "127.0.0.1:0", "--state-dir", s.t.TempDir(), "--log-level", "debug"}, args...)
	r := &runner{t: s.t, cmd: command(s.t, []string{"KUBECONFIG=" + s.vars["KUBECONFIG"]}, args...), log: &bytes.Buffer{}, done: make(chan struct{})}
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	found := make(chan string, 2)
	go func() {
		defer close(r.done)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			r.log.WriteString(lines.Text() + "\n")
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	s.t.Cleanup(func() { _ = r.cmd.Process.Kill(); <-r.done; _ = r.cmd.Wait() })
	addresses := []*string{&r.url}
	if slices.Contains(args, "--webhook-listen") {
		addresses = append(addresses, &r.hook)
	}
	for _, to := range addresses {
		select {
		case address := <-found:
			*to = "http://" + address
		case <-r.done:
			s.t.Fatalf("majordomo run ended: %v\n%s", r.cmd.Wait(), r.log)
		}
	}
	return r
}

// get returns the code and the body that a path answers with.
func (r *runner) get(path string) (int, string) {
	r.t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// ready waits until the process counts as ready.
func (r *runner) ready() {
	r.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if code, body := r.get("/readyz"); code == http.StatusOK && strings.Contains(body, "ok loop") {
			return
		}
		<-tick.C
	}
	r.t.Fatal("not ready in time")
}

// stop ends the process by SIGTERM and returns its exit code.
func (r *runner) stop() int {
	r.t.Helper()
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	<-r.done
	return code(r.cmd.Wait())
}

func (s *site) lease(namespace string) *unstructured.Unstructured {
	s.t.Helper()
	u, err := s.kube.Resource(schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}).
		Namespace(namespace).Get(s.t.Context(), leaseName, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

func TestRunKeepsTheEnvironmentAndStopsWithZero(t *testing.T) {
	s := newSite(t)
	own := real.Namespace(t, nil)
	r := s.start("--namespace", own)
	r.ready()
	has(t, s.want(0, "status", s.env, "--exit-code").stdout, "True", s.repo.Head()[:7])
	if code, body := r.get("/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	_, body := r.get("/metrics")
	for _, metric := range []string{`majordomo_leader 1`, `rest_client_requests_total{code="200",method="GET"} `, `rest_client_request_duration_seconds_count{verb="GET"} `} {
		if !strings.Contains(body, metric) {
			t.Errorf("/metrics has no %s:\n%.2000s", metric, body)
		}
	}

	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], `"0"`, `"7"`, 1)
	second := s.commit("second")
	has(t, s.want(0, "sync", s.env, "--timeout", "30s").stderr, "asked majordomo", "is at "+second[:7])
	s.want(0, "sync", s.env, "--timeout", "30s") // also where there is nothing to do
	s.want(0, "suspend", s.env)
	s.want(exitHeld, "sync", s.env, "--timeout", "30s")
	s.want(0, "resume", s.env)
	s.want(0, "wait", s.env, "--for=revision="+second, "--timeout", "30s")

	if code := r.stop(); code != exitOK {
		t.Errorf("after SIGTERM: exit code %d, want 0\n%s", code, r.log)
	}
	if holder, _, _ := unstructured.NestedString(s.lease(own).Object, "spec", "holderIdentity"); holder != "" {
		t.Errorf("the lease is still held by %q", holder)
	}
	has(t, s.want(exitTimeout, "sync", s.env, "--timeout", "3s").stderr, "is majordomo running")
}

func TestSecondReplicaWaitsAndTakesOver(t *testing.T) {
	s := newSite(t)
	own := real.Namespace(t, nil)
	first := s.start("--namespace", own)
	first.ready()
	second := s.start("--namespace", own)
	if code, body := second.get("/readyz"); code != http.StatusOK || strings.Contains(body, "loop") {
		t.Errorf("/readyz of the one that waits: %d %s; want ready, with no loop", code, body)
	}
	first.stop()
	second.ready()
	if code := second.stop(); code != exitOK {
		t.Errorf("exit code %d, want 0\n%s", code, second.log)
	}
}

func TestRunOnceTellsByItsCodeHowItWent(t *testing.T) {
	s := newSite(t)
	once := []string{"run", "--once", "--repo", s.repo.Dir, "--state-dir", t.TempDir(), "--log-level", "error"}
	s.want(0, once...)
	s.want(0, once...)
	s.files["overlay/kustomization.yaml"] = "namespace: " + s.env + "\nresources: [secret.yaml, service.yaml]\n"
	s.commit("without the ConfigMap")
	s.want(exitHeld, once...)
	s.files["overlay/service.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: jenkins}\nspec: {ports: [{port: 99999}]}\n"
	s.commit("bad")
	s.want(exitFailure, once...)
}
