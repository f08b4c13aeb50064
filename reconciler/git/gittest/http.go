package gittest

import (
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// HTTPOptions says how to serve a repository.
type HTTPOptions struct {
	User, Password string // when set, what the client must send
	TLS            bool
}

// HTTP serves one repository by `git http-backend`.
type HTTP struct {
	// URL is the repository's URL.
	URL string
	// Server is the test server, for its certificate.
	Server *httptest.Server

	options HTTPOptions
	git     http.Handler

	mu       sync.Mutex
	requests []string
	auth     []string
	fault    func(http.Handler) http.Handler
}

// ServeHTTP serves a repository until the test ends.
func ServeHTTP(t testing.TB, r *Repo, o HTTPOptions) *HTTP {
	t.Helper()
	path, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Fatalf("git --exec-path: %v", err)
	}
	h := &HTTP{options: o, git: &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env: Env("GIT_PROJECT_ROOT="+filepath.Dir(r.Dir), "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"),
		Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
	}}
	h.Server = httptest.NewUnstartedServer(h)
	h.Server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that give up are what many tests are about
	if o.TLS {
		h.Server.StartTLS()
	} else {
		h.Server.Start()
	}
	t.Cleanup(h.Server.Close)
	h.URL = h.Server.URL + "/" + filepath.Base(r.Dir)
	return h
}

// ServeHTTP implements http.Handler.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.requests = append(h.requests, r.Method+" "+r.URL.Path)
	h.auth = append(h.auth, r.Header.Get("Authorization"))
	fault := h.fault
	h.mu.Unlock()
	next := http.Handler(http.HandlerFunc(h.serve))
	if fault != nil {
		next = fault(next)
	}
	next.ServeHTTP(w, r)
}

func (h *HTTP) serve(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if h.options.User+h.options.Password != "" && (user != h.options.User || password != h.options.Password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	h.git.ServeHTTP(w, r)
}

// Fault makes later requests pass through a handler of the test's own; nil ends that.
func (h *HTTP) Fault(f func(next http.Handler) http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault = f
}

// Requests returns the method and path of each request so far, and forgets them.
func (h *HTTP) Requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.requests
	h.requests = nil
	return out
}

// Authorizations returns the Authorization header of each request so far.
func (h *HTTP) Authorizations() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.auth...)
}

// Status is a fault: every request is answered with this code.
func Status(code int, header ...string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, http.StatusText(code), code)
		})
	}
}

// Body is a fault: the answers to requests whose path ends in suffix pass through a writer of the test's own.
func Body(suffix string, wrap func(*http.Request, io.Writer) io.Writer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, suffix) {
				w = &body{w, wrap(r, w)}
			}
			next.ServeHTTP(w, r)
		})
	}
}

type body struct {
	http.ResponseWriter
	to io.Writer
}

// Write implements io.Writer.
func (b *body) Write(p []byte) (int, error) { return b.to.Write(p) }

// Truncate is a fault: the answer to requests whose path ends in suffix ends after n bytes as if it were whole.
func Truncate(suffix string, n int) func(http.Handler) http.Handler {
	return Body(suffix, func(_ *http.Request, w io.Writer) io.Writer {
		return edit(func(p []byte) error {
			m := min(n, len(p))
			n -= m
			_, err := w.Write(p[:m])
			return err
		})
	})
}

// Flip is a fault: the byte at this position of the answer to requests whose path ends in suffix is changed.
func Flip(suffix string, at int) func(http.Handler) http.Handler {
	return Body(suffix, func(_ *http.Request, w io.Writer) io.Writer {
		pos := 0
		return edit(func(p []byte) error {
			p = append([]byte(nil), p...)
			if i := at - pos; i >= 0 && i < len(p) {
				p[i] ^= 0x80
			}
			pos += len(p)
			_, err := w.Write(p)
			return err
		})
	})
}

// Hang is a fault: after n bytes of the answer to requests whose path ends in suffix nothing follows, until the client gives up.
func Hang(suffix string, n int) func(http.Handler) http.Handler {
	return Body(suffix, func(r *http.Request, w io.Writer) io.Writer {
		return edit(func(p []byte) error {
			m := min(n, len(p))
			n -= m
			if _, err := w.Write(p[:m]); err != nil || n > 0 {
				return err
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			<-r.Context().Done()
			return r.Context().Err()
		})
	})
}

// edit is a writer that succeeds with everything it is given, or fails.
type edit func(p []byte) error

// Write implements io.Writer.
func (e edit) Write(p []byte) (int, error) {
	if err := e(p); err != nil {
		return 0, err
	}
	return len(p), nil
}
