package fleet

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// wire stands between the fleet and both servers.
type wire struct {
	mu     sync.Mutex
	calls  []string // "PATCH /api/v1/namespaces/x/pods/a"
	faults []*fault
	dead   bool // the process was killed: nothing gets out any more
}

// fault hits requests that it matches.
type fault struct {
	verb, path string // substrings; "" matches all
	writes     bool   // only those that change something
	acts       bool   // only those that do, other than to tell
	from, to   int    // of the matching requests, the first is 1; to 0 means from alone, -1 all that follow
	do         func(r *http.Request, next http.RoundTripper) (*http.Response, error)

	matched int
}

var errKilled = errors.New("killed")

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// wrap puts the wire into a transport.
func (w *wire) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		w.mu.Lock()
		if w.dead {
			w.mu.Unlock()
			return nil, errKilled
		}
		w.calls = append(w.calls, r.Method+" "+r.URL.Path)
		hit := w.hit(r)
		w.mu.Unlock()
		if hit != nil {
			return hit.do(r, next)
		}
		return next.RoundTrip(r)
	})
}

// hit returns the fault that the request meets. The caller holds the lock.
func (w *wire) hit(r *http.Request) *fault {
	for _, f := range w.faults {
		if !strings.Contains(r.Method, f.verb) || !strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, f.path) ||
			f.writes && r.Method == http.MethodGet || f.acts && !act(r.Method+" "+r.URL.Path) {
			continue
		}
		f.matched++
		if f.matched == f.from || f.matched > f.from && (f.to < 0 || f.matched <= f.to) {
			return f
		}
	}
	return nil
}

// act tells whether a request changes something other than what is told of pools.
func act(call string) bool {
	return !strings.HasPrefix(call, "GET ") && !strings.HasSuffix(call, "/events") && !strings.HasSuffix(call, "/status")
}

func (w *wire) add(f *fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, f)
}

// clear takes all faults away and the process back to life, and returns the requests made so far.
func (w *wire) clear() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls, w.faults, w.dead = nil, nil, false
	return calls
}

func (w *wire) killed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// kill ends the process at the request: after the server has carried it out, or before it was sent.
func (w *wire) kill(after bool) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		w.mu.Lock()
		w.dead = true
		w.mu.Unlock()
		if after {
			if resp, err := next.RoundTrip(r); err == nil {
				_ = resp.Body.Close()
			}
		}
		return nil, errKilled
	}
}

// refused is no connection.
func refused(*http.Request, http.RoundTripper) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

// seen returns the requests made so far.
func (w *wire) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}
