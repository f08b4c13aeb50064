package jenkinstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Job is something that can be built.
type Job struct {
	// Name is its full name: shop/main is the job main in the folder shop.
	Name string
	// Label is the label expression of the nodes that may build it; empty for any.
	Label string
	// Pipeline makes it one: its body runs on the built-in node, and its steps on agents.
	Pipeline bool
	// Steps are the node steps of a pipeline, all at the same time. If nil, there is one, with Label and Duration.
	Steps []Step
	// Duration is how long a build takes; 0 means until it is told to finish.
	Duration time.Duration
	// Spread is by how much a build may take longer, by chance.
	Spread time.Duration
	// Serial allows one build at a time, as new jobs of Jenkins do. Without it the job is concurrent.
	Serial bool
	// Quiet is the quiet period of builds that are asked for by HTTP; that of the Options if 0.
	Quiet time.Duration
	// Params are the names of its parameters.
	Params []string
	// Prefer is the node that it takes if it can.
	Prefer string
	// Disabled refuses builds.
	Disabled bool
	// Description is free text.
	Description string
}

// Step is a node step of a pipeline.
type Step struct {
	Label    string
	Duration time.Duration
}

// Order is builds that are asked for.
type Order struct {
	Job   string
	Count int // 1 if 0
	// Duration of these builds, for a pipeline of each of its steps; that of the job if 0.
	Duration time.Duration
	// Params are those of the builds. With Count > 1 each build has a parameter BUILD too, or they would merge.
	Params map[string]string
	// Quiet is how long they wait before they can be built.
	Quiet time.Duration
	// User is who asks; admin if empty.
	User string
}

// job is a Job with what has become of it.
type job struct {
	Job
	label *label
	shown string // label expression as the API shows it
	next  int
	xml   string // its configuration, if that came as XML
	runs  []*run // the oldest first
}

func (w *world) addJob(of Job) *job {
	j := w.jobs[of.Name]
	if j == nil {
		j = &job{next: 1}
		w.jobs[of.Name] = j
	}
	if of.Pipeline && of.Steps == nil {
		of.Steps = []Step{{Label: of.Label, Duration: of.Duration}}
	}
	j.Job = of
	j.label, j.shown = w.readLabel(of.Label)
	if of.Pipeline {
		j.label, j.shown = nil, ""
	}
	for i, c := range of.Name {
		if c == '/' {
			w.folders[of.Name[:i]] = true
		}
	}
	if of.Disabled {
		w.dropItems(j)
	}
	return j
}

// dropItems cancels what waits of a job.
func (w *world) dropItems(j *job) {
	for _, it := range slices.Clone(w.queue) {
		if it.job == j && it.step == nil {
			w.cancel(it)
		}
	}
}

func (j *job) class() string {
	if j.Pipeline {
		return "org.jenkinsci.plugins.workflow.job.WorkflowJob"
	}
	return "hudson.model.FreeStyleProject"
}

// base is the name without the folders.
func (j *job) base() string { return j.Name[strings.LastIndexByte(j.Name, '/')+1:] }

// path is the URL of a job relative to that of Jenkins.
func jobPath(name string) string { return "job/" + strings.ReplaceAll(name, "/", "/job/") + "/" }

func (j *job) last() *run {
	if len(j.runs) == 0 {
		return nil
	}
	return j.runs[len(j.runs)-1]
}

// latest returns the newest build that is as wanted.
func (j *job) latest(wanted func(*run) bool) *run {
	for _, r := range slices.Backward(j.runs) {
		if wanted(r) {
			return r
		}
	}
	return nil
}

// estimate is the mean of the last three builds that ended, those that succeeded first; -1 if there is none.
func (j *job) estimate() time.Duration {
	var good, bad []time.Duration
	for _, r := range slices.Backward(j.runs) {
		switch {
		case r.running():
		case r.result == "SUCCESS":
			good = append(good, r.ended.Sub(r.started))
		case len(bad) < 6:
			bad = append(bad, r.ended.Sub(r.started))
		}
		if len(good) == 3 {
			break
		}
	}
	of := append(good, bad...)
	of = of[:min(len(of), 3)]
	if len(of) == 0 {
		return -1
	}
	var sum time.Duration
	for _, d := range of {
		sum += d
	}
	return sum / time.Duration(len(of))
}

func (w *world) order(o Order) ([]int64, error) {
	j := w.jobs[o.Job]
	switch {
	case j == nil:
		return nil, fmt.Errorf("there is no job %q: AddJob adds one", o.Job)
	case j.Disabled:
		return nil, fmt.Errorf("job %q is disabled", o.Job)
	case o.Count < 0:
		return nil, fmt.Errorf("%d builds of %q: the count is not negative", o.Count, o.Job)
	}
	var ids []int64
	for range max(o.Count, 1) {
		params := pairs(o.Params)
		w.queued++
		if o.Count > 0 {
			params = append(params, [2]string{"BUILD", fmt.Sprint(w.queued)})
		}
		it := w.enqueue(j, params, o.User, o.Quiet)
		it.duration = o.Duration
		ids = append(ids, it.id)
	}
	return ids, nil
}

func pairs(of map[string]string) [][2]string {
	var all [][2]string
	for _, k := range slices.Sorted(maps.Keys(of)) {
		all = append(all, [2]string{k, of[k]})
	}
	return all
}
