package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// kubelet answers what containers have logged; kwok's pods have no containers. Everything else goes to the real API server.
type kubelet struct {
	mu      sync.Mutex
	lines   map[string][]string // by pod, each with its time in front
	changed chan struct{}       // closed with the next line
	cut     chan struct{}       // closed to break off all that is being followed
	broken  string              // a pod whose node does not answer
}

// newKubelet lets the farm's programs reach the cluster through a server whose pods have logs.
func newKubelet(f *farm) *kubelet {
	f.t.Helper()
	k := &kubelet{lines: map[string][]string{}, changed: make(chan struct{}), cut: make(chan struct{})}
	target, err := url.Parse(real.Config().Host)
	if err != nil {
		f.t.Fatal(err)
	}
	transport, err := rest.TransportFor(real.Config())
	if err != nil {
		f.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/{namespace}/pods/{pod}/log", k.serve)
	mux.Handle("/", proxy)
	server := httptest.NewServer(mux)
	f.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	config, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "here",
		"clusters": []any{map[string]any{"name": "here", "cluster": map[string]any{"server": server.URL}}},
		"contexts": []any{map[string]any{"name": "here", "context": map[string]any{"cluster": "here"}}},
	})
	file := filepath.Join(f.t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.vars["KUBECONFIG"] = file
	return k
}

// log adds a line to what a pod has logged.
func (k *kubelet) log(pod string, at time.Time, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines[pod] = append(k.lines[pod], at.UTC().Format(time.RFC3339Nano)+" "+text)
	close(k.changed)
	k.changed = make(chan struct{})
}

// breakOff ends the streams that are open.
func (k *kubelet) breakOff() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.cut)
	k.cut = make(chan struct{})
}

func (k *kubelet) serve(w http.ResponseWriter, r *http.Request) {
	q, pod := r.URL.Query(), r.PathValue("pod")
	k.mu.Lock()
	cut, all, broken := k.cut, k.lines[pod], k.broken == pod
	k.mu.Unlock()
	if broken {
		http.Error(w, "dial tcp: no route to host", http.StatusInternalServerError)
		return
	}
	if q.Get("timestamps") != "true" || q.Get("container") != "agent" {
		http.Error(w, "want times, and the container agent", http.StatusInternalServerError)
		return
	}
	if all == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400,"message":"container is waiting to start"}`)
		return
	}
	shown := 0
	if since, err := time.Parse(time.RFC3339, q.Get("sinceTime")); err == nil {
		shown = slices.IndexFunc(all, func(line string) bool { return line >= since.UTC().Format("2006-01-02T15:04:05") })
		if shown < 0 {
			shown = len(all)
		}
	}
	if tail, err := strconv.Atoi(q.Get("tailLines")); err == nil {
		shown = max(shown, len(all)-tail)
	}
	for {
		k.mu.Lock()
		all, changed := k.lines[pod], k.changed
		k.mu.Unlock()
		for ; shown < len(all); shown++ {
			_, _ = fmt.Fprintln(w, all[shown])
		}
		w.(http.Flusher).Flush()
		if q.Get("follow") != "true" {
			return
		}
		select {
		case <-changed:
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// jenkins makes the Service and the pod of the master.
func (f *farm) jenkins() {
	f.t.Helper()
	_, err := f.kube.Resource(resource("", "v1", "services")).Namespace(f.env).Create(f.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "jenkins"},
		"spec": map[string]any{"selector": map[string]any{"app": "jenkins"}, "ports": []any{map[string]any{"port": int64(80)}}},
	}}, metav1.CreateOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.pod("jenkins-0", map[string]any{"app": "jenkins"})
}

func TestLogsOfAgentsAndMasterAreMergedByTime(t *testing.T) {
	f := newFarm(t)
	k := newKubelet(f)
	f.jenkins()
	for _, name := range []string{"agent-linux-a", "agent-linux-b", "agent-linux-new"} {
		f.pod(name, map[string]any{"majordomo.dev/pool": "linux"})
	}
	start := time.Now().Add(-time.Hour)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	k.log("jenkins-0", at(1), "master one")
	k.log("agent-linux-a", at(2), "a one "+hostile)
	k.log("agent-linux-b", at(3), "b one")
	k.log("agent-linux-a", at(4), "a two"+strings.Repeat("x", 3*longestLine))
	k.log("jenkins-0", at(5), "master two")
	out := f.want(0, "logs", f.env+"/linux").stdout
	has(t, out, "jenkins-0", " master one\n", "agent-linux-a", " a one redevil", "agent-linux-b", " b one\n", "agent-linux-a", " a two", "…\n", "jenkins-0", " master two\n")
	lacks(t, out, "\x1b", "\u202e", "\x07", "\r")
	for line := range strings.Lines(out) {
		if len(line) > longestLine+200 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	lacks(t, f.want(0, "logs", f.env+"/linux", "--no-master").stdout, "master")
	o := f.want(0, "logs", f.env+"/linux", "--tail", "1", "-t")
	lacks(t, o.stdout, "a one", "master one")
	has(t, o.stdout, at(3).UTC().Format("2006-01-02T15:04:05.000Z")+" agent-linux-b", "b one")
	lacks(t, f.want(0, "logs", f.env+"/linux", "--since", time.Since(at(4)).Truncate(time.Second).String()).stdout, "b one")
	has(t, f.want(0, "logs", f.env+"/agent-linux-b").stdout, "b one")
	lacks(t, f.want(0, "logs", f.env+"/agent-linux-b").stdout, "a one", "master")
	colours := regexp.MustCompile(`\x1b\[(\d+)m(agent-linux-.|jenkins-0)\x1b`).FindAllStringSubmatch(f.want(0, "logs", f.env+"/linux", "--color", "always").stdout, -1)
	if len(colours) != 6 { // one of the five lines has an end of line in it
		t.Errorf("%d names with a colour, want 6", len(colours))
	}
	f.want(exitUsage, "logs", f.env+"/linux", "--since", "-5m")
	f.want(exitNotFound, "logs", f.env+"/nothing")
}

func TestLogsOfOneNodeThatDoesNotAnswerAreMissing(t *testing.T) {
	f := newFarm(t)
	k := newKubelet(f)
	for _, name := range []string{"agent-linux-a", "agent-linux-b"} {
		f.pod(name, map[string]any{"majordomo.dev/pool": "linux"})
		k.log(name, time.Now(), "words of "+name)
	}
	k.broken = "agent-linux-a"
	o := f.want(0, "logs", f.env+"/linux", "--no-master")
	has(t, o.stdout, "words of agent-linux-b")
	has(t, o.stderr, "! the log of pod agent-linux-a: ", "no route to host")
	f.want(exitFailure, "logs", f.env+"/agent-linux-a") // there is nothing else to show

	f.until(func() bool { return f.runs("agent-linux-a") && f.runs("agent-linux-b") })
	out := newLines(t, first(f.background("logs", f.env+"/linux", "-f", "--no-master")))
	out.next("words of agent-linux-b")
	k.mend()
	out.next("words of agent-linux-a")
}

// mend lets all nodes answer.
func (k *kubelet) mend() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = ""
}

func TestLogsSayWhyTheMasterIsLeftOut(t *testing.T) {
	f := newFarm(t)
	newKubelet(f)
	o := f.want(0, "logs", f.env+"/linux")
	has(t, o.stderr, "the logs of the master are left out", "jenkins", "not found", "there are no pods")
}

func TestLogsAreFollowedWithAgentsThatComeLater(t *testing.T) {
	f := newFarm(t)
	k := newKubelet(f)
	f.jenkins()
	f.pod("agent-linux-a", map[string]any{"majordomo.dev/pool": "linux"})
	f.until(func() bool { return f.runs("agent-linux-a") && f.runs("jenkins-0") })
	k.log("agent-linux-a", time.Now(), "before")
	k.log("jenkins-0", time.Now(), "master before")
	out := newLines(t, first(f.background("logs", f.env+"/linux", "-f")))
	out.next("agent-linux-a", "before")
	k.log("agent-linux-a", time.Now(), "after")
	if line := out.next("agent-linux-a"); !strings.Contains(line, "after") {
		t.Errorf("%q, want the line after: none is shown twice", line)
	}
	k.log("jenkins-0", time.Now(), "master after")
	out.next("jenkins-0", "master after")

	f.pod("agent-linux-b", map[string]any{"majordomo.dev/pool": "linux"})
	k.log("agent-linux-b", time.Now(), "first words")
	out.next("agent-linux-b", "first words")

	k.breakOff()
	k.log("agent-linux-b", time.Now(), "after the break")
	if line := out.next("agent-linux-b"); !strings.Contains(line, "after the break") {
		t.Errorf("%q, want the line after the break", line)
	}
}

// runs tells whether the pod's container runs.
func (f *farm) runs(name string) bool {
	f.t.Helper()
	u, err := f.pods().Get(f.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	return running(u.Object)
}
