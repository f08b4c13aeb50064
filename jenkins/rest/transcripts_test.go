package rest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
)

var update = flag.Bool("update", false, "rewrite the files that say what is expected")

// replayed is a Jenkins that answers with transcripts. Those of one snapshot must be of one session, so the others take that of the first one.
func replayed(t *testing.T, answers map[string]string) *fake {
	t.Helper()
	f := newFake(t)
	for what, number := range answers {
		r := recorded(t, number)
		if s := r.header.Get("X-Jenkins-Session"); s != "" {
			f.session = s
		}
		f.handle(what, r.replay)
	}
	return f
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update rewrites it):\n%s", file, diff)
	}
}

// at is when most of the transcripts were recorded.
var at = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

func recordedClock(o *Options) { o.Now = func() time.Time { return at } }

func TestRecordedQueues(t *testing.T) {
	var b strings.Builder
	for _, number := range []string{
		"047", "050", "065", "067", "105", "107", "116", "148", "149", "157", "158", "223", "224", "225", "226", "303", "312", "317", "324", "408", "421",
		"426", "441", "471", "486", "487", "488", "489", "505", "507",
	} {
		f := replayed(t, map[string]string{"GET " + queuePath: number})
		s := snapshot(t, f.client(recordedClock))
		fmt.Fprintf(&b, "%s skew=%s quieting=%t\n", recorded(t, number).name, s.Skew, s.QuietingDown)
		for _, it := range s.Items {
			it.Task.URL = strings.Replace(it.Task.URL, f.URL, "JENKINS", 1)
			writeItem(&b, it, s.Skew)
		}
	}
	golden(t, "queues.txt", b.String())
}

// writeItem writes an item in one line, with its times by the clock of Jenkins.
func writeItem(b *strings.Builder, it jenkins.Item, skew time.Duration) {
	fmt.Fprintf(b, "  %d %s", it.ID, strings.TrimPrefix(it.Class, "hudson.model.Queue$"))
	for _, flag := range []struct {
		name string
		on   bool
	}{{"stuck", it.Stuck}, {"blocked", it.Blocked}, {"buildable", it.Buildable}, {"pending", it.Pending}} {
		if flag.on {
			fmt.Fprint(b, " ", flag.name)
		}
	}
	for _, then := range []struct {
		name string
		at   time.Time
	}{{"since", it.Since}, {"buildable", it.BuildableSince}, {"quiet", it.QuietUntil}} {
		if !then.at.IsZero() {
			fmt.Fprintf(b, " %s=%s", then.name, then.at.Add(skew).UTC().Format("15:04:05.000"))
		}
	}
	class := it.Task.Class[strings.LastIndexAny(it.Task.Class, ".$")+1:]
	fmt.Fprintf(b, " %s %q %q %s", class, it.Task.Name, it.Task.FullName, it.Task.URL)
	if it.Task.Label != nil {
		fmt.Fprintf(b, " label=%q", *it.Task.Label)
	}
	fmt.Fprintf(b, "\n    %s\n", it.Why)
}

func TestRecordedComputers(t *testing.T) {
	var b strings.Builder
	for _, number := range []string{
		"048", "113", "115", "130", "136", "147", "159", "164", "306", "307", "314", "315", "339", "360", "442", "457", "472",
	} {
		f := replayed(t, map[string]string{"GET " + computersPath: number})
		s := snapshot(t, f.client(recordedClock))
		fmt.Fprintln(&b, recorded(t, number).name)
		for _, c := range s.Computers {
			writeComputer(&b, c)
		}
	}
	golden(t, "computers.txt", b.String())
}

func writeComputer(b *strings.Builder, c jenkins.Computer) {
	fmt.Fprintf(b, "  %s %s labels=%s executors=%d busy=%d", c.Name, c.Class, strings.Join(c.Labels, ","), c.Executors, c.Busy)
	for _, flag := range []struct {
		name string
		on   bool
	}{{"idle", c.Idle}, {"offline", c.Offline}, {"parked", c.Parked}, {"connected", c.Connected}, {"builtIn", c.BuiltIn}, {"monitored", c.Monitored()}} {
		if flag.on {
			fmt.Fprint(b, " ", flag.name)
		}
	}
	if c.OfflineReason != "" || c.OfflineClass != "" {
		fmt.Fprintf(b, " reason=%q class=%s", c.OfflineReason, c.OfflineClass)
	}
	fmt.Fprintln(b)
	for _, r := range c.Builds {
		fmt.Fprintf(b, "    %q %s estimated=%s oneOff=%t\n", r.Name, r.URL, r.Estimated, r.OneOff)
	}
}

// A list in which something is missing is none: depth 0 does not say whether executors are idle.
func TestRecordedAnswersThatLackWhatIsNeeded(t *testing.T) {
	for _, number := range []string{"099", "112"} {
		f := replayed(t, map[string]string{"GET " + computersPath: number})
		_, err := f.client().Snapshot(t.Context())
		wantFault(t, err, jenkins.BadAnswer, "whether it is idle")
	}
	f := replayed(t, map[string]string{"GET " + rootPath: "386"})
	_, err := f.client().Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "lacks quietingDown or jobs")
	for _, number := range []string{"150", "267", "304", "048", "036", "035"} {
		r := recorded(t, number)
		f := newFake(t)
		f.json("GET "+queuePath, string(r.body))
		_, err := f.client().Snapshot(t.Context())
		wantFault(t, err, jenkins.BadAnswer, "not a queue")
	}
}

// Every page that a Jenkins was seen to answer with in place of its API.
func TestRecordedPagesAreFaults(t *testing.T) {
	for _, c := range []struct {
		number string
		reason jenkins.Reason
		status int
		say    string
	}{
		{"008", jenkins.BadAnswer, 404, "want the URL of Jenkins"},
		{"010", jenkins.BadAnswer, 500, "500"},
		{"018", jenkins.AuthLost, 403, "anonymous"},
		{"019", jenkins.AuthLost, 403, "anonymous"},
		{"021", jenkins.AuthLost, 403, "anonymous"},
		{"024", jenkins.AuthLost, 401, "restarting"},
		{"025", jenkins.AuthLost, 401, "check the Secret"},
		{"026", jenkins.AuthLost, 401, "Invalid password/token"},
		{"027", jenkins.AuthLost, 403, "anonymous"},
		{"229", jenkins.AuthLost, 200, "in place of JSON"}, // XML
		{"230", jenkins.BadAnswer, 200, "cannot be read"},  // compressed and damaged
		{"288", jenkins.AuthLost, 403, "anonymous"},
		{"293", jenkins.BadAnswer, 200, "text/x-python"},
		{"294", jenkins.InsufficientPermission, 403, "not from Jenkins's own permissions"},
		{"391", jenkins.Starting, 503, "Restarting Jenkins"},
		{"395", jenkins.AuthLost, 401, "refuses everybody for a moment"},
		{"396", jenkins.AuthLost, 401, "refuses everybody for a moment"},
		{"397", jenkins.AuthLost, 401, "refuses everybody for a moment"},
		{"402", jenkins.Starting, 503, "Starting Jenkins"},
		{"416", jenkins.Starting, 503, "Starting Jenkins"},
		{"434", jenkins.InsufficientPermission, 403, "Agent/Disconnect"},
	} {
		for _, path := range []string{queuePath, computersPath, rootPath, whoPath} {
			f := replayed(t, map[string]string{"GET " + path: c.number})
			_, err := f.client().Snapshot(t.Context())
			if got := faultIn(t, err, c.reason, c.say); got.Status != c.status {
				t.Errorf("%s at %s: status %d, want %d", c.number, path, got.Status, c.status)
			}
		}
	}
}

// F46: a restart from its announcement to the end. Nothing of it is fatal, and in the end there is another session.
func TestRecordedRestart(t *testing.T) {
	during := []struct {
		queue, computers, root string
		reason                 jenkins.Reason
	}{
		{"392", "393", "391", jenkins.Starting},
		{"396", "397", "395", jenkins.AuthLost},
		{"402", "403", "405", jenkins.Starting},
		{"417", "418", "416", jenkins.Starting},
	}
	f := newFake(t)
	f.session = "32fd34d6"
	f.json("GET "+rootPath, strings.Replace(rootOK, `"quietingDown":false`, `"quietingDown":true`, 1))
	c := f.client()
	first := snapshot(t, c)
	if !first.QuietingDown {
		t.Error("quiet-down with an empty queue was not noticed")
	}
	for _, phase := range during {
		f.handle("GET "+queuePath, recorded(t, phase.queue).replay)
		f.handle("GET "+computersPath, recorded(t, phase.computers).replay)
		f.handle("GET "+rootPath, recorded(t, phase.root).replay)
		_, err := c.Snapshot(t.Context())
		wantFault(t, err, phase.reason)
	}
	after := recorded(t, "408")
	f.session = after.header.Get("X-Jenkins-Session")
	f.handle("GET "+queuePath, after.replay)
	f.json("GET "+computersPath, builtInOnly)
	f.json("GET "+rootPath, rootOK)
	last := snapshot(t, c)
	if last.Session == first.Session || last.Session != f.session || last.QuietingDown || len(last.Items) == 0 {
		t.Errorf("after the restart: %+v, want session %s and the queue of before", last, f.session)
	}
}

// F52: every buildable item says it, and so two requests are enough to know; the third one is for the reason.
func TestRecordedQuietDown(t *testing.T) {
	f := replayed(t, map[string]string{"GET " + queuePath: "158", "GET " + computersPath: "159", "GET " + rootPath: "156"})
	if s := snapshot(t, f.client()); !s.QuietingDown {
		t.Errorf("QuietingDown = false, want true: %+v", s)
	}
}

// F50: as recorded for an account with Overall/Read only: the queue is empty, two pipelines run.
func TestRecordedAccountWithoutJobRead(t *testing.T) {
	f := replayed(t, map[string]string{"GET " + queuePath: "426", "GET " + computersPath: "427", "GET " + rootPath: "425"})
	_, err := f.client().Snapshot(t.Context())
	wantFault(t, err, jenkins.InsufficientPermission, "Job/Read", `user "scaler"`)
}

// The rights that suffice.
func TestRecordedAccountWithAllRights(t *testing.T) {
	f := replayed(t, map[string]string{"GET " + queuePath: "471", "GET " + computersPath: "472", "GET " + rootPath: "470"})
	s := snapshot(t, f.client())
	if len(s.Items) != 4 || len(s.Computers) != 3 {
		t.Errorf("%d items and %d nodes, want 4 and 3", len(s.Items), len(s.Computers))
	}
}

func TestRecordedWhoAmI(t *testing.T) {
	for _, number := range []string{"013", "023"} {
		f := replayed(t, map[string]string{"GET " + whoPath: number})
		_, err := f.client().Snapshot(t.Context())
		wantFault(t, err, jenkins.AuthLost, "anonymous", "Authorization")
	}
	f := replayed(t, map[string]string{"GET " + whoPath: "035"})
	_, err := f.client().Snapshot(t.Context())
	wantFault(t, err, jenkins.AuthLost, `takes user "scaler" for "admin"`)
	if s := snapshot(t, f.client(func(o *Options) { o.User = "Admin" })); s.User != "admin" {
		t.Errorf("User = %q, want admin: names differ in case only", s.User)
	}
}

// With security off nobody is asked who he is.
func TestRecordedOpenJenkins(t *testing.T) {
	f := replayed(t, map[string]string{"GET " + whoPath: "013", "GET " + rootPath: "001"})
	if s := snapshot(t, f.client()); s.User != "anonymous" {
		t.Errorf("User = %q, want anonymous", s.User)
	}
	server, err := f.client().Server(t.Context())
	if err != nil || !server.Open || server.Version != "2.263.4" || server.Session != f.session {
		t.Errorf("Server = %+v, %v", server, err)
	}
}

func TestRecordedLabels(t *testing.T) {
	for _, c := range []struct {
		number, expr, path string
		want               Label
	}{
		{"077", "linux&&docker", "linux&&docker", Label{Name: "linux&&docker", Offline: true}},
		{"363", "swarm", "swarm", Label{Name: "swarm", Nodes: []string{"sw1-d6ec4676"}, Idle: 2, Total: 2}},
		{"491", "label with space", "label%20with%20space", Label{Name: "label with space", Offline: true}},
		{"493", "a/b", "a%2Fb", Label{Name: "a/b", Offline: true}},
	} {
		f := replayed(t, map[string]string{"GET /label/" + c.path + "/api/json": c.number})
		got, err := f.client().Label(t.Context(), c.expr)
		if err != nil {
			t.Errorf("Label(%q): %v; asked %v", c.expr, err, f.requests())
			continue
		}
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("Label(%q) (-want +got):\n%s", c.expr, diff)
		}
	}
	f := replayed(t, map[string]string{"GET /label/x/api/json": "083"})
	_, err := f.client().Label(t.Context(), "x")
	wantFault(t, err, jenkins.BadAnswer, "404")
	if _, err := f.client().Label(t.Context(), ""); err == nil {
		t.Error("the empty label was asked for")
	}
}
