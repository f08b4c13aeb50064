package git

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"majordomo.dev/reconciler/git/gittest"
	"majordomo.dev/reconciler/secret"
)

// served is a repository with one commit, served over http.
func served(t *testing.T, o gittest.HTTPOptions) (*gittest.Repo, *gittest.HTTP) {
	t.Helper()
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a.txt": strings.Repeat("some content\n", 200), "b/c.txt": "c"}, "first")
	return r, gittest.ServeHTTP(t, r, o)
}

func TestHeadIsOneRequestAndAHeldCommitNone(t *testing.T) {
	_, web := served(t, gittest.HTTPOptions{})
	m := open(t, Options{URL: web.URL})
	c := fetchHead(t, m)
	web.Requests()
	h, err := m.Head(t.Context())
	if err != nil || h != c.Hash {
		t.Fatalf("Head() = %s, %v, want %s", h, err, c.Hash)
	}
	if got := web.Requests(); len(got) != 1 || got[0] != "GET /repo.git/info/refs" {
		t.Errorf("Head sent %q, want one GET of info/refs", got)
	}
	again, err := m.Fetch(t.Context(), h)
	if again != c || err != nil {
		t.Errorf("Fetch of a held commit = %v, %v, want the same one", again, err)
	}
	if got := web.Requests(); len(got) != 0 {
		t.Errorf("Fetch of a held commit sent %q, want nothing", got)
	}
}

func TestFailingServerKeepsLastGoodCommit(t *testing.T) {
	tests := []struct {
		name   string
		fault  func(http.Handler) http.Handler
		reason Reason
	}{
		{"401", gittest.Status(401), AuthFailed},
		{"403", gittest.Status(403), AuthFailed},
		{"404", gittest.Status(404), NotFound},
		{"410", gittest.Status(410), NotFound},
		{"429", gittest.Status(429, "Retry-After", "120"), RateLimited},
		{"500", gittest.Status(500), ServerError},
		{"503", gittest.Status(503, "Retry-After", "120"), ServerError},
		{"418", gittest.Status(418), Unsupported},
		{"login page", gittest.Status(200), Unsupported},
		{"answer cut in the refs", gittest.Truncate("/info/refs", 60), Corrupt},
		{"answer empty", gittest.Truncate("/info/refs", 0), Corrupt},
		{"refs not hexadecimal", gittest.Flip("/info/refs", 40), Corrupt},
		{"pack cut in the acknowledgement", gittest.Truncate("/git-upload-pack", 20), Corrupt},
		{"pack cut", gittest.Truncate("/git-upload-pack", 200), Corrupt},
		{"pack empty", gittest.Truncate("/git-upload-pack", 0), Corrupt},
		{"pack with a flipped byte", gittest.Flip("/git-upload-pack", 600), Corrupt},
		{"connection cut", drop, Unreachable},
		{"connection cut mid-pack", dropBody("/git-upload-pack", 100), Corrupt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, web := served(t, gittest.HTTPOptions{})
			m := open(t, Options{URL: web.URL, Auth: Auth{Token: secret.New("canary-9f")}})
			good := fetchHead(t, m)
			next := r.Commit(map[string]string{"a.txt": noise(4000)}, "second")
			web.Fault(tt.fault)
			_, err := m.Head(t.Context())
			if err == nil {
				_, err = m.Fetch(t.Context(), next)
			}
			wantReason(t, err, tt.reason)
			if m.Last() != good || strings.Contains(fmt.Sprintf("%+v", err), "canary") {
				t.Errorf("after %v Last() = %v, want %v", err, m.Last(), good)
			}
			if e := asError(t, err); e.Where != web.URL || e.Hint == "" || strings.HasSuffix(tt.name, "29") && e.RetryAfter != 2*time.Minute {
				t.Errorf("error = %+v, want the URL, a hint, the time to retry", e)
			}
			web.Fault(nil)
			if c := fetchHead(t, m); c.Hash != next || m.Last() != c {
				t.Errorf("after recovery Last() = %v, want %s", m.Last(), next)
			}
		})
	}
}

// drop is a fault: the connection is closed without an answer.
func drop(http.Handler) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// dropBody is a fault: the connection is closed after n bytes of the body.
func dropBody(suffix string, n int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			_, _ = w.Write(rec.Body.Bytes()[:n])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
	}
}

// noise is text that does not compress well.
func noise(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		fmt.Fprintf(&b, "%08x\n", x)
	}
	return b.String()[:n]
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := err.(*Error) //nolint:errorlint // the outermost must be ours
	if !ok {
		t.Fatalf("error %T %v is not an *Error", err, err)
	}
	return e
}

func TestWrongOrMissingCredentialsSayWhatToDo(t *testing.T) {
	_, web := served(t, gittest.HTTPOptions{User: "ada", Password: "s3cret"})
	for _, tt := range []struct {
		auth Auth
		want string
	}{
		{Auth{}, "wants credentials"},
		{Auth{Username: "ada", Password: secret.New("canary-9f")}, "not accepted"},
	} {
		_, err := open(t, Options{URL: web.URL, Auth: tt.auth}).Head(t.Context())
		wantReason(t, err, AuthFailed)
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Head with %v: %v, want %q and no secret", tt.auth, err, tt.want)
		}
	}
	fetchHead(t, open(t, Options{URL: web.URL, Auth: Auth{Username: "ada", Password: secret.New("s3cret")}}))
}

func TestServerTextIsCleaned(t *testing.T) {
	_, web := served(t, gittest.HTTPOptions{})
	web.Fault(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no\x1b[31m \u202eway\r\n"+r.Header.Get("Authorization")+" canary-9f", http.StatusForbidden)
		})
	})
	_, err := open(t, Options{URL: web.URL, Auth: Auth{Token: secret.New("canary-9f")}}).Head(t.Context())
	wantReason(t, err, AuthFailed)
	if s := err.Error(); strings.ContainsAny(s, "\x1b\r\n\u202e") || strings.Contains(s, "canary") || !strings.Contains(s, "Basic REDACTED REDACTED") {
		t.Errorf("error %q shows control characters or the token", s)
	}
}

func TestRedirectToAnotherHostOrSchemeIsRefusedWithoutCredentials(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	other := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	safe := gittest.ServeHTTP(t, r, gittest.HTTPOptions{TLS: true})
	for name, to := range map[string]string{
		"another port":       other.URL,
		"another scheme":     safe.URL,
		"a name for us":      strings.Replace(web.URL, "127.0.0.1", "localhost", 1),
		"an internal host":   "http://169.254.169.254/latest",
		"user info":          strings.Replace(web.URL, "http://", "http://eve:canary-1@", 1),
		"a file":             "file:///etc/passwd",
		"a page, not a repo": web.Server.URL + "/login",
	} {
		t.Run(name, func(t *testing.T) {
			web.Fault(func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if strings.HasSuffix(req.URL.Path, "/login") {
						_, _ = io.WriteString(w, "log in")
						return
					}
					target := to
					if !strings.HasSuffix(to, "/login") {
						target += "/info/refs?service=git-upload-pack"
					}
					http.Redirect(w, req, target, http.StatusMovedPermanently)
				})
			})
			m := open(t, Options{URL: web.URL, Auth: Auth{Token: secret.New("canary-9f")}})
			_, err := m.Head(t.Context())
			want := Redirected
			if strings.HasSuffix(to, "/login") {
				want = Unsupported
			}
			wantReason(t, err, want)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("error %q shows a secret", err)
			}
		})
	}
	if got := len(other.Requests()) + len(safe.Requests()); got != 0 {
		t.Errorf("%d requests reached another host, want none", got)
	}
}

func TestRedirectWithinTheHostIsFollowed(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{User: "ada", Password: "s3cret"})
	web.Fault(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if rest, ok := strings.CutPrefix(req.URL.Path, "/old"); ok {
				http.Redirect(w, req, rest+"?"+req.URL.RawQuery, http.StatusMovedPermanently)
				return
			}
			next.ServeHTTP(w, req)
		})
	})
	m := open(t, Options{URL: web.Server.URL + "/old/repo.git", Auth: Auth{Username: "ada", Password: secret.New("s3cret")}})
	if c := fetchHead(t, m); c.Hash != r.Head() {
		t.Errorf("fetched %s, want %s", c.Hash, r.Head())
	}
}

func TestRedirectOfAPackRequestOrALoopIsRefused(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	m := open(t, Options{URL: web.URL})
	web.Fault(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPost {
				http.Redirect(w, req, "/elsewhere", http.StatusTemporaryRedirect)
				return
			}
			next.ServeHTTP(w, req)
		})
	})
	_, err := m.Fetch(t.Context(), r.Head())
	wantReason(t, err, Redirected)
	web.Fault(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, req.URL.String(), http.StatusFound)
		})
	})
	_, err = m.Head(t.Context())
	wantReason(t, err, Redirected)
}

func TestUnknownAuthorityIsRefusedAndOursAccepted(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{TLS: true})
	_, err := open(t, Options{URL: web.URL}).Head(t.Context())
	wantReason(t, err, TLSFailed)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Server.Certificate().Raw})
	if c := fetchHead(t, open(t, Options{URL: web.URL, CA: ca})); c.Hash != r.Head() {
		t.Errorf("fetched %s, want %s", c.Hash, r.Head())
	}
	plain := strings.Replace(web.URL, "https://", "http://", 1)
	_, err = open(t, Options{URL: plain}).Head(t.Context())
	wantReason(t, err, Unsupported) // "client sent an HTTP request to an HTTPS server"
}

func TestOldTLSIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quiet()
	s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	_, err := open(t, Options{URL: s.URL + "/x", CA: ca}).Head(t.Context())
	wantReason(t, err, TLSFailed)
}

func TestHTTPSToAPlainServerSaysSo(t *testing.T) {
	_, web := served(t, gittest.HTTPOptions{})
	_, err := open(t, Options{URL: strings.Replace(web.URL, "http://", "https://", 1)}).Head(t.Context())
	wantReason(t, err, TLSFailed)
}

func TestUnreachableServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	for name, url := range map[string]string{
		"nobody listens": "http://" + closed + "/r.git",
		"no such host":   "http://no..such.host/r.git",
	} {
		_, err := open(t, Options{URL: url}).Head(t.Context())
		wantReason(t, err, Unreachable)
		if !strings.Contains(err.Error(), url) {
			t.Errorf("%s: %v does not name %s", name, err, url)
		}
	}
}

func TestConnectionIsKeptBetweenPolls(t *testing.T) {
	r, web := served(t, gittest.HTTPOptions{})
	var mu sync.Mutex
	connections := map[string]bool{}
	web.Fault(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			mu.Lock()
			connections[req.RemoteAddr] = true
			mu.Unlock()
			next.ServeHTTP(w, req)
		})
	})
	m := open(t, Options{URL: web.URL})
	for i := range 3 {
		r.Commit(map[string]string{"a.txt": noise(100 * i)}, "next")
		fetchHead(t, m)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(connections) != 1 {
		t.Errorf("%d connections for nine requests, want one", len(connections))
	}
}
