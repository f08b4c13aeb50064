package rest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins"
)

// seeds are the recorded answers and the bodies that are none.
func seeds(f *testing.F, part string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "transcripts", "*"+part+"*.http"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, answer, _ := strings.Cut(string(data), "### RESPONSE\n")
		if _, body, ok := strings.Cut(strings.ReplaceAll(answer, "\r\n", "\n"), "\n\n"); ok && len(body) < 16<<10 {
			f.Add([]byte(body))
		}
	}
	for _, c := range bodies {
		if len(c.body) < 4<<10 {
			f.Add([]byte(c.body))
		}
	}
}

// fuzzed takes a snapshot in which one answer is what the fuzzer says. It has to be a fault, or all that a snapshot promises.
func fuzzed(t *testing.T, path string, body []byte) {
	t.Helper()
	c := open(t, "http://jenkins", func(o *Options) { o.Transport = canned{path: string(body)} })
	s, err := c.Snapshot(t.Context())
	if err != nil {
		if f := (*jenkins.Fault)(nil); !errors.As(err, &f) || f.Text == "" || strings.ContainsAny(f.Text, "\n\r") {
			t.Errorf("error %v (%T) is no proper fault", err, err)
		}
		return
	}
	for _, it := range s.Items {
		if it.ID <= 0 || it.Class == "" || it.Since.After(s.At) || it.BuildableSince.After(s.At) || !it.BuildableSince.IsZero() && it.BuildableSince.Before(it.Since) {
			t.Errorf("item %+v of a snapshot at %s", it, s.At)
		}
	}
	if len(s.Computers) == 0 {
		t.Error("a snapshot without the built-in node")
	}
	for _, v := range s.Computers {
		if v.Name == "" || v.Busy < 0 || v.Executors < 0 || v.Idle && v.Busy > 0 || !v.Offline && !v.Connected || strings.Contains(v.OfflineReason, "\n") {
			t.Errorf("computer %+v", v)
		}
		for _, b := range v.Builds {
			if b.Started.After(s.At) || b.Estimated < 0 {
				t.Errorf("build %+v of a snapshot at %s", b, s.At)
			}
		}
	}
}

// FuzzQueue: whatever is said in place of a queue, nothing panics, and nobody waits for less than no time.
func FuzzQueue(f *testing.F) {
	seeds(f, "queue")
	f.Fuzz(func(t *testing.T, body []byte) { fuzzed(t, queuePath, body) })
}

// FuzzComputers: whatever is said in place of the nodes, nothing panics, and none that has work is idle.
func FuzzComputers(f *testing.F) {
	seeds(f, "computer")
	f.Fuzz(func(t *testing.T, body []byte) { fuzzed(t, computersPath, body) })
}

// FuzzServer: whatever is said of the server and of us.
func FuzzServer(f *testing.F) {
	seeds(f, "root")
	seeds(f, "whoami")
	f.Fuzz(func(t *testing.T, body []byte) {
		fuzzed(t, rootPath, body)
		fuzzed(t, whoPath, body)
	})
}

// FuzzDate: whatever a Jenkins says that the time is, waits are not negative.
func FuzzDate(f *testing.F) {
	f.Add("Sat, 21 Nov 2026 00:13:55 GMT", int64(1795220205352))
	f.Add("Thu, 01 Jan 1970 00:00:00 GMT", int64(-1))
	f.Add("Fri, 31 Dec 9999 23:59:59 GMT", int64(1<<62))
	f.Fuzz(func(t *testing.T, date string, ms int64) {
		tr := translation{at: at, skew: skewOf(date, at, at.Add(time.Second), 0)}
		if then := tr.past(ms); then.After(at) {
			t.Errorf("date %q, %d ms: %s is in the future", date, ms, then)
		}
	})
}
