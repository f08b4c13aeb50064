package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/web"
)

// told is what the timeline says of the environment, the oldest first.
func (s *site) told(r *runner, more string) []string {
	s.t.Helper()
	_, body := r.get("/api/v1/timeline" + more)
	var list web.Timeline
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
	var out []string
	for i := range list.Items {
		e := list.Items[len(list.Items)-1-i]
		out = append(out, string(e.Kind)+" "+e.Actor+": "+e.Text)
	}
	return out
}

func TestWhatHappenedIsToldOnceAndKnownAfterARestart(t *testing.T) {
	s := newSite(t)
	state := t.TempDir()
	r := s.start("--leader-election=false", "--state-dir", state)
	of := "?env=" + s.env
	s.until(func() bool { return len(s.told(r, of)) == 1 })
	for n, patch := range []string{`{"data":{"executors":"7"}}`, `{"data":{"executors":"8"}}`} {
		s.edit(patch)
		s.until(func() bool { return len(s.told(r, of)) == 2+n })
	}
	hash := s.repo.Head()
	healed := "drift somebody: ConfigMap " + s.env + "/casc was changed (.data.executors) by somebody, and is put right"
	want := []string{"sync : commit " + hash[:7] + " is applied: 3 created, 0 changed, 0 pruned", healed, healed}
	if diff := cmp.Diff(want, s.told(r, of)); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	if code := r.stop(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	r = s.start("--leader-election=false", "--state-dir", state)
	r.ready()
	s.edit(`{"data":{"executors":"9"}}`)
	s.until(func() bool { return len(s.told(r, of)) > len(want) })
	if diff := cmp.Diff(append(want, healed), s.told(r, of)); diff != "" {
		t.Errorf("timeline after a restart (-want +got):\n%s", diff)
	}
	if starts := s.told(r, "?kind=fault"); len(starts) != 2 {
		t.Errorf("two starts are told as %q", starts)
	}
}

// Whoever listens hears of each look at the pools, and of what happens, in the words of the timeline.
func TestWhoListensHearsWhatHappensAndEachLook(t *testing.T) {
	s := newSite(t)
	r := s.start("--leader-election=false")
	s.until(func() bool { return len(s.told(r, "?env="+s.env)) == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	heard := map[string]string{} // data by event
	for event := ""; lines.Scan() && (heard["entry"] == "" || heard["sample"] == ""); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			event = value
		case field == "data" && heard[event] == "":
			if heard[event] = value; event == "state" {
				s.edit(`{"data":{"executors":"7"}}`)
			}
		}
	}
	has(t, heard["entry"], `"kind":"drift"`, s.env, "was changed (.data.executors) by somebody, and is put right", `"actor":"somebody"`)
	has(t, heard["sample"], `"at":`, `0,"pools":{}`)
}
