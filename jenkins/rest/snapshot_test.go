package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
)

var (
	four  = []string{"GET " + queuePath, "GET " + computersPath, "GET " + rootPath, "GET " + whoPath}
	three = four[:3]
	two   = four[:2]
)

func TestFewestRequestsThatTellAll(t *testing.T) {
	f := newFake(t)
	now := &clock{now: at}
	c := f.client(func(o *Options) { o.Now = now.Now })
	want := func(why string, want []string) {
		t.Helper()
		snapshot(t, c)
		if diff := cmp.Diff(want, f.requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", why, diff)
		}
	}
	want("the first snapshot", four)
	want("an empty queue does not tell of quiet-down", three)
	f.json("GET "+queuePath, queueOf(item))
	want("an item that waits tells that builds are started", two)
	f.json("GET "+queuePath, queueOf(itemWith("Waiting for next available executor", "Warten auf Sklaven")))
	want("a reason in another language tells nothing", three)
	f.json("GET "+queuePath, queueOf(itemWith(`"pending":false`, `"pending":true`)))
	want("an item that has an executor tells nothing", three)
	f.json("GET "+queuePath, queueOf(itemWith(`"buildable":true`, `"buildable":false`)))
	want("a blocked item tells nothing", three)
	f.json("GET "+queuePath, queueOf(itemWith("Waiting for next available executor", "Jenkins is about to shut down")))
	want("quiet-down has a reason, which is asked for", three)
	f.json("GET "+queuePath, queueOf(itemWith("Waiting for next available executor", "‘agent-1’ is offline")))
	want("an item that waits for its agent tells that builds are started", two)
	now.pass(DefaultVerify)
	want("the account is checked again after a while", four)
	want("and not each time", two)
	f.session = "another"
	want("a restart", four)
	f.page("GET "+computersPath, 500, "Oops")
	if _, err := c.Snapshot(t.Context()); err == nil {
		t.Fatal("Snapshot worked without computers")
	}
	f.json("GET "+computersPath, builtInOnly)
	f.requests()
	want("a fault", four)
}

func TestRequestsSayWhatTheyHaveTo(t *testing.T) {
	f := newFake(t)
	snapshot(t, f.client(func(o *Options) { o.Version = "1.2.3" }))
	trees := map[string]string{}
	for _, r := range f.taken() {
		user, token, _ := r.BasicAuth()
		if user != "scaler" || token != canary {
			t.Errorf("%s as %q", r.URL.Path, user)
		}
		for k, want := range map[string]string{"Accept-Language": "en", "User-Agent": "majordomo/1.2.3"} {
			if got := r.Header.Values(k); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s = %q, want %q", r.URL.Path, k, got, want)
			}
		}
		trees[r.URL.Path] = r.Form.Get("tree")
	}
	want := map[string]string{queuePath: queueTree, computersPath: "computer[" + computerTree + "]", rootPath: serverTree, whoPath: "name,anonymous,authorities"}
	if diff := cmp.Diff(want, trees); diff != "" {
		t.Errorf("trees (-want +got):\n%s", diff)
	}
	for path, tree := range trees {
		if strings.Count(tree, "[") != strings.Count(tree, "]") {
			t.Errorf("tree of %s is not balanced: %s", path, tree)
		}
	}
}

func TestPrefixAndIPv6(t *testing.T) {
	for _, prefix := range []string{"/ci", "/a/b%20c", "/ci/"} {
		f := newFake(t)
		below := strings.TrimRight(prefix, "/")
		for _, what := range four {
			method, path, _ := strings.Cut(what, " ")
			f.handle(method+" "+below+path, f.handlers[what])
			delete(f.handlers, what)
		}
		snapshot(t, open(t, f.URL+prefix))
	}
	if _, err := New(Options{URL: "http://[::1]:8080/x"}); err != nil {
		t.Error(err)
	}
}

// Without an account Jenkins is asked as anybody.
func TestNobody(t *testing.T) {
	f := newFake(t)
	f.json("GET "+whoPath, strings.Replace(whoOK, "scaler", "anonymous", 1))
	c := open(t, f.URL, func(o *Options) { o.User, o.Token = "", Secret{} })
	if s := snapshot(t, c); s.User != "anonymous" {
		t.Errorf("User = %q", s.User)
	}
	for _, r := range f.taken() {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s has credentials", r.URL.Path)
		}
	}
	f.page("GET "+queuePath, 401, "x")
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.AuthLost, "a request without an account")
}

// F57: what comes from two lives of Jenkins is no snapshot.
func TestSessionThatChangesInTheMiddle(t *testing.T) {
	for i, what := range four {
		if i == 0 {
			continue
		}
		f := newFake(t)
		f.handle(what, func(w http.ResponseWriter, _ *http.Request) {
			body := map[string]string{computersPath: builtInOnly, rootPath: rootOK, whoPath: whoOK}[strings.TrimPrefix(what, "GET ")]
			w.Header().Set("X-Jenkins", "2.263.4")
			w.Header().Set("X-Jenkins-Session", "next")
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
		})
		_, err := f.client().Snapshot(t.Context())
		wantFault(t, err, jenkins.Starting, "restarted while it was asked")
	}
}

// What is read live is of the Jenkins of the last snapshot: after a restart agents are missing.
func TestLiveReadsAreOfTheSameSession(t *testing.T) {
	f := newFake(t)
	f.json("GET /computer/a/api/json", strings.Replace(builtIn, `"master","exec`, `"a","exec`, 1))
	c := f.client()
	if _, err := c.Computer(t.Context(), "a"); err != nil {
		t.Errorf("before any snapshot: %v", err)
	}
	snapshot(t, c)
	f.session = "next"
	_, err := c.Computers(t.Context())
	wantFault(t, err, jenkins.Starting, "has restarted")
	_, err = c.Computer(t.Context(), "a")
	wantFault(t, err, jenkins.Starting, "has restarted")
	wantFault(t, c.Forget(t.Context(), "a"), jenkins.Starting)
	snapshot(t, c)
	if _, err := c.Computers(t.Context()); err != nil {
		t.Errorf("after the next snapshot: %v", err)
	}
}

// F56: an item cannot have waited for less than no time, nor a build have started in the future.
func TestClocksThatDiffer(t *testing.T) {
	waited := 90 * time.Second
	for _, off := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute, 24 * 365 * 40 * time.Hour, -24 * 365 * 40 * time.Hour} {
		theirs := at.Add(off)
		f := newFake(t)
		f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
			asJenkins(w)
			since := fmt.Sprint(theirs.Add(-waited).UnixMilli())
			ahead := fmt.Sprint(theirs.Add(time.Hour).UnixMilli())
			_, _ = w.Write([]byte(queueOf(itemWith("1795220205352", since), itemWith("1795220205352", ahead), itemWith("1795220205352", "-5"),
				itemWith("1795220205352", "9223372036854775807"), itemWith("1795220205352", "0"))))
		})
		s := snapshot(t, f.client(recordedClock))
		if d := s.Skew - off; d < -time.Second || d > time.Second {
			t.Errorf("clock %s ahead: Skew = %s", off, s.Skew)
		}
		if got := s.At.Sub(s.Items[0].Since); got < waited-time.Second || got > waited+time.Second {
			t.Errorf("clock %s ahead: the item has waited for %s, want %s", off, got, waited)
		}
		for _, it := range s.Items[1:] {
			if it.Since != s.At {
				t.Errorf("clock %s ahead: an item since %s, want %s: now", off, it.Since, s.At)
			}
		}
	}
}

func TestSkewIsSteady(t *testing.T) {
	date := func(at time.Time) string { return at.UTC().Truncate(time.Second).Format(http.TimeFormat) }
	for _, off := range []time.Duration{0, 400 * time.Millisecond, -700 * time.Millisecond, 10*time.Minute + 500*time.Millisecond, -3 * time.Hour} {
		var seen []time.Duration
		var known time.Duration
		for i := range 500 {
			sent := at.Add(time.Duration(i) * 5037 * time.Millisecond)
			received := sent.Add(time.Duration(i%7) * 10 * time.Millisecond)
			known = skewOf(date(sent.Add(off).Add(5*time.Millisecond)), sent, received, known)
			seen = append(seen, known)
			if d := known - off; d < -1700*time.Millisecond || d > 1700*time.Millisecond {
				t.Fatalf("clock %s ahead: skew %s", off, known)
			}
		}
		if known%time.Second != 0 {
			t.Errorf("skew %s is not of whole seconds", known)
		}
		if n := len(slices.Compact(seen)); n > 2 {
			t.Errorf("clock %s ahead: the skew changed %d times: %v", off, n, slices.Compact(seen))
		}
	}
	for _, bad := range []string{"", "yesterday", "0"} {
		if got := skewOf(bad, at, at, time.Minute); got != time.Minute {
			t.Errorf("skewOf(%q) = %s, want what was known", bad, got)
		}
	}
}

func TestObserve(t *testing.T) {
	f := newFake(t)
	var mu sync.Mutex
	var seen []string
	c := f.client(func(o *Options) {
		o.Observe = func(endpoint string, code int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if took < 0 {
				t.Errorf("%s took %s", endpoint, took)
			}
			seen = append(seen, fmt.Sprintf("%s %d", endpoint, code))
		}
	})
	f.redirect("POST /computer/a%20b/changeOfflineCause", "HOST/computer/a%20b/")
	snapshot(t, c)
	if err := c.Park(t.Context(), "a b", "why"); err != nil {
		t.Error(err)
	}
	_, _ = c.Label(t.Context(), "x")
	f.Close()
	_, _ = c.Snapshot(t.Context())
	if diff := cmp.Diff([]string{"queue 200", "computers 200", "server 200", "whoami 200", "park 302", "label 404", "queue 0"}, seen); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestBuiltInNode(t *testing.T) {
	f := newFake(t)
	f.json("GET /computer/%28master%29/api/json", builtIn)
	for _, name := range []string{"master", "Built-In Node", "(master)", "(built-in)", ""} {
		got, err := f.client().Computer(t.Context(), name)
		if err != nil || !got.BuiltIn {
			t.Errorf("Computer(%q) = %+v, %v", name, got, err)
		}
	}
}

func TestComputer(t *testing.T) {
	f := newFake(t)
	agent := func(name string) string {
		return strings.NewReplacer("Hudson$MasterComputer", "SlaveComputer", `"displayName":"master"`, `"displayName":"`+name+`"`).Replace(builtIn)
	}
	f.json("GET /computer/a%20b%C3%B6/api/json", agent("a bö"))
	f.json("GET /computer/other/api/json", agent("another"))
	got, err := f.client().Computer(t.Context(), "a bö")
	if err != nil || got.Name != "a bö" {
		t.Errorf("Computer = %+v, %v", got, err)
	}
	if _, err := f.client().Computer(t.Context(), "other"); err == nil {
		t.Error("the answer about another node was taken")
	}
	for _, bad := range []string{".", "..", "a/b", `a\b`, "a?b", "a#b"} {
		if got, err := f.client().Computer(t.Context(), bad); err == nil {
			t.Errorf("Computer(%q) = %+v", bad, got)
		}
	}
	f.requests()
	u, _ := url.Parse(f.URL)
	if got := f.client().String(); got != "http://"+u.Host+" as scaler" {
		t.Errorf("String = %q", got)
	}
}
