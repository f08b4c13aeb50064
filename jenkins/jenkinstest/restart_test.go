package jenkinstest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
)

// status returns what a path answers to the scaler: a status, or 0 for no connection.
func status(t *testing.T, j *jenkinstest.Jenkins, path string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://jenkins.test"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(j.Credentials("scaler"))
	resp, err := j.Client().Do(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func TestARestartGoesThroughAllPhases(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux", Duration: 30 * time.Second}, jenkinstest.Job{Name: "nobody", Label: "mac"})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}}, jenkinstest.Node{Name: "old", Static: true})
	j.Enqueue("compile", 1)
	j.Enqueue("nobody", 1)
	_, before := status(t, j, "/api/json")
	j.Restart()
	for _, step := range []struct {
		after time.Duration
		want  int
		sees  string
	}{
		{29 * time.Second, 200, `"quietingDown":true`}, // the build is still running
		{2 * time.Second, 503, "Restarting Jenkins"},
		{9100 * time.Millisecond, 401, ""},
		{200 * time.Millisecond, 0, ""},
		{7 * time.Second, 503, "Starting Jenkins"},
		{10 * time.Second, 200, `"quietingDown":false`},
	} {
		clock.Advance(step.after)
		got, _ := status(t, j, "/api/json")
		if got != step.want {
			t.Errorf("after %v more: status %d, want %d", step.after, got, step.want)
		}
		if step.sees != "" {
			if body := get(t, j, "scaler", "/api/json"); !strings.Contains(body, step.sees) {
				t.Errorf("after %v more: %s, want %s in it", step.after, body, step.sees)
			}
		}
	}
	_, after := status(t, j, "/api/json")
	if after.Get("X-Jenkins-Session") == before.Get("X-Jenkins-Session") {
		t.Error("the session is still the same")
	}
	if _, ok := j.Node("agent-1"); ok {
		t.Error("the swarm node is there before its agent has come back")
	}
	if got := get(t, j, "scaler", "/queue/api/json"); !strings.Contains(got, `"name":"nobody"`) {
		t.Errorf("the queue is lost: %s", got)
	}
	clock.Advance(6 * time.Second)
	for _, name := range []string{"agent-1", "old"} {
		if n, _ := j.Node(name); !n.Online {
			t.Errorf("%s has not come back: %+v", name, n)
		}
	}
	if s := j.Stats(); s.Lost+s.Excused != 0 || s.Finished != 1 {
		t.Errorf("a restart that waited for the build has cost one: %+v", s)
	}
}

func TestARestartWaitsForABuildThatIsAboutToBegin(t *testing.T) {
	users := map[string]jenkinstest.User{"root": {Token: "t", Permissions: []string{jenkinstest.Administer}}}
	for _, hard := range []bool{false, true} {
		clock := jenkinstest.NewClock(start)
		j := jenkinstest.New(jenkinstest.Options{Now: clock.Now, Users: users, Assign: 2 * time.Second})
		j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux", Duration: 20 * time.Second})
		j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}})
		j.Enqueue("compile", 1)
		finished := 1 // before Jenkins goes
		if hard {
			if got := request(t, j, "root", http.MethodPost, "/restart"); got != "Found" {
				t.Fatal(got)
			}
			finished = 0 // the build has not begun, and waits in the queue
		} else {
			j.Restart()
		}
		clock.Advance(25 * time.Second)
		if s := j.Stats(); s.Finished != finished || s.Lost+s.Excused != 0 {
			t.Errorf("hard %v: after 25 s %+v, want %d finished and none lost", hard, s, finished)
		}
		clock.Advance(2 * time.Minute)
		if s := j.Stats(); s.Finished != 1 || s.Lost+s.Excused != 0 || !j.Up() {
			t.Errorf("hard %v: after the restart %+v, want 1 finished and none lost", hard, s)
		}
	}
}

func TestAPipelineResumesOnItsAgentAfterARestart(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "pipe", Label: "linux", Pipeline: true, Duration: 2 * time.Minute})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}}, jenkinstest.Node{Name: "agent-2", Labels: []string{"linux"}})
	j.Enqueue("pipe", 2)
	j.Restart()
	clock.Advance(29 * time.Second)
	if got := get(t, j, "scaler", "/queue/api/json"); strings.Count(got, "PlaceholderTask") != 2 || !strings.Contains(got, "Waiting for next available executor") {
		t.Errorf("queue right after the restart = %s, want two steps that wait for their nodes", got)
	}
	if err := j.Kill("agent-2"); err == nil {
		t.Error("agent-2 has a node before it came back")
	}
	clock.Advance(4 * time.Second) // both are back
	if s := j.Stats(); s.Busy != 2 || s.Waiting != 0 {
		t.Errorf("stats after the agents came back = %+v, want 2 busy", s)
	}
	clock.Advance(time.Hour)
	if s := j.Stats(); s.Finished != 2 || s.Lost != 0 {
		t.Errorf("stats at the end = %+v", s)
	}
}

func TestAPipelineIsLostFiveMinutesAfterItsAgent(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "pipe", Label: "linux", Pipeline: true, Duration: time.Hour})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}})
	j.Enqueue("pipe", 1)
	if err := j.Kill("agent-1"); err != nil {
		t.Fatal(err)
	}
	n, ok := j.Node("agent-1")
	if !ok || !n.Ghost || n.Busy != 1 {
		t.Errorf("the pipeline holds no ghost: %+v", n)
	}
	clock.Advance(5*time.Minute - time.Second)
	if l := j.Lost(); len(l) != 0 {
		t.Errorf("lost too early: %+v", l)
	}
	clock.Advance(2 * time.Second)
	if l := j.Lost(); len(l) != 1 || !l[0].Pipeline || l[0].Node != "agent-1" {
		t.Errorf("Lost() = %+v, want the pipeline", l)
	}
	if _, ok := j.Node("agent-1"); ok {
		t.Error("the ghost is still there")
	}
}

func TestAPipelineGoesOnWhenItsAgentReconnects(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "pipe", Label: "linux", Pipeline: true, Duration: time.Minute})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}})
	j.Enqueue("pipe", 1)
	if err := j.Disconnect("agent-1"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Minute)
	if s := j.Stats(); s.Finished != 1 || s.Lost != 0 {
		t.Errorf("stats = %+v, want the pipeline finished", s)
	}
}

func TestACrashLosesWhatNobodyCanSave(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "compile", Label: "linux"}, jenkinstest.Job{Name: "early", Label: "mac"}, jenkinstest.Job{Name: "late", Label: "mac"})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux"}})
	j.Enqueue("compile", 1)
	j.Enqueue("early", 1)
	clock.Advance(2 * time.Minute)
	j.Enqueue("late", 1)
	j.Crash()
	if got, _ := status(t, j, "/api/json"); got != 0 {
		t.Errorf("status of a process that was killed = %d", got)
	}
	clock.Advance(time.Minute)
	if got := get(t, j, "scaler", "/queue/api/json"); !strings.Contains(got, `"early"`) || strings.Contains(got, `"late"`) {
		t.Errorf("queue after the crash = %s, want early without late", got)
	}
	if s := j.Stats(); s.Lost != 0 || s.Excused != 1 {
		t.Errorf("stats = %+v, want the build excused: no agent killed it", s)
	}
	if l := j.ExcusedLosses(); len(l) != 1 || l[0].Why != "Jenkins crashed" {
		t.Errorf("excused = %+v", l)
	}
}

func TestAFrozenAgentIsNoticedByAPing(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now})
	j.AddJob(jenkinstest.Job{Name: "compile", Duration: time.Second})
	j.AddNode(jenkinstest.Node{Name: "agent-1", Static: true})
	if err := j.Freeze("agent-1"); err != nil {
		t.Fatal(err)
	}
	j.Enqueue("compile", 1)
	clock.Advance(8 * time.Minute)
	if n, _ := j.Node("agent-1"); !n.Online || n.Busy != 1 {
		t.Errorf("frozen agent after 8 min = %+v, want online with a build that hangs", n)
	}
	clock.Advance(time.Minute)
	if n, _ := j.Node("agent-1"); n.Online || !strings.HasPrefix(n.Reason, "Connection was broken: java.util.concurrent.TimeoutException: Ping started at ") {
		t.Errorf("frozen agent after 9 min = %+v", n)
	}
	if l := j.Lost(); len(l) != 1 {
		t.Errorf("Lost() = %+v, want the build that hung", l)
	}
}
