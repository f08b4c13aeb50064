package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/window"
)

// scene is a window whose state a test sets.
type scene struct {
	mu      sync.Mutex
	state   window.State
	changed chan struct{}
}

func newScene(s window.State) *scene { return &scene{state: s, changed: make(chan struct{})} }

func (s *scene) State() window.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *scene) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// set changes the state by a function that gets a copy whose lists it may replace.
func (s *scene) set(change func(*window.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	s.state.Version++
	close(s.changed)
	s.changed = make(chan struct{})
}

func showing(s *scene) func(*Options) { return func(o *Options) { o.Window = s } }

func ask(t *testing.T, h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStateIsSentOnceToWhoHasIt(t *testing.T) {
	s := newScene(window.State{Kind: "State", Version: 7, Pools: []window.Pool{{Name: "linux"}}})
	b := newBench(t, showing(s))
	first := ask(t, b, "/api/v1/state")
	var got window.State
	if err := json.Unmarshal(first.Body.Bytes(), &got); err != nil || first.Code != 200 {
		t.Fatalf("%d %v %s", first.Code, err, first.Body)
	}
	if diff := cmp.Diff(s.state, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	tag := first.Header().Get("ETag")
	for _, list := range []string{tag, `"other", W/` + tag, "*"} {
		if again := ask(t, b, "/api/v1/state", "If-None-Match", list); again.Code != 304 || again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match: %s: %d %s", list, again.Code, again.Body)
		}
	}
	if other := ask(t, newBench(t, showing(s), func(o *Options) { o.Now = func() time.Time { return noon.AddDate(0, 0, 1) } }), "/api/v1/state", "If-None-Match", tag); other.Code != 200 {
		t.Errorf("after a restart: %d, want 200: versions begin anew", other.Code)
	}
	s.set(func(s *window.State) { s.Pools = nil })
	if changed := ask(t, b, "/api/v1/state", "If-None-Match", tag); changed.Code != 200 {
		t.Errorf("after a change: %d", changed.Code)
	}
}

func TestErrorsOfTheAPIAreJSON(t *testing.T) {
	b := newBench(t, showing(newScene(window.State{})))
	for path, want := range map[string]Fault{
		"/api/v1/nothing": {Code: "NotFound", Message: "not found"},
		"/api/":           {Code: "NotFound", Message: "not found"},
	} {
		w := ask(t, b, path)
		var got Problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 404 || got.Error != want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestVariablesOfPaths(t *testing.T) {
	var r router
	var got []string
	note := func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.PathValue("env")+" "+r.PathValue("pool"))
	}
	r.handle("GET", "/pools/{env}/x/{pool}", note)
	r.handle("POST", "/pools/{env}/x/{pool}", note)
	r.handle("GET", "/pools/all/x/", note)
	for path, want := range map[string][]string{
		"/pools/gke/x/linux": {"gke linux"}, "/pools/../x/..": {".. .."}, "/pools/all/x/": {" "}, "/pools/all/x/a": {"all a"},
		"/pools/gke/x/": nil, "/pools//x/linux": nil, "/pools/gke/y/linux": nil, "/pools/gke/x/linux/": nil, "/pools/gke/x": nil, "": nil,
	} {
		got = nil
		q := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		q.URL.Path = path
		if m := r.find(q); m != nil {
			m["GET"](nil, q)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", path, diff)
		}
	}
	if diff := cmp.Diff([]routed{{"GET", "/pools/all/x/"}, {"GET", "/pools/{env}/x/{pool}"}, {"POST", "/pools/{env}/x/{pool}"}}, r.list(), cmp.AllowUnexported(routed{})); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}
