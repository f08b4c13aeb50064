package jenkinstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a Jenkins that listens.
type server struct {
	url    string
	http   *http.Server
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start listens on a free port of the loopback until the test ends, and returns the URL.
func (j *Jenkins) Start(t testing.TB) string {
	t.Helper()
	url, err := j.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return url
}

// Listen listens until Close, and returns the URL. Paths below /sim/ are answered by control, if there is one.
func (j *Jenkins) Listen(address string, control http.Handler) (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		cancel()
		return "", fmt.Errorf("listen on %s: %w", address, err)
	}
	s := &server{url: "http://" + l.Addr().String(), cancel: cancel}
	s.http = &http.Server{
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // clients that give up are what many tests are about
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.done.Add(1)
			defer s.done.Done()
			if control != nil && strings.HasPrefix(r.URL.Path, "/sim/") {
				control.ServeHTTP(w, r)
				return
			}
			j.ServeHTTP(w, r)
		}),
	}
	j.mu.Lock()
	j.server = s
	j.mu.Unlock()
	s.done.Go(func() { _ = s.http.Serve(&listener{Listener: l, j: j, control: control != nil}) })
	return s.url, nil
}

// Close stops to listen; what hangs ends.
func (j *Jenkins) Close() {
	j.mu.Lock()
	s := j.server
	j.mu.Unlock()
	if s == nil {
		return
	}
	s.cancel()
	_ = s.http.Close() // its listener is closed, whatever else
	s.done.Wait()
}

// listener resets connections while there is no process.
type listener struct {
	net.Listener
	j       *Jenkins
	control bool
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.control || !l.j.gone() {
			return c, err
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the peer sees a reset
		}
		_ = c.Close()
	}
}

// gone tells whether there is no process.
func (j *Jenkins) gone() (gone bool) {
	j.look(func(w *world) { gone = w.phase == refused })
	return gone
}

// Client returns a client that talks to this Jenkins without a network, whatever the host in its URLs.
func (j *Jenkins) Client() *http.Client {
	return &http.Client{
		Transport:     transport{j},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Transport is what Client uses.
func (j *Jenkins) Transport() http.RoundTripper { return transport{j} }

type transport struct{ j *Jenkins }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.j.gone() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RemoteAddr = "127.0.0.1:1"
	pr, pw := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: pw, ready: make(chan error, 1)}
	stop := context.AfterFunc(r.Context(), func() { pr.CloseWithError(r.Context().Err()) })
	go func() {
		defer stop()
		defer in.Body.Close()
		w.finish(func() { t.j.ServeHTTP(w, in) })
	}()
	select {
	case err := <-w.ready:
		if err != nil {
			return nil, err
		}
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: pr, ContentLength: -1, Request: r,
	}, nil
}

// pipeWriter is a ResponseWriter whose body is read at the other end of a pipe.
type pipeWriter struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	ready        chan error // once the status is known
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.sent = status, http.Header{}
	for k, v := range w.header {
		if len(v) > 0 {
			w.sent[k] = v
		}
	}
	w.ready <- nil
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush implements http.Flusher: nothing is kept back.
func (w *pipeWriter) Flush() {}

// finish runs the handler; one that aborts ends the connection.
func (w *pipeWriter) finish(serve func()) {
	defer func() {
		v := recover()
		err, _ := v.(error)
		switch {
		case v == nil && w.status == 0:
			w.ready <- io.EOF
		case v == nil:
			_ = w.body.Close()
		case !errors.Is(err, http.ErrAbortHandler):
			panic(v)
		case w.status == 0:
			w.ready <- io.EOF
		default:
			_ = w.body.CloseWithError(io.ErrUnexpectedEOF)
		}
	}()
	serve()
}
