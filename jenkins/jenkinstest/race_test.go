package jenkinstest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
)

func TestParkingAnswersOnceAnAssignmentIsVisible(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now, Assign: time.Second})
	j.AddJob(jenkinstest.Job{Name: "compile", Duration: time.Minute})
	j.AddNode(jenkinstest.Node{Name: "agent-1"})
	j.Enqueue("compile", 1)
	request(t, j, "scaler", http.MethodPost, "/computer/agent-1/toggleOffline?offlineMessage=drain")
	const tree = "/computer/agent-1/api/json?tree=idle,temporarilyOffline,executors[idle,currentExecutable[url]]"
	want := `"executors":[{"currentExecutable":null,"idle":false}],"idle":false,"temporarilyOffline":true`
	if got := get(t, j, "scaler", tree); !strings.Contains(got, want) {
		t.Errorf("parked right after an executor was chosen: %s, want %s", got, want)
	}
	if got := get(t, j, "scaler", "/queue/api/json"); !strings.Contains(got, `"buildable":true`) || !strings.Contains(got, `"pending":true`) {
		t.Errorf("queue = %s, want a pending item", got)
	}
	clock.Advance(600 * time.Millisecond)
	if got := get(t, j, "scaler", "/queue/api/json"); !strings.Contains(got, `"items":[]`) {
		t.Errorf("queue half way = %s, want the item gone", got)
	}
	if got := get(t, j, "scaler", tree); !strings.Contains(got, want) {
		t.Errorf("computer half way = %s, want %s", got, want)
	}
	clock.Advance(500 * time.Millisecond)
	if got := get(t, j, "scaler", tree); !strings.Contains(got, `/job/compile/1/"`) {
		t.Errorf("the build that slipped in does not run: %s", got)
	}
}

func TestSomeJenkinsAssignForAMomentAfterParking(t *testing.T) {
	clock := jenkinstest.NewClock(start)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now, LateAssign: time.Second})
	j.AddJob(jenkinstest.Job{Name: "compile", Duration: time.Minute})
	j.AddNode(jenkinstest.Node{Name: "agent-1"}, jenkinstest.Node{Name: "agent-2"})
	for _, n := range []string{"agent-1", "agent-2"} {
		if err := j.Park(n, "drain"); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(500 * time.Millisecond)
	j.Enqueue("compile", 1)
	if s := j.Stats(); s.Busy != 1 {
		t.Errorf("within the second: %+v, want the build on a parked node", s)
	}
	clock.Advance(600 * time.Millisecond)
	j.Enqueue("compile", 1)
	if s := j.Stats(); s.Busy != 1 {
		t.Errorf("after the second: %+v, want no other build", s)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	j := jenkinstest.New(jenkinstest.Options{Open: true})
	j.AddJob(jenkinstest.Job{Name: "compile", Duration: time.Millisecond})
	url := j.Start(t)
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for k := range 25 {
				name := fmt.Sprintf("agent-%d", i)
				j.AddNode(jenkinstest.Node{Name: name})
				j.Enqueue("compile", 1)
				for _, path := range []string{"/queue/api/json", "/computer/api/json?depth=1"} {
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					resp, err := client.Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					_ = resp.Body.Close()
				}
				if k%2 == 0 {
					_ = j.Park(name, "x")
				}
			}
		})
	}
	wait.Wait()
	if s := j.Stats(); s.Queued != 100 {
		t.Errorf("stats = %+v, want 100 orders", s)
	}
}

func TestItRunsInSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		j := jenkinstest.New(jenkinstest.Options{})
		j.AddJob(jenkinstest.Job{Name: "compile", Duration: time.Hour})
		j.AddNode(jenkinstest.Node{Name: "agent-1"})
		j.Enqueue("compile", 3)
		if err := j.Wait(t.Context(), func(s jenkinstest.Stats) bool { return s.Finished == 3 }); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(began); got != 3*time.Hour {
			t.Errorf("three builds of an hour on one executor took %v", got)
		}
	})
}
