package loop

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// wire lies between the loop and the API server and does what goes wrong there.
type wire struct {
	mu     sync.Mutex
	calls  []string // "PATCH /api/v1/namespaces/x/configmaps/a"
	faults []*fault
	dead   bool        // the process was killed: nothing gets out any more
	open   []io.Closer // answers that are streams
	tapes  []*tape
}

// fault hits requests that it matches.
type fault struct {
	verb, path string // substrings; "" matches all
	from, to   int    // of the matching requests, the first is 1; to 0 means from alone, -1 all that follow
	do         func(r *http.Request, next http.RoundTripper) (*http.Response, error)

	matched int
	hits    int
}

var errKilled = errors.New("killed")

func newWire() *wire { return &wire{} }

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
		resp, err := next.RoundTrip(r)
		if err == nil {
			w.tap(r, resp)
		}
		return resp, err
	})
}

// hit returns the fault that the request meets. The caller holds the lock.
func (w *wire) hit(r *http.Request) *fault {
	for _, f := range w.faults {
		if !strings.Contains(r.Method, f.verb) || !strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, f.path) {
			continue
		}
		f.matched++
		if f.matched == f.from || f.matched > f.from && (f.to < 0 || f.matched <= f.to) {
			f.hits++
			return f
		}
	}
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// add has the wire do something from now on.
func (w *wire) add(f *fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, f)
}

// first has the wire do something from now on, before all else.
func (w *wire) first(f ...*fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(f, w.faults...)
}

// clear takes all faults away and the process back to life, and returns the requests made so far.
func (w *wire) clear() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls, w.faults, w.dead = nil, nil, false
	return calls
}

// endFaults takes all faults away.
func (w *wire) endFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// made returns the requests made so far that match.
func (w *wire) made(verb, path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if strings.HasPrefix(c, verb) && strings.Contains(c, path) {
			n++
		}
	}
	return n
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

// answer gives a status in place of the server's answer.
func answer(code int, body string, header ...string) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Status: http.StatusText(code), Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
	}
}

// refuse gives an error in place of a connection.
func refuse(err error) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, err }
}

// lose has the server carry the request out and loses the answer.
func lose(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	if resp, err := next.RoundTrip(r); err == nil {
		_ = resp.Body.Close()
	}
	return nil, io.ErrUnexpectedEOF
}

// hang gives no answer until the caller gives up.
func hang(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// slow answers late.
func slow(by time.Duration) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		select {
		case <-time.After(by):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return next.RoundTrip(r)
	}
}

// tap keeps hold of streams, and copies answers for tapes.
func (w *wire) tap(r *http.Request, resp *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Contains(r.URL.RawQuery, "watch=") {
		w.open = append(w.open, resp.Body)
	}
	for _, t := range w.tapes {
		t.take(r, resp)
	}
}

// drop breaks all streams that are open.
func (w *wire) drop() {
	w.mu.Lock()
	open := w.open
	w.open = nil
	w.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// clearCalls forgets the requests made so far.
func (w *wire) clearCalls() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

// met tells how often the fault was met.
func (w *wire) met(f *fault) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return f.hits
}

// panics is a bug of ours, deep down.
func panics(*http.Request, http.RoundTripper) (*http.Response, error) { panic("a broken invariant") }

// pause tells that the request is under way and lets the server have it a moment later.
func pause(reached chan<- struct{}) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		close(reached)
		select {
		case <-time.After(300 * time.Millisecond):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return next.RoundTrip(r)
	}
}

// killed tells whether the process has been killed.
func (w *wire) killed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}
