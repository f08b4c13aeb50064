package jenkinstest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"majordomo.dev/jenkins/jenkinstest"
)

func control(t *testing.T, j *jenkinstest.Jenkins, method, path string, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	r, err := http.NewRequestWithContext(context.Background(), method, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	j.Control().ServeHTTP(w, r)
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
	}
	return w.Code
}

func TestControlDoesWhatTheMethodsDo(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "compile"})
	j.AddNode(jenkinstest.Node{Name: "agent-1"}, jenkinstest.Node{Name: "agent-2"}, jenkinstest.Node{Name: "agent-3"})
	var stats jenkinstest.Stats
	see := func(what string, ok func() bool) {
		t.Helper()
		control(t, j, "GET", "/sim/stats", &stats)
		if !ok() {
			t.Errorf("%s: %+v", what, stats)
		}
	}
	post := func(path string) {
		t.Helper()
		if code := control(t, j, "POST", path, nil); code != 200 {
			t.Errorf("POST %s: %d", path, code)
		}
	}
	post("/sim/enqueue?job=compile&count=4&duration=30s")
	see("three run, one waits", func() bool { return stats.Running == 3 && stats.Waiting == 1 })
	post("/sim/finish?job=compile&number=1")
	see("one has ended, the last runs", func() bool { return stats.Finished == 1 && stats.Running == 3 })
	post("/sim/kill?node=agent-1")
	see("one is lost", func() bool { return stats.Lost == 1 })
	var lost map[string][]jenkinstest.LostBuild
	control(t, j, "GET", "/sim/lost", &lost)
	if len(lost["lost"]) != 1 || lost["lost"][0].Node != "agent-1" {
		t.Errorf("/sim/lost = %+v", lost)
	}
	post("/sim/excuse?agent=agent-2")
	post("/sim/kill?node=agent-2")
	see("one is excused", func() bool { return stats.Lost == 1 && stats.Excused == 1 })
	post("/sim/park?node=agent-3&reason=x")
	post("/sim/finish")
	var nodes []jenkinstest.NodeState
	control(t, j, "GET", "/sim/nodes", &nodes)
	if len(nodes) != 1 || !nodes[0].Parked || nodes[0].Busy != 0 || nodes[0].Reason != "x" {
		t.Errorf("/sim/nodes = %+v", nodes)
	}
	post("/sim/unpark?node=agent-3")
	post("/sim/fault?kind=html&path=/queue&times=1")
	if got := get(t, j, "scaler", "/queue/api/json"); !strings.Contains(got, "<form") {
		t.Errorf("with the fault: %s", got)
	}
	post("/sim/hang")
	post("/sim/hang?on=false")
	post("/sim/quiet?reason=upgrade")
	if got := get(t, j, "scaler", "/api/json?tree=quietingDown"); !strings.Contains(got, "true") {
		t.Errorf("quiet: %s", got)
	}
	post("/sim/crash")
	if j.Up() {
		t.Error("up after a crash")
	}
}

func TestControlRefusesWhatItDoesNotKnow(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{})
	for path, want := range map[string]string{
		"/sim/enqueue?job=nope":               `there is no job "nope"`,
		"/sim/enqueue?job=nope&count=x":       "want a number",
		"/sim/enqueue?job=nope&duration=long": "want something like 30s",
		"/sim/kill?node=nope":                 `there is no node "nope"`,
		"/sim/fault?kind=nope":                "want one of hang, hang-body",
		"/sim/quiet?on=perhaps":               "want true or false",
		"/sim/finish?job=nope&number=1":       "does not run",
	} {
		var got map[string]string
		if code := control(t, j, "POST", path, &got); code != 400 || !strings.Contains(got["error"], want) {
			t.Errorf("POST %s: %d %v, want 400 with %q", path, code, got, want)
		}
	}
}
