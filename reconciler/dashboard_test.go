package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// portal answers port-forwards as a kubelet does: by SPDY, a stream of data and one of errors for each connection. Every pod has the page.
type portal struct {
	page string // address

	mu    sync.Mutex
	asked []string // POD:PORT
	open  []httpstream.Connection
}

func (k *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/portForward/") {
		http.NotFound(w, r)
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{"portforward.k8s.io"}); err != nil {
		return
	}
	streams := make(chan httpstream.Stream)
	c := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error { streams <- s; return nil })
	if c == nil {
		return
	}
	defer func() { _ = c.Close() }()
	k.mu.Lock()
	k.open = append(k.open, c)
	k.mu.Unlock()
	parts := strings.Split(r.URL.Path, "/")
	for {
		select {
		case s := <-streams:
			if s.Headers().Get(core.StreamType) == core.StreamTypeData {
				k.mu.Lock()
				k.asked = append(k.asked, parts[3]+":"+s.Headers().Get(core.PortHeader))
				k.mu.Unlock()
				go k.join(s)
			} else {
				_ = s.Close()
			}
		case <-c.CloseChan():
			return
		}
	}
}

func (k *portal) join(s httpstream.Stream) {
	to, err := new(net.Dialer).DialContext(context.Background(), "tcp", k.page)
	if err != nil {
		_ = s.Reset()
		return
	}
	go func() { _, _ = io.Copy(to, s); _ = to.Close() }()
	_, _ = io.Copy(s, to)
	_ = s.Close()
}

// drop ends all connections, as when a node goes.
func (k *portal) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.open {
		_ = c.Close()
	}
	k.open = nil
}

func (k *portal) has() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.asked, " ")
}

// yard is a namespace with pods of majordomo on a node of its own, whose kubelet answers.
type yard struct {
	t         *testing.T
	kube      kubernetes.Interface
	namespace string
	node      string
	kubelet   *portal
}

func newYard(t *testing.T) *yard {
	t.Helper()
	kube, err := kubernetes.NewForConfig(real.Config())
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "the page at "+r.Host) }))
	t.Cleanup(page.Close)
	y := &yard{t: t, kube: kube, namespace: real.Namespace(t, nil), kubelet: &portal{page: page.Listener.Addr().String()}}
	y.node = "kubelet-" + y.namespace
	server := httptest.NewTLSServer(y.kubelet)
	t.Cleanup(func() { y.kubelet.drop(); server.Close() })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	taint := []core.Taint{{Key: "test", Effect: core.TaintEffectNoSchedule}}
	if _, err := kube.CoreV1().Nodes().Create(t.Context(), &core.Node{ObjectMeta: metav1.ObjectMeta{Name: y.node}, Spec: core.NodeSpec{Taints: taint}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = kube.CoreV1().Nodes().Delete(ctx, y.node, metav1.DeleteOptions{})
	})
	y.until("the node is ready", func() bool {
		n, err := kube.CoreV1().Nodes().Get(t.Context(), y.node, metav1.GetOptions{})
		return err == nil && len(n.Status.Addresses) > 0
	})
	status := fmt.Sprintf(`{"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"},{"$patch":"delete","type":"Hostname"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":%s}}}}`, port)
	if _, err := kube.CoreV1().Nodes().Patch(t.Context(), y.node, types.StrategicMergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	return y
}

func (y *yard) until(what string, holds func() bool) {
	y.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if holds() {
			return
		}
		<-tick.C
	}
	y.t.Fatalf("not in time: %s", what)
}

// pod makes a pod of majordomo and waits until it runs.
func (y *yard) pod(name string, ports ...core.ContainerPort) {
	y.t.Helper()
	pod := &core.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "majordomo"}},
		Spec:       core.PodSpec{NodeName: y.node, Containers: []core.Container{{Name: "majordomo", Image: "majordomo.dev/majordomo:1", Ports: ports}}},
	}
	pods := y.kube.CoreV1().Pods(y.namespace)
	if _, err := pods.Create(y.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		y.t.Fatal(err)
	}
	y.until(name+" runs", func() bool {
		p, err := pods.Get(y.t.Context(), name, metav1.GetOptions{})
		return err == nil && podReady(*p)
	})
}

// tail is an output that is read while it is written.
type tail struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestTheDashboardIsThePageOfThePodThatLeads(t *testing.T) {
	y := newYard(t)
	page := core.ContainerPort{Name: "dashboard", ContainerPort: 8082}
	y.pod("majordomo-a", core.ContainerPort{Name: "http", ContainerPort: 8080}, page)
	y.pod("majordomo-b", core.ContainerPort{Name: "http", ContainerPort: 8080}, page)
	lease := `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"majordomo"},"spec":{"holderIdentity":"majordomo-b_ABCDEFGH"}}`
	if err := y.kube.CoordinationV1().RESTClient().Post().Namespace(y.namespace).Resource("leases").Body([]byte(lease)).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	vars := map[string]string{"KUBECONFIG": real.Kubeconfig(t, "here"), "HOME": t.TempDir()}
	var stdout, stderr tail
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"dashboard", "-n", y.namespace}, func(k string) string { return vars[k] }, strings.NewReader(""), &stdout, &stderr)
	}()
	y.until("the address is printed", func() bool { return strings.HasSuffix(stdout.String(), "/\n") || len(ended) > 0 })
	address := strings.TrimSpace(stdout.String())
	get := func() string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}).Do(req)
		if err != nil {
			return err.Error()
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return string(body)
	}
	if got := get(); got != "the page at "+strings.Trim(address, "htp:/") || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("%s: %q", address, got)
	}
	if got := y.kubelet.has(); got != "majordomo-b:8082" {
		t.Errorf("asked for %q, want the leader at its loopback port", got)
	}
	if err := y.kube.CoreV1().Pods(y.namespace).Delete(t.Context(), "majordomo-b", *metav1.NewDeleteOptions(0)); err != nil {
		t.Fatal(err)
	}
	y.kubelet.drop()
	y.until("the other pod shows the page at the same address", func() bool {
		return strings.HasPrefix(get(), "the page") && strings.Contains(y.kubelet.has(), "majordomo-a:8082")
	})
	if strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("the address is printed more than once: %q", stdout.String())
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("ended by hand: %d, want 0\n%s", code, stderr.String())
	}
}

func TestWhyThereIsNoDashboard(t *testing.T) {
	y := newYard(t)
	s := &site{t: t, vars: map[string]string{"KUBECONFIG": real.Kubeconfig(t, "here"), "HOME": t.TempDir()}}
	o := s.want(exitNotFound, "dashboard", "-n", y.namespace)
	has(t, o.stderr, "no pod of majordomo is in namespace "+y.namespace, "app.kubernetes.io/name=majordomo")
	y.pod("majordomo-c", core.ContainerPort{Name: "other", ContainerPort: 1})
	has(t, s.want(exitNotFound, "dashboard", "-n", y.namespace).stderr, "pod majordomo-c", "names no port dashboard")
	y.pod("majordomo-a", core.ContainerPort{Name: "http", ContainerPort: 8080})

	user := "looks-" + y.namespace
	rules := []rbac.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}}}
	meta := metav1.ObjectMeta{Name: "looks"}
	if _, err := y.kube.RbacV1().Roles(y.namespace).Create(t.Context(), &rbac.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	bind := &rbac.RoleBinding{ObjectMeta: meta, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: "looks"}, Subjects: []rbac.Subject{{Kind: "User", APIGroup: rbac.GroupName, Name: user}}}
	if _, err := y.kube.RbacV1().RoleBindings(y.namespace).Create(t.Context(), bind, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cfg, a := real.ConfigFor(user), &app{now: time.Now}
	y.until("the rights are in force", func() bool { _, err := a.door(t.Context(), cfg, y.namespace); return err == nil })
	err := a.forward(t.Context(), cfg, y.namespace, 0)
	if err == nil || exitCode(t.Context(), err) != exitAuth || !strings.Contains(err.Error(), "you may not forward a port to pod majordomo-a: that takes the right to create pods/portforward in namespace "+y.namespace) {
		t.Errorf("without the right: %v", err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	if err := a.forward(t.Context(), real.Config(), y.namespace, uint16(n)); err == nil || !strings.Contains(err.Error(), port) { //nolint:gosec // it is a port
		t.Errorf("a port that is taken: %v", err)
	}
}
