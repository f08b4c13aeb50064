package kube

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// wire stands between a client and the API server.
type wire struct {
	mu      sync.Mutex
	calls   []string
	streams []io.Closer
	fail    func(*http.Request) int // the status to answer with, 0 for the server's own
}

func (w *wire) into(cfg *rest.Config) {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			w.mu.Lock()
			w.calls = append(w.calls, r.Method+" "+r.URL.Path)
			fail := w.fail
			w.mu.Unlock()
			if fail != nil {
				if code := fail(r); code != 0 {
					return &http.Response{
						StatusCode: code, Status: http.StatusText(code), Header: http.Header{"Content-Type": {"text/plain"}}, Request: r, ProtoMajor: 1, ProtoMinor: 1,
						Body: io.NopCloser(strings.NewReader("no")),
					}, nil
				}
			}
			resp, err := next.RoundTrip(r)
			if err == nil && r.URL.Query().Get("watch") != "" {
				w.mu.Lock()
				w.streams = append(w.streams, resp.Body)
				w.mu.Unlock()
			}
			return resp, err
		})
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *wire) set(fail func(*http.Request) int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = fail
}

// drop breaks all streams that are open.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.streams {
		_ = c.Close()
	}
	w.streams = nil
}

func (w *wire) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func TestANamespaceWithoutPoolsHasOneWatch(t *testing.T) {
	_ = real.Config() // the cluster's processes stay
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
			goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*ClientConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*http2ClientConn).readLoop"))
	})
	w := &wire{}
	s := newSite(t, w.into)
	s.target("ReplicaSet", 1, "")
	s.eventually("the watch", func() error {
		if list, err := s.client.view.list(scope{agentPools, s.ns}); err != nil || len(list) > 0 {
			return fmt.Errorf("%v, %w", list, err)
		}
		return nil
	})
	for _, c := range w.made() {
		if !strings.Contains(c, "/agentpools") {
			t.Errorf("request %s in a namespace without pools", c)
		}
	}
	s.pool("ReplicaSet", "")
	s.running(1)
	if err := s.in("AgentPool").Delete(t.Context(), "linux", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually("the watches to be closed", func() error {
		s.client.view.mu.Lock()
		defer s.client.view.mu.Unlock()
		if n := len(s.client.view.shelves); n != 1 {
			return fmt.Errorf("%d are open", n)
		}
		return nil
	})
}

func TestWhatIsMissedWhileAWatchIsBrokenIsSeenLater(t *testing.T) {
	w := &wire{}
	s := newSite(t, w.into)
	s.target("ReplicaSet", 2, "")
	p := s.pool("ReplicaSet", "")
	s.running(2)
	w.set(func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/pods") {
			return http.StatusInternalServerError
		}
		return 0
	})
	w.drop()
	s.eventually("the broken watch to be known", func() error {
		if err := s.client.Behind(p); err == nil {
			return errors.New("it counts as up to date")
		}
		return nil
	})
	if v, err := s.client.Look(RefOf(p)); err != nil || len(v.Pods) != 2 {
		t.Errorf("while the watch is broken: %v, %d pods; want what was seen last", err, len(v.Pods))
	}
	live := s.get("ReplicaSet", "agent")
	if err := s.in("Pod").DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil || live == nil {
		t.Fatal(err)
	}
	before, _ := s.client.Look(RefOf(p))
	w.set(nil)
	s.look("other pods", func(v Sight) error {
		if len(v.Pods) != 2 || slices.ContainsFunc(v.Pods, func(a podOf) bool {
			return slices.ContainsFunc(before.Pods, func(b podOf) bool { return a.UID == b.UID })
		}) {
			return fmt.Errorf("%d pods", len(v.Pods))
		}
		return nil
	})
	if err := s.client.Behind(p); err != nil {
		t.Errorf("behind: %v", err)
	}
}

func TestAMissingRightIsNamed(t *testing.T) {
	cfg := func(c *rest.Config) { c.Impersonate.UserName = "system:serviceaccount:nobody:nothing" }
	s := newSite(t, cfg)
	s.eventually("the refusal", func() error {
		if err := s.client.Trouble(s.ns); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "system:serviceaccount:nobody:nothing") {
			return fmt.Errorf("trouble: %w", err)
		}
		return nil
	})
	if _, err := s.client.Look(Ref{s.ns, "linux"}); !errors.Is(err, ErrForbidden) {
		t.Errorf("look: %v, want ErrForbidden", err)
	}
}

func TestALateEventDoesNotTakeTheViewBack(t *testing.T) {
	v, s := newView(), scope{podResource, "ns"}
	v.open(s)
	value := func(n string) map[string]any { return map[string]any{"spec": n} }
	v.replace(s, []item{{name: "a", uid: "1", version: 5, value: value("five")}}, 5)
	for _, c := range []struct {
		what string
		do   func() bool
		news bool
		want any
	}{
		{"an older version", func() bool { return v.put(s, item{name: "a", uid: "1", version: 4, value: value("four")}) }, false, "five"},
		{"a newer version", func() bool { return v.put(s, item{name: "a", uid: "1", version: 7, value: value("seven")}) }, true, "seven"},
		{"the echo of it", func() bool { return v.put(s, item{name: "a", uid: "1", version: 7, value: value("seven")}) }, false, "seven"},
		{"a list made before it", func() bool { return v.replace(s, nil, 6) }, false, "seven"},
		{"its deletion", func() bool { return v.remove(s, "a", 9) }, true, nil},
		{"an event from before that", func() bool { return v.put(s, item{name: "a", uid: "1", version: 8, value: value("eight")}) }, false, nil},
		{"a new one of the name", func() bool { return v.put(s, item{name: "a", uid: "2", version: 10, value: value("ten")}) }, true, "ten"},
	} {
		news := c.do()
		got, err := v.one(s, "a")
		if spec := at(got, "spec"); err != nil || news != c.news || spec != c.want {
			t.Errorf("%s: news %v, %v, %v; want %v, %v", c.what, news, spec, err, c.news, c.want)
		}
	}
}

// A pool is not looked at before it is known what room there is for it; where that may not be read, it gets along without.
func TestAPoolIsNotKnownBeforeItsQuotasAre(t *testing.T) {
	for name, code := range map[string]int{"they are read late": 0, "they may not be read": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			w, asked := &wire{}, make(chan struct{})
			w.set(func(r *http.Request) int {
				if !strings.HasSuffix(r.URL.Path, "/resourcequotas") {
					return 0
				}
				select {
				case <-asked:
				case <-r.Context().Done():
				}
				return code
			})
			s := newSite(t, w.into)
			s.create(`{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: "2"}}}`)
			s.eventually("the quota to count", func() error {
				if text(s.get("ResourceQuota", "few"), "status", "used", "pods") == "" {
					return errors.New("not yet")
				}
				return nil
			})
			s.target("ReplicaSet", 1, "")
			s.create(`{apiVersion: majordomo.dev/v1alpha1, kind: AgentPool, metadata: {name: linux},
				spec: {scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent}, jenkins: {url: "http://jenkins", credentials: {name: jenkins-api}}, labels: [linux], max: 5}}`)
			s.eventually("all else to be read, and nothing to be known", func() error {
				v, err := s.client.Look(Ref{s.ns, "linux"})
				if v.Pool == nil || v.Target.UID == "" || len(v.Pods) != 1 || !errors.Is(err, ErrUnread) {
					return fmt.Errorf("%+v, %w", v, err)
				}
				return nil
			})
			close(asked)
			s.look("what room there is", func(v Sight) error {
				if want := map[int]int{0: 1, http.StatusForbidden: -1}[code]; v.Room != want {
					return fmt.Errorf("room for %d, want %d", v.Room, want)
				}
				return nil
			})
		})
	}
}
