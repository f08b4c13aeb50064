package demand_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
)

var whys = []string{
	"Waiting for next available executor", "Waiting for next available executor on ‘linux’", "Waiting for next available executor on ‘n-1’",
	"‘n-1’ is offline", "‘n-2’ is offline", "There are no nodes with the label ‘docker’", "All nodes of label ‘linux&&!docker’ are offline",
	"‘n-1’ is offline; ‘n-2’ doesn’t have label ‘docker’; ... and 7 more", "Jenkins is about to shut down", "In the quiet period. Expires in 4.8 sec",
	"‘u’ lacks permission to run on ‘n-1’", "There are no nodes with the label ‘ghost’", "Must run on n-1 not n-2", "?", "", "!linux", "‘’ is offline; ",
}

var expressions = []string{"", "linux", "docker", "linux && docker", "!linux", "ghost", "n-1", "linux &&", "a->b", "swarm"}

func drawItem(t *rapid.T, id int64) jenkins.Item {
	it := jenkins.Item{
		ID: id, Why: rapid.SampledFrom(whys).Draw(t, "why"), Since: start.Add(time.Duration(rapid.IntRange(0, 99).Draw(t, "since")) * time.Second),
		Buildable: rapid.Bool().Draw(t, "buildable"), Pending: rapid.Bool().Draw(t, "pending"), Stuck: rapid.Bool().Draw(t, "stuck"),
		Task: jenkins.Task{Class: placeholder, Name: rapid.SampledFrom([]string{"", "part of x #1", "y #2 (z)"}).Draw(t, "name")},
	}
	it.Blocked = !it.Buildable && rapid.Bool().Draw(t, "blocked")
	if !it.Buildable && !it.Blocked {
		it.QuietUntil = start
	}
	if rapid.Bool().Draw(t, "classic") {
		label := rapid.SampledFrom(expressions).Draw(t, "label")
		it.Task.Class, it.Task.Label = "hudson.model.FreeStyleProject", &label
	}
	return it
}

func drawSnapshot(t *rapid.T) (jenkins.Snapshot, []demand.Pool) {
	var s jenkins.Snapshot
	for i := range rapid.IntRange(0, 12).Draw(t, "items") {
		s.Items = append(s.Items, drawItem(t, int64(i)))
	}
	names := []string{"linux", "docker", "windows", "a"}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string])
	for i := range rapid.IntRange(0, 4).Draw(t, "nodes") {
		name := fmt.Sprintf("n-%d", i)
		s.Computers = append(s.Computers, jenkins.Computer{
			Name: name, Labels: append(some.Draw(t, "labels"), name), Executors: 1, Offline: rapid.Bool().Draw(t, "offline"), Connected: rapid.Bool().Draw(t, "connected"),
		})
	}
	var pools []demand.Pool
	for i := range rapid.IntRange(0, 4).Draw(t, "pools") {
		p := demand.Pool{ID: fmt.Sprintf("t/p%d", i), Labels: some.Draw(t, "offers"), Mode: rapid.SampledFrom([]string{"", pool.Normal, pool.Exclusive}).Draw(t, "mode")}
		if rapid.Bool().Draw(t, "has agents") {
			p.Agents = []string{fmt.Sprintf("n-%d", i)}
		}
		pools = append(pools, p)
	}
	return s, pools
}

func TestEveryItemCountsOnceAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pools := drawSnapshot(t)
		d := demand.Of(s, pools)
		counts, buildable := map[int64]int{}, map[int64]bool{}
		for _, it := range s.Items {
			buildable[it.ID] = it.Buildable && !it.Pending && !it.Blocked
		}
		queued, all := 0, 0
		for id, n := range d.Pools {
			queued += n.Queued
			for _, it := range n.Items {
				if counts[it.ID]++; counts[it.ID] > 1 || !buildable[it.ID] {
					t.Fatalf("item %d of %s counts again, or lacks more than an executor", it.ID, id)
				}
			}
			if n.Queued != len(n.Items) || n.Oldest.IsZero() != (n.Queued == 0) {
				t.Fatalf("%s: %d queued, %d told, oldest %v", id, n.Queued, len(n.Items), n.Oldest)
			}
		}
		for _, b := range buildable {
			if b {
				all++
			}
		}
		if queued+d.Missed > all {
			t.Fatalf("%d queued and %d unmatched, of %d", queued, d.Missed, all)
		}
	})
}

func TestTheOrderOfItemsNodesAndPoolsIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pools := drawSnapshot(t)
		want := demand.Of(s, pools)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		mixed := s
		mixed.Items, mixed.Computers, pools = slices.Clone(s.Items), slices.Clone(s.Computers), slices.Clone(pools)
		r.Shuffle(len(mixed.Items), func(i, j int) { mixed.Items[i], mixed.Items[j] = mixed.Items[j], mixed.Items[i] })
		r.Shuffle(len(mixed.Computers), func(i, j int) { mixed.Computers[i], mixed.Computers[j] = mixed.Computers[j], mixed.Computers[i] })
		r.Shuffle(len(pools), func(i, j int) { pools[i], pools[j] = pools[j], pools[i] })
		if diff := cmp.Diff(want, demand.Of(mixed, pools)); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
	})
}

func TestAnyAnswerOfJenkinsIsSurvived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, pools := drawSnapshot(t)
		for i := range s.Items {
			s.Items[i].Why = rapid.String().Draw(t, "why")
			if s.Items[i].Task.Label != nil {
				label := rapid.String().Draw(t, "label")
				s.Items[i].Task.Label = &label
			}
		}
		demand.Of(s, pools)
	})
}

// world is a simulated Jenkins with a node that never connects, so that it tells labels, and some agents of the pools.
func world(t *rapid.T, now *time.Time) (*jenkinstest.Jenkins, []demand.Pool) {
	j := jenkinstest.New(jenkinstest.Options{Now: func() time.Time { return *now }, Seed: rapid.Uint64().Draw(t, "seed"), Open: true, PipelineNames: true, Assign: time.Second})
	j.AddNode(jenkinstest.Node{Name: "sentinel", Labels: []string{"sentinel"}, Static: true, Offline: true, Exclusive: true})
	pools := []demand.Pool{
		{ID: "t/linux", Labels: []string{"linux"}},
		{ID: "t/docker", Labels: []string{"linux", "docker"}, Mode: pool.Exclusive},
		{ID: "t/windows", Labels: []string{"windows"}, Mode: pool.Exclusive},
	}
	for i, p := range pools {
		for n := range rapid.IntRange(0, 3).Draw(t, p.ID) {
			name := fmt.Sprintf("agent-%d-%d", i, n)
			j.AddNode(jenkinstest.Node{Name: name, Labels: p.Labels, Exclusive: p.Mode == pool.Exclusive})
			pools[i].Agents = append(pools[i].Agents, name)
			if rapid.Bool().Draw(t, "parked") {
				if err := j.Park(name, "drain"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return j, pools
}

var jobOf = regexp.MustCompile("job-[0-9]+")

// TestEveryBuildableItemReachesAPoolThatFits asks a simulated Jenkins, whose own parser evaluates the labels: what it would not put on a
// pool's agents is not counted for the pool, whatever it tells, and what fits a pool is not lost.
func TestEveryBuildableItemReachesAPoolThatFits(t *testing.T) {
	fits := map[string][]string{
		"": {"t/linux"}, "linux": {"t/linux", "t/docker"}, "docker": {"t/docker"}, "linux && docker": {"t/docker"}, "linux && !docker": {"t/linux"},
		"windows || mac": {"t/windows"}, "linux -> docker": {"t/docker", "t/windows"}, "swarm": {"t/linux", "t/docker", "t/windows"}, "ghost": nil,
	}
	rapid.Check(t, func(t *rapid.T) {
		now := start
		j, pools := world(t, &now)
		wants := map[string]string{} // label by job
		for i := range rapid.IntRange(1, 12).Draw(t, "jobs") {
			label := rapid.SampledFrom(slices.Sorted(maps.Keys(fits))).Draw(t, "label")
			name := fmt.Sprintf("job-%d", i)
			wants[name] = label
			j.AddJob(jenkinstest.Job{Name: name, Label: label, Pipeline: rapid.Bool().Draw(t, "pipeline")})
			if _, err := j.Order(jenkinstest.Order{Job: name, Count: rapid.IntRange(1, 3).Draw(t, "builds")}); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 4).Draw(t, "seconds") {
			now = now.Add(500 * time.Millisecond)
			j.FinishOn("agent-0-0")
		}
		s := ask(t, j)
		d := demand.Of(s, pools)
		pooled := map[int64]string{}
		for id, n := range d.Pools {
			for _, it := range n.Items {
				pooled[it.ID] = id
			}
		}
		for _, it := range s.Items {
			label, known := wants[jobOf.FindString(it.Task.Name)]
			if !known {
				t.Fatalf("item %+v is of no job", it)
			}
			if !it.Buildable || it.Pending || it.Task.Class == "org.jenkinsci.plugins.workflow.job.WorkflowJob" {
				continue
			}
			if id := pooled[it.ID]; id == "" && len(fits[label]) > 0 || id != "" && !slices.Contains(fits[label], id) {
				t.Fatalf("item %d, %s, wants %q and got %q; Jenkins says %q", it.ID, it.Task.Name, label, id, it.Why)
			}
		}
	})
}

// ask reads queue and computers of a simulated Jenkins.
func ask(t *rapid.T, j *jenkinstest.Jenkins) jenkins.Snapshot {
	var q queue
	var c computers
	get := func(path string, into any) {
		w := httptest.NewRecorder()
		j.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
	}
	get("/queue/api/json?tree=items[id,why,stuck,blocked,buildable,pending,inQueueSince,buildableStartMilliseconds,timestamp,task[name,url,labelExpression]]", &q)
	get("/computer/api/json?tree=computer[displayName,numExecutors,offline,temporarilyOffline,absoluteRemotePath,assignedLabels[name]]", &c)
	return snapshot(q, c)
}
