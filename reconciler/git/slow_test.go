package git

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"majordomo.dev/reconciler/git/gittest"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// drip is a fault: the answer comes one byte every few milliseconds.
func drip(suffix string) func(http.Handler) http.Handler {
	return gittest.Body(suffix, func(r *http.Request, w io.Writer) io.Writer {
		return writerFunc(func(p []byte) (int, error) {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for i := range p {
				if _, err := w.Write(p[i : i+1]); err != nil {
					return i, err
				}
				w.(http.Flusher).Flush()
				select {
				case <-tick.C:
				case <-r.Context().Done():
					return i, r.Context().Err()
				}
			}
			return len(p), nil
		})
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestSlowServersAreGivenUp(t *testing.T) {
	silent := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}
	tests := []struct {
		name   string
		fault  func(http.Handler) http.Handler
		limits Limits
		want   string
	}{
		{"no answer", silent, Limits{IdleTimeout: 50 * time.Millisecond}, "no data received for 50ms"},
		{"hang in the refs", gittest.Hang("/info/refs", 50), Limits{IdleTimeout: 50 * time.Millisecond}, "no data received for 50ms"},
		{"hang mid-pack", gittest.Hang("/git-upload-pack", 100), Limits{IdleTimeout: 50 * time.Millisecond}, "no data received for 50ms"},
		{"one byte at a time", drip("/git-upload-pack"), Limits{IdleTimeout: 5 * time.Second, Timeout: 100 * time.Millisecond}, "not finished after 100ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, web := served(t, gittest.HTTPOptions{})
			web.Fault(tt.fault)
			m := open(t, Options{URL: web.URL, Limits: tt.limits})
			_, err := m.Fetch(t.Context(), r.Head())
			wantReason(t, err, Timeout)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q", err, tt.want)
			}
			web.Server.CloseClientConnections()
		})
	}
}

func TestCancelEndsAFetchAtOnce(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	web.Fault(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
	})
	_, err := open(t, Options{URL: web.URL}).Fetch(ctx, r.Head())
	wantReason(t, err, Canceled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v is not context.Canceled", err)
	}
}

func TestCancelEndsALocalFetch(t *testing.T) {
	r, _ := served(t, gittest.HTTPOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := &local{address: address{path: r.Dir}, limits: small}
	h := plumbing.NewHash(r.Head())
	wantReason(t, l.fetch(ctx, h, nil, newMemory(small)), Canceled)
	wantReason(t, l.history(ctx, h, plumbing.ZeroHash, newMemory(small)), Canceled)
	late, cancel := context.WithTimeoutCause(t.Context(), -1, errTimeout{time.Second})
	defer cancel()
	wantReason(t, l.fetch(late, h, nil, newMemory(small)), Timeout)
}

func TestASecondFetchWaitsNoLongerThanItsContext(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	m := open(t, Options{URL: web.URL})
	started, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	web.Fault(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				close(started)
				<-release
			}
			next.ServeHTTP(w, r)
		})
	})
	head := r.Head()
	go func() {
		_, err := m.Fetch(t.Context(), head)
		done <- err
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Fetch(ctx, head)
	wantReason(t, err, Canceled)
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the first fetch: %v", err)
	}
}

func TestEndlessProgressIsCutOff(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	progress := []byte("0404\x02" + strings.Repeat("counting", 127) + "ing....")
	web.Fault(answering(func(w io.Writer) {
		for {
			if _, err := w.Write(progress); err != nil {
				return
			}
		}
	}))
	m := open(t, Options{URL: web.URL, Limits: Limits{Pack: MiB}})
	_, err := m.Fetch(t.Context(), r.Head())
	wantReason(t, err, PackTooLarge)
	if !strings.Contains(err.Error(), "1 MiB (limits.pack)") {
		t.Errorf("error %q does not name the limit", err)
	}
}

// answering is a fault: requests for a pack are answered by answer, after a proper beginning.
func answering(answer func(w io.Writer)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
			_, _ = io.WriteString(w, "0035shallow 0000000000000000000000000000000000000001\n00000008NAK\n")
			answer(w)
		})
	}
}
