package rest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
)

const marker = "majordomo: drain"

// node is an agent as /computer/NAME shows it.
type node struct {
	parked, connected, busy bool
	reason                  string
}

func (n node) json(name string) string {
	s := builtIn
	set := func(old, now string) { s = strings.Replace(s, old, now, 1) }
	set("Hudson$MasterComputer", "SlaveComputer")
	set(`"displayName":"master"`, `"displayName":"`+name+`"`)
	if n.parked {
		set(`"temporarilyOffline":false`, `"temporarilyOffline":true`)
	}
	if n.parked || !n.connected {
		set(`"offline":false`, `"offline":true`)
	}
	set(`"offlineCauseReason":""`, `"offlineCauseReason":"`+n.reason+`"`)
	if n.connected {
		set(`"idle":true`, `"absoluteRemotePath":"/home","idle":true`)
	}
	if n.busy {
		set(`"executors":[]`, `"executors":[{"number":0,"idle":false,"currentExecutable":null}]`)
	}
	return s
}

// F55: parking is one request that can be made again, on agents that are not connected, too.
func TestPark(t *testing.T) {
	f := newFake(t)
	f.handle("POST /computer/agent-1/changeOfflineCause", recorded(t, "198").replay)
	c := f.client()
	for range 2 {
		if err := c.Park(t.Context(), "agent-1", marker+" linux: surplus"); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range f.taken() {
		if got := r.Form.Get("offlineMessage"); got != marker+" linux: surplus" {
			t.Errorf("offlineMessage = %q", got)
		}
		if got := r.Form.Get("json"); got != `{"offlineMessage":"majordomo: drain linux: surplus"}` {
			t.Errorf("json = %q", got)
		}
		if r.URL.RawQuery != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("query %q, cookie %q, want none", r.URL.RawQuery, r.Header.Get("Cookie"))
		}
	}
}

// Jenkins cuts off what is before the last " : ", the marker with it.
func TestMessagesKeepTheirBeginning(t *testing.T) {
	for in, want := range map[string]string{
		marker + " linux: a : b":          marker + " linux: a: b",
		marker + " : : x\n\ty":            marker + ":: x y",
		"  a  ":                           "a",
		"a\xff b":                         "a b",
		marker + strings.Repeat("ä", 600): "",
	} {
		got := line(in)
		if want != "" && got != want {
			t.Errorf("line(%q) = %q, want %q", in, got, want)
		}
		if strings.Contains(got, " : ") || strings.ContainsAny(got, "\r\n\t") || len(got) > maxMessage || strings.ToValidUTF8(got, "") != got {
			t.Errorf("line(%q) = %q", in, got)
		}
	}
	f := newFake(t)
	for _, empty := range []string{"", " \n"} {
		if err := f.client().Park(t.Context(), "a", empty); err == nil {
			t.Error("parked without a reason")
		}
	}
}

func TestUnparkReadsFirst(t *testing.T) {
	const read, toggle = "GET /computer/a/api/json", "POST /computer/a/toggleOffline"
	for name, c := range map[string]struct {
		node     node
		want     error
		requests []string
	}{
		"parked by us":              {node{parked: true, connected: true, reason: marker + " linux: x"}, nil, []string{read, toggle}},
		"parked by us, gone away":   {node{parked: true, reason: marker + " linux: x"}, nil, []string{read, toggle}},
		"parked by us, with work":   {node{parked: true, connected: true, busy: true, reason: marker}, nil, []string{read, toggle}},
		"not parked":                {node{connected: true}, nil, []string{read}},
		"not connected, not parked": {node{reason: marker}, nil, []string{read}},
		"parked by a person":        {node{parked: true, connected: true, reason: "for repair"}, ErrNotOurs, []string{read}},
		"parked without a reason":   {node{parked: true, connected: true}, ErrNotOurs, []string{read}},
		"quotes us":                 {node{parked: true, connected: true, reason: "was " + marker}, ErrNotOurs, []string{read}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.json(read, c.node.json("a"))
			f.redirect(toggle, "HOST/computer/a/")
			if err := f.client().Unpark(t.Context(), "a", marker); !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("Unpark = %v, want %v", err, c.want)
			}
			taken := f.taken()
			var got []string
			for _, r := range taken {
				got = append(got, r.Method+" "+r.URL.Path)
			}
			if diff := cmp.Diff(c.requests, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if len(taken) == 2 && taken[1].Form.Get("offlineMessage") != c.node.reason {
				t.Errorf("message %q, want that which the node had", taken[1].Form.Get("offlineMessage"))
			}
		})
	}
	f := newFake(t)
	if err := f.client().Unpark(t.Context(), "a", ""); err == nil || len(f.requests()) > 0 {
		t.Error("without a marker everything is ours")
	}
}

func TestForgetReadsFirst(t *testing.T) {
	const read, remove = "GET /computer/a/api/json", "POST /computer/a/doDelete"
	for name, c := range map[string]struct {
		node node
		want error
	}{
		"gone away":                 {node{}, nil},
		"gone away, parked":         {node{parked: true, reason: marker}, nil},
		"connected":                 {node{connected: true}, ErrInUse},
		"connected, parked":         {node{connected: true, parked: true}, ErrInUse},
		"a ghost with a pipeline":   {node{busy: true}, ErrInUse},
		"connected, with a build":   {node{connected: true, busy: true}, ErrInUse},
		"parked, its build goes on": {node{parked: true, connected: true, busy: true}, ErrInUse},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.json(read, c.node.json("a"))
			f.redirect(remove, "HOST/computer/")
			err := f.client().Forget(t.Context(), "a")
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("Forget = %v, want %v", err, c.want)
			}
			if deleted := len(f.requests()) == 2; deleted != (c.want == nil) {
				t.Errorf("deleted = %t", deleted)
			}
		})
	}
	f := newFake(t)
	f.json("GET /computer/%28built-in%29/api/json", builtIn)
	if err := f.client().Forget(t.Context(), "master"); err == nil || len(f.requests()) != 1 {
		t.Errorf("Forget of the built-in node = %v", err)
	}
}

// 404 is only believed if the list of all nodes agrees: proxies say it, too.
func TestNodesThatAreNotThere(t *testing.T) {
	f := newFake(t)
	gone := recorded(t, "250").replay
	for _, what := range []string{"GET /computer/a/api/json", "POST /computer/a/changeOfflineCause"} {
		f.handle(what, gone)
	}
	acts := func() map[string]error {
		c := f.client()
		_, err := c.Computer(t.Context(), "a")
		return map[string]error{"Computer": err, "Park": c.Park(t.Context(), "a", "x"), "Unpark": c.Unpark(t.Context(), "a", marker)}
	}
	for name, err := range acts() {
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%s = %v, want ErrNotFound", name, err)
		}
	}
	if err := f.client().Forget(t.Context(), "a"); err != nil {
		t.Errorf("Forget = %v, want nil: it is gone", err)
	}
	f.page("GET "+computersPath, 404, "default backend - 404")
	for name, err := range acts() {
		if errors.Is(err, ErrNotFound) {
			t.Errorf("%s believes a proxy", name)
		}
		wantFault(t, err, jenkins.BadAnswer, "404")
	}
	if err := f.client().Forget(t.Context(), "a"); err == nil {
		t.Error("Forget believes a proxy")
	}
	f.json("GET "+computersPath, `{"_class":"hudson.model.ComputerSet","computer":[`+builtIn+`,`+node{}.json("a")+`]}`)
	for name, err := range acts() {
		if errors.Is(err, ErrNotFound) {
			t.Errorf("%s says it is not there, and it is", name)
		}
		wantFault(t, err, jenkins.BadAnswer, "is in the list of nodes")
	}
}

// A node that goes between the two requests is forgotten, too.
func TestForgetOfANodeThatGoesMeanwhile(t *testing.T) {
	f := newFake(t)
	f.json("GET /computer/a/api/json", node{}.json("a"))
	f.handle("POST /computer/a/doDelete", recorded(t, "251").replay)
	if err := f.client().Forget(t.Context(), "a"); err != nil {
		t.Errorf("Forget = %v, want nil", err)
	}
}

func TestRecordedChanges(t *testing.T) {
	for number, c := range map[string]struct {
		path string
		act  func(*Client) error
	}{
		"155": {"/quietDown", func(c *Client) error { return c.QuietDown(t.Context(), "upgrade") }},
		"161": {"/cancelQuietDown", func(c *Client) error { return c.CancelQuietDown(t.Context()) }},
		"169": {"/computer/agent-1/changeOfflineCause", func(c *Client) error { return c.Park(t.Context(), "agent-1", "x") }},
		"377": {"/computer/sw1-d6ec4676/changeOfflineCause", func(c *Client) error { return c.Park(t.Context(), "sw1-d6ec4676", "x") }},
		"246": {"/computer/agent%20with%20space/doDelete", func(c *Client) error {
			return c.act(t.Context(), "forget", "/computer/agent%20with%20space/doDelete", "/computer", nil)
		}},
		"342": {"/computer/pa-1/doDelete", func(c *Client) error {
			return c.act(t.Context(), "forget", "/computer/pa-1/doDelete", "/computer", nil)
		}},
	} {
		f := newFake(t)
		r := recorded(t, number)
		f.handle("POST "+c.path, func(w http.ResponseWriter, q *http.Request) {
			for i, line := range r.head { // Jenkins answers with the host that it was asked at
				r.head[i] = strings.Replace(strings.Replace(line, "127.0.0.1:18080", q.Host, 1), "127.0.0.1:18081", q.Host, 1)
			}
			r.replay(w, q)
		})
		if err := c.act(f.client()); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
	for number, say := range map[string]string{
		"434": "Agent/Disconnect", "436": "Agent/Delete", "437": "Overall/Administer", "482": "Overall/Administer", "264": "400", "243": "404", "010": "500",
	} {
		f := newFake(t)
		f.handle("POST /quietDown", recorded(t, number).replay)
		var fault *jenkins.Fault
		if err := f.client().QuietDown(t.Context(), "x"); !errors.As(err, &fault) || !strings.Contains(fault.Text, say) {
			t.Errorf("%s: %v, want %q in it", number, err, say)
		}
	}
}

// F47: a change that ends at a login has not been made.
func TestChangesThatLandElsewhere(t *testing.T) {
	for location, ok := range map[string]bool{
		"HOST/computer/a/": true, "/computer/a/": true, ".": true, "https://ci.example.com/jenkins/computer/a/": true, "HOST/computer/a": true,
		"HOST/login?from=/computer/a/": false, "https://sso.example.com/authorize": false, "HOST/": false, "HOST/computer/": false, "": false,
		"HOST/computer/b/": false, "http://%zz": false,
	} {
		f := newFake(t)
		f.redirect("POST /computer/a/changeOfflineCause", location)
		err := f.client().Park(t.Context(), "a", "x")
		if ok && err != nil {
			t.Errorf("to %s: %v", location, err)
		}
		if !ok {
			wantFault(t, err, jenkins.AuthLost, "redirect")
		}
		if got := f.requests(); len(got) != 1 {
			t.Errorf("to %s: requests %v", location, got)
		}
	}
	for location, ok := range map[string]bool{"HOST/": true, "/": true, ".": true, "HOST": true, "http://portal.example.com/": false, "/login": false} {
		f := newFake(t)
		f.redirect("POST /cancelQuietDown", location)
		if err := f.client().CancelQuietDown(t.Context()); (err == nil) != ok {
			t.Errorf("to %s: %v", location, err)
		}
	}
	f := newFake(t)
	f.page("POST /cancelQuietDown", 200, "Sign in")
	wantFault(t, f.client().CancelQuietDown(t.Context()), jenkins.AuthLost, "Sign in")
	f.json("POST /cancelQuietDown", "{}")
	wantFault(t, f.client().CancelQuietDown(t.Context()), jenkins.AuthLost, "came where Jenkins redirects")
}

// The text of X-Error is told, and gojenkins, which would make it all that is left of the answer, never sees it.
func TestErrorsInAHeader(t *testing.T) {
	f := newFake(t)
	f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Error", "the token "+canary+" is odd")
		w.WriteHeader(http.StatusBadRequest)
	})
	_, err := f.client().Snapshot(t.Context())
	if got := faultIn(t, err, jenkins.BadAnswer, "Jenkins says the token REDACTED is odd"); got.Status != 400 {
		t.Errorf("status %d", got.Status)
	}
	f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range map[string]string{"X-Error": "no matter", "X-Jenkins": "2", "X-Jenkins-Session": session, "Content-Type": "application/json"} {
			w.Header().Set(k, v)
		}
		_, _ = w.Write([]byte(emptyQ))
	})
	f.json("GET "+computersPath, builtInOnly)
	if _, err := f.client().queueOnly(t); err != nil {
		t.Errorf("a good answer with X-Error: %v", err)
	}
}

func (c *Client) queueOnly(t *testing.T) (*queueAnswer, error) {
	t.Helper()
	a, _, err := c.queue(t.Context())
	return a, err
}
