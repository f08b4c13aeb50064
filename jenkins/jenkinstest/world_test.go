package jenkinstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
)

var start = time.Date(2026, 11, 21, 0, 12, 0, 0, time.UTC)

// get returns what a path answers to a user.
func get(t *testing.T, j *jenkinstest.Jenkins, user, path string) string {
	t.Helper()
	return request(t, j, user, http.MethodGet, path)
}

func request(t *testing.T, j *jenkinstest.Jenkins, user, method, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://jenkins.test"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(j.Credentials(user))
	resp, err := j.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(resp.Status + " " + string(body))
}

func TestABuildWaitsRunsAndEnds(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux && docker", Duration: time.Minute})
	j.Enqueue("compile", 2)
	const why = "/queue/api/json?tree=items[id,why,stuck,task[name,labelExpression]]"
	got := get(t, j, "scaler", why)
	if !strings.Contains(got, `"stuck":true,"task":{"_class":"hudson.model.FreeStyleProject","name":"compile","labelExpression":"linux && docker"},"why":"Waiting for next available executor"`) {
		t.Errorf("queue without nodes = %s", got)
	}
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux", "docker"}})
	if got := get(t, j, "scaler", why); !strings.Contains(got, "Waiting for next available executor on ‘agent-1’") {
		t.Errorf("queue with a busy node = %s", got)
	}
	if got := get(t, j, "scaler", "/computer/agent-1/api/json?tree=idle,executors[currentExecutable[url]]"); !strings.Contains(got, `compile/1/"`) {
		t.Errorf("busy computer = %s", got)
	}
	clock.Advance(90 * time.Second)
	s := j.Stats()
	if s.Finished != 1 || s.Running != 1 || s.MaxWait != time.Minute {
		t.Errorf("stats after 90 s = %+v", s)
	}
	clock.Advance(time.Minute)
	if s := j.Stats(); s.Finished != 2 || s.Busy != 0 || s.Lost != 0 {
		t.Errorf("stats at the end = %+v", s)
	}
}

func TestAParkedNodeGetsNoBuild(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{})
	j.AddJob(jenkinstest.Job{Name: "compile"})
	j.AddNode(jenkinstest.Node{Name: "agent-1"})
	if got := request(t, j, "scaler", http.MethodPost, "/computer/agent-1/toggleOffline?offlineMessage=drain"); got != "Found" {
		t.Fatalf("park = %s", got)
	}
	j.Enqueue("compile", 1)
	want := `"idle":true,"offline":true,"offlineCauseReason":"drain","temporarilyOffline":true`
	if got := get(t, j, "scaler", "/computer/agent-1/api/json?tree=idle,offline,offlineCauseReason,temporarilyOffline"); !strings.Contains(got, want) {
		t.Errorf("parked computer = %s, want %s", got, want)
	}
}

func TestABuildIsLostWithItsAgent(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{})
	j.AddJob(jenkinstest.Job{Name: "compile"})
	j.AddNode(jenkinstest.Node{Name: "agent-1"})
	j.Enqueue("compile", 1)
	if err := j.Kill("agent-1"); err != nil {
		t.Fatal(err)
	}
	lost := j.Lost()
	if len(lost) != 1 || lost[0].Job != "compile" || lost[0].Node != "agent-1" || lost[0].Why != "its agent was killed" {
		t.Errorf("Lost() = %+v", lost)
	}
	if _, ok := j.Node("agent-1"); ok {
		t.Error("the node of a dead swarm agent is still there")
	}
}
