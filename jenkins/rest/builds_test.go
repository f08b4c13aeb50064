package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
)

// past is a Jenkins with a history: jobs by their path, with the builds that they have had.
type past struct {
	f       *fake
	folders map[string][]string // names in a folder, by its path
	labels  map[string]string
	builds  map[string][]map[string]any // the newest first
	asked   []string
}

var pages = regexp.MustCompile(`\{(\d+),(\d+)\}$`)

func newPast(t *testing.T) *past {
	t.Helper()
	p := &past{f: newFake(t), folders: map[string][]string{}, labels: map[string]string{}, builds: map[string][]map[string]any{}}
	p.f.Config.Handler = http.HandlerFunc(p.serve)
	return p
}

func (p *past) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/api/json")
	tree := r.URL.Query().Get("tree")
	m := pages.FindStringSubmatch(tree)
	if m == nil {
		http.Error(w, "no range", http.StatusInternalServerError)
		return
	}
	p.asked = append(p.asked, path+" "+m[0])
	from, _ := strconv.Atoi(m[1])
	to, _ := strconv.Atoi(m[2])
	var body any
	if names, ok := p.folders[path]; ok {
		jobs := []any{}
		for _, name := range names[min(from, len(names)):min(to, len(names))] {
			jobs = append(jobs, p.job(path+"/job/"+name, name))
		}
		body = map[string]any{"_class": "folder", "jobs": jobs}
	} else if builds, ok := p.builds[path]; ok {
		body = map[string]any{"_class": "job", "allBuilds": builds[min(from, len(builds)):min(to, len(builds))]}
	} else {
		http.NotFound(w, r)
		return
	}
	asJenkins(w)
	_ = json.NewEncoder(w).Encode(body)
}

func (p *past) job(path, name string) map[string]any {
	j := map[string]any{"_class": "job", "name": name}
	if names, ok := p.folders[path]; ok {
		j["jobs"] = make([]struct{}, min(1, len(names)))
		return j
	}
	j["lastBuild"] = nil
	if b := p.builds[path]; len(b) > 0 {
		j["lastBuild"] = map[string]any{"timestamp": b[0]["timestamp"]}
	}
	if l, ok := p.labels[path]; ok {
		j["labelExpression"] = l
	}
	return j
}

// add adds builds to a job, the newest one begun at last, each an hour before the next one.
func (p *past) add(path string, n int, last time.Time, more map[string]any) {
	for i := range n {
		b := map[string]any{
			"_class": "hudson.model.FreeStyleBuild", "number": n - i, "timestamp": last.Add(-time.Duration(i) * time.Hour).UnixMilli(), "duration": 60_000,
			"building": false, "result": "SUCCESS", "url": fmt.Sprintf("http://j%s/%d/", path, n-i), "actions": []any{map[string]any{}},
		}
		for k, v := range more {
			b[k] = v
		}
		p.builds[path] = append(p.builds[path], b)
	}
}

func TestBuildsOfAllJobs(t *testing.T) {
	p := newPast(t)
	p.folders[""] = []string{"a", "team", "idle", "old", "gone"}
	p.folders["/job/team"] = []string{"b c", "empty"}
	p.folders["/job/team/job/empty"] = []string{}
	p.labels["/job/a"] = "linux && docker"
	p.add("/job/a", 2, at, map[string]any{"builtOn": "agent-1", "actions": []any{map[string]any{}, map[string]any{"queuingDurationMillis": 30_000}}})
	p.builds["/job/a"][0]["building"] = true
	p.add("/job/team/job/b c", 1, at, map[string]any{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun"})
	p.builds["/job/idle"] = nil
	p.add("/job/old", 3, at.Add(-100*time.Hour), nil)
	p.add("/job/gone", 1, at, nil)
	var got []Past
	err := p.f.client().Builds(t.Context(), at.Add(-50*time.Hour), func(b Past) error {
		got = append(got, b)
		delete(p.builds, "/job/gone")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	label := "linux && docker"
	began := at.Add(-time.Hour)
	want := []Past{
		{
			Job: "a", Class: "hudson.model.FreeStyleBuild", Number: 1, URL: "http://j/job/a/1/", Queued: began.Add(-30 * time.Second), Started: began,
			Took: time.Minute, Result: "SUCCESS", Node: "agent-1", Label: &label,
		},
		{
			Job: "team/b c", Class: "org.jenkinsci.plugins.workflow.job.WorkflowRun", Number: 1, URL: "http://j/job/team/job/b c/1/", Started: at,
			Took: time.Minute, Result: "SUCCESS",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("builds (-want +got):\n%s", diff)
	}
	for _, asked := range p.asked {
		if strings.HasPrefix(asked, "/job/old ") || strings.HasPrefix(asked, "/job/idle ") {
			t.Errorf("%s: nothing of it is wanted", asked)
		}
	}
}

func TestBuildsInPages(t *testing.T) {
	p := newPast(t)
	for i := range jobsPage + 5 {
		p.folders[""] = append(p.folders[""], fmt.Sprintf("j%d", i))
	}
	p.add("/job/j0", 2*buildsPage+50, at, nil)
	p.add(fmt.Sprintf("/job/j%d", jobsPage+4), 1, at, nil)
	count := func(since time.Time) map[string]int {
		p.asked = nil
		n := map[string]int{}
		err := p.f.client().Builds(t.Context(), since, func(b Past) error {
			if b.Number == 2*buildsPage && n[b.Job] < 1000 { // builds begin meanwhile: pages shift
				p.builds["/job/j0"] = append([]map[string]any{{
					"number": len(p.builds["/job/j0"]) + 1, "timestamp": at.UnixMilli(), "building": true, "url": "x",
				}}, p.builds["/job/j0"]...)
			}
			n[b.Job]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got, want := count(time.Time{}), map[string]int{"j0": 2*buildsPage + 50, fmt.Sprintf("j%d", jobsPage+4): 1}; !cmp.Equal(want, got) {
		t.Errorf("builds %v, want %v", got, want)
	}
	if got, want := count(at.Add(-10*time.Hour)), map[string]int{"j0": 11, fmt.Sprintf("j%d", jobsPage+4): 1}; !cmp.Equal(want, got) {
		t.Errorf("builds since 10 hours %v, want %v", got, want)
	}
	for _, asked := range p.asked {
		if strings.HasPrefix(asked, "/job/j0 {100") {
			t.Errorf("asked for %s, which is older", asked)
		}
	}
}

func TestBuildsEnd(t *testing.T) {
	p := newPast(t)
	p.folders[""] = []string{"a"}
	p.add("/job/a", 3, at, nil)
	enough, n := errors.New("enough"), 0
	err := p.f.client().Builds(t.Context(), time.Time{}, func(Past) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("Builds = %v after %d builds, want the error of visit after one", err, n)
	}
	p.folders["/job/a"], p.folders["/job/a/job/a"] = []string{"a"}, nil // one in another without end
	deep := "/job/a"
	for range maxFolders + 2 {
		p.folders[deep] = []string{"a"}
		deep += "/job/a"
	}
	if err := p.f.client().Builds(t.Context(), time.Time{}, func(Past) error { return nil }); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("Builds = %v, want an end to it", err)
	}
	p.folders = map[string][]string{"": {".."}}
	if err := p.f.client().Builds(t.Context(), time.Time{}, func(Past) error { return nil }); err == nil {
		t.Error("a job named .. was asked for")
	}
	f := newFake(t)
	f.handle("GET "+rootPath, recorded(t, "018").replay)
	wantFault(t, f.client().Builds(t.Context(), time.Time{}, nil), jenkins.AuthLost)
	f.json("GET "+rootPath, `{"_class":"hudson.model.Hudson"}`)
	wantFault(t, f.client().Builds(t.Context(), time.Time{}, nil), jenkins.BadAnswer, "no jobs")
}

func TestSpan(t *testing.T) {
	for ms, want := range map[int64]time.Duration{0: 0, -1: 0, 1500: 1500 * time.Millisecond, 1 << 62: 0} {
		if got := span(ms); got != want {
			t.Errorf("span(%d) = %s, want %s", ms, got, want)
		}
	}
}
