package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"majordomo.dev/jenkins"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	canary  = "canary-b7e1-5cd1f00d"
	session = "6882d2b6"
	emptyQ  = `{"_class":"hudson.model.Queue","discoverableItems":[],"items":[]}`
	builtIn = `{"_class":"hudson.model.Hudson$MasterComputer","assignedLabels":[{"name":"master"}],"displayName":"master","executors":[],"idle":true,` +
		`"numExecutors":0,"offline":false,"offlineCause":null,"offlineCauseReason":"","oneOffExecutors":[],"temporarilyOffline":false}`
	builtInOnly = `{"_class":"hudson.model.ComputerSet","computer":[` + builtIn + `]}`
	rootOK      = `{"_class":"hudson.model.Hudson","jobs":[{"_class":"hudson.model.FreeStyleProject","name":"a"}],"quietingDown":false,"useSecurity":true}`
	whoOK       = `{"_class":"hudson.security.WhoAmI","anonymous":false,"authenticated":true,"authorities":["authenticated"],"name":"scaler"}`
)

// The four requests of a snapshot.
const (
	queuePath     = "/queue/api/json"
	computersPath = "/computer/api/json"
	rootPath      = "/api/json"
	whoPath       = "/whoAmI/api/json"
)

// fake answers as Jenkins does, but for what a test changes.
type fake struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	session  string
	handlers map[string]http.HandlerFunc // by method and path
	seen     []*http.Request             // bodies are parsed
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, session: session, handlers: map[string]http.HandlerFunc{}}
	f.json("GET "+queuePath, emptyQ)
	f.json("GET "+computersPath, builtInOnly)
	f.json("GET "+rootPath, rootOK)
	f.json("GET "+whoPath, whoOK)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	f.mu.Lock()
	f.seen = append(f.seen, r)
	h := f.handlers[r.Method+" "+r.URL.EscapedPath()]
	f.mu.Unlock()
	if h == nil {
		http.Error(w, "<html><head><title>Error 404 Not Found</title></head></html>", http.StatusNotFound)
		return
	}
	h(w, r)
}

func (f *fake) handle(what string, h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers[what] = h
}

// json answers with a body as Jenkins's API does.
func (f *fake) json(what, body string) {
	f.handle(what, func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		w.Header().Set("X-Jenkins-Session", f.session)
		f.mu.Unlock()
		w.Header().Set("X-Jenkins", "2.263.4")
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		_, _ = w.Write([]byte(body))
	})
}

// page answers with a page.
func (f *fake) page(what string, status int, title string) {
	f.handle(what, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html;charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>%s</title></head><body></body></html>", title)
	})
}

// redirect answers a change as Jenkins does.
func (f *fake) redirect(what, location string) {
	f.handle(what, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", strings.ReplaceAll(location, "HOST", "http://"+r.Host))
		w.WriteHeader(http.StatusFound)
	})
}

// requests are what was asked for since the last call.
func (f *fake) requests() (all []string) {
	for _, r := range f.taken() {
		all = append(all, r.Method+" "+r.URL.EscapedPath())
	}
	return all
}

func (f *fake) taken() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.seen = nil }()
	return slices.Clone(f.seen)
}

// client is one with a token, which is closed with the test.
func (f *fake) client(change ...func(*Options)) *Client {
	f.t.Helper()
	return open(f.t, f.URL, change...)
}

func open(t testing.TB, url string, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{URL: url, User: "scaler", Token: NewSecret(canary)}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// clock is one that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// snapshot takes one that has to work.
func snapshot(t *testing.T, c *Client) *jenkins.Snapshot {
	t.Helper()
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return s
}

// wantFault fails the test unless err is a Fault with that reason that says what is to be said, and no credentials.
func wantFault(t *testing.T, err error, reason jenkins.Reason, say ...string) {
	t.Helper()
	_ = faultIn(t, err, reason, say...)
}

// faultIn is wantFault that returns the fault.
func faultIn(t *testing.T, err error, reason jenkins.Reason, say ...string) *jenkins.Fault {
	t.Helper()
	var f *jenkins.Fault
	if !errors.As(err, &f) {
		t.Fatalf("error %v (%T) is no fault, want one with reason %s", err, err, reason)
	}
	if f.Reason != reason {
		t.Errorf("fault %q has reason %s, want %s", f, f.Reason, reason)
	}
	if f.URL == "" || f.Text == "" {
		t.Errorf("fault %+v lacks URL or text", f)
	}
	for _, part := range say {
		if !strings.Contains(f.Text, part) {
			t.Errorf("fault says %q, want %q in it", f.Text, part)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %v", f, f, f, f.Err); strings.Contains(text, canary) {
		t.Errorf("fault shows the token: %s", text)
	}
	if strings.ContainsAny(f.Text, "\n\r") || strings.Contains(f.URL, "?") {
		t.Errorf("fault has a text of several lines or a URL with a query: %q, %s", f.Text, f.URL)
	}
	return f
}

// transcript is a recorded answer.
type transcript struct {
	name   string
	head   []string // status line, headers
	body   []byte
	header http.Header
}

// recorded reads testdata/transcripts/NUMBER-*.http.
func recorded(t testing.TB, number string) *transcript {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "transcripts", number+"-*.http"))
	if err != nil || len(files) != 1 {
		t.Fatalf("transcript %s: %d files, %v", number, len(files), err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	_, answer, ok := strings.Cut(string(data), "### RESPONSE\n")
	head, body, ok2 := strings.Cut(strings.ReplaceAll(answer, "\r\n", "\n"), "\n\n")
	if !ok || !ok2 {
		t.Fatalf("%s has no answer", files[0])
	}
	r := &transcript{name: strings.TrimSuffix(filepath.Base(files[0]), ".http"), head: strings.Split(head, "\n"), body: []byte(body), header: http.Header{}}
	for _, line := range r.head[1:] {
		k, v, _ := strings.Cut(line, ": ")
		r.header.Add(k, v)
	}
	return r
}

// replay answers with it byte for byte. Host names in it were replaced by others when it was recorded, so the length is counted anew.
func (r *transcript) replay(w http.ResponseWriter, _ *http.Request) {
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	for _, line := range r.head {
		if k, _, _ := strings.Cut(line, ":"); strings.EqualFold(k, "Content-Length") || strings.EqualFold(k, "Transfer-Encoding") {
			continue
		}
		fmt.Fprintf(out, "%s\r\n", line)
	}
	fmt.Fprint(out, "Connection: close\r\n") // which it is, below
	if r.header.Get("Transfer-Encoding") == "chunked" && len(r.body) > 0 {
		fmt.Fprintf(out, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(r.body), r.body)
	} else {
		fmt.Fprintf(out, "Content-Length: %d\r\n\r\n%s", len(r.body), r.body)
	}
	_ = out.Flush()
}
