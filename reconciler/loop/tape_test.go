package loop

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// tape holds the answer to one list, to be given again later: what an API server says that has fallen behind.
type tape struct {
	path string

	mu     sync.Mutex
	header http.Header
	body   []byte
}

// record takes the next list at a path.
func (w *wire) record(path string) *tape {
	t := &tape{path: path}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tapes = append(w.tapes, t)
	// Lists, not streams, are what can be given again: a watch that asks for the first state as a stream is told that there is none.
	w.faults = append(w.faults, &fault{verb: "GET", path: "sendInitialEvents", from: 1, to: -1, do: answer(422,
		`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","message":"sendInitialEvents is forbidden","code":422}`)})
	return t
}

func (t *tape) take(r *http.Request, resp *http.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.body != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, t.path) || strings.Contains(r.URL.RawQuery, "watch=") {
		return
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return
	}
	t.header, t.body = resp.Header.Clone(), body
	resp.Body = io.NopCloser(bytes.NewReader(body))
}

func (t *tape) recorded() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.body == nil {
		return errors.New("no list yet")
	}
	return nil
}

// replay gives the recorded answer.
func (t *tape) replay(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	if strings.Contains(r.URL.RawQuery, "watch=") {
		return next.RoundTrip(r)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return &http.Response{StatusCode: 200, Status: "200 OK", Header: t.header, Body: io.NopCloser(bytes.NewReader(t.body)), Request: r}, nil
}
