package rest

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"majordomo.dev/jenkins"
)

// Bounds of the history. Jenkins loads each build from its disk.
const (
	buildsPage     = 100
	jobsPage       = 200
	maxJobs        = 50_000
	maxFolders     = 30 // one in another
	historyTimeout = 4  // times that of other requests
)

// Past is a build that has ended.
type Past struct {
	Job     string // with its folders: shop/main
	Class   string // of the build
	Number  int
	URL     string
	Queued  time.Time // when it entered the queue, zero if Jenkins does not tell: its plugin metrics does
	Started time.Time // by the clock of Jenkins, as all times of the past
	Took    time.Duration
	Result  string  // SUCCESS, FAILURE, UNSTABLE, ABORTED, NOT_BUILT
	Node    string  // that it ran on; empty for the built-in node, and for pipelines, which have none of their own
	Label   *string // label expression that its job has today, nil where Jenkins does not tell: every pipeline
}

type jobsAnswer struct {
	Jobs *[]jobAnswer `json:"jobs"`
}

type jobAnswer struct {
	Name  string   `json:"name"`
	Label optional `json:"labelExpression"`
	Last  *struct {
		Timestamp int64 `json:"timestamp"`
	} `json:"lastBuild"`
	Jobs *[]struct{} `json:"jobs"` // a folder has some, or none; a job has no such field
}

type buildsAnswer struct {
	Builds *[]buildAnswer `json:"allBuilds"`
}

type buildAnswer struct {
	Class     string `json:"_class"`
	Number    int    `json:"number"`
	URL       string `json:"url"`
	Timestamp int64  `json:"timestamp"`
	Duration  int64  `json:"duration"`
	Building  bool   `json:"building"`
	Result    string `json:"result"`
	Node      string `json:"builtOn"`
	Actions   []struct {
		Queued *int64 `json:"queuingDurationMillis"`
	} `json:"actions"`
}

// job is one whose builds are wanted.
type job struct {
	name  string
	path  string
	label *string
}

// Builds visits the builds of all jobs that the account may see that have ended and began after since, job by job, the newest first. It ends
// with the first error that visit returns. Jobs that are deleted meanwhile are passed over.
func (c *Client) Builds(ctx context.Context, since time.Time, visit func(Past) error) error {
	h := &history{Client: c, since: since, visit: visit}
	return h.folder(ctx, "", "", 0)
}

// history is one walk through all jobs.
type history struct {
	*Client
	since time.Time
	visit func(Past) error
	jobs  int
}

func (h *history) folder(ctx context.Context, name, path string, depth int) error {
	if depth > maxFolders {
		return fmt.Errorf("folder %s: is nested more than %d levels deep", name, maxFolders)
	}
	for from := 0; ; from += jobsPage {
		var a jobsAnswer
		x := &exchange{name: "jobs", path: cmp.Or(path, "/"), patience: historyTimeout}
		x.tree = fmt.Sprintf("jobs[name,labelExpression,lastBuild[timestamp],jobs[name]{0,1}]{%d,%d}", from, from+jobsPage)
		switch err := h.get(ctx, x, &a); {
		case depth > 0 && missing(err):
			return nil
		case err != nil:
			return err
		case a.Jobs == nil:
			return x.fault(jenkins.BadAnswer, "the answer has no jobs; want those of a folder")
		}
		for _, j := range *a.Jobs {
			if err := h.item(ctx, name, path, j, depth); err != nil {
				return err
			}
		}
		if len(*a.Jobs) < jobsPage {
			return nil
		}
	}
}

// item visits a job, or all that is in a folder.
func (h *history) item(ctx context.Context, name, path string, j jobAnswer, depth int) error {
	if h.jobs++; h.jobs > maxJobs {
		return fmt.Errorf("there are more than %d jobs", maxJobs)
	}
	full, below := strings.TrimPrefix(name+"/"+j.Name, "/"), path+"/job/"+url.PathEscape(j.Name)
	switch {
	case j.Name == "" || j.Name == "." || j.Name == "..":
		return fmt.Errorf("a job in folder %q has the name %q, which Jenkins does not allow", name, j.Name)
	case j.Jobs != nil:
		return h.folder(ctx, full, below, depth+1)
	case j.Last == nil || time.UnixMilli(j.Last.Timestamp).Before(h.since):
		return nil
	}
	return h.builds(ctx, job{name: full, path: below, label: j.Label.pointer()})
}

// builds visits those of one job. Pages overlap when builds begin meanwhile: what was seen is passed over.
func (h *history) builds(ctx context.Context, j job) error {
	last := 0
	for from := 0; ; from += buildsPage {
		var a buildsAnswer
		x := &exchange{name: "builds", path: j.path, patience: historyTimeout}
		x.tree = fmt.Sprintf("allBuilds[number,url,timestamp,duration,building,result,builtOn,actions[queuingDurationMillis]]{%d,%d}", from, from+buildsPage)
		switch err := h.get(ctx, x, &a); {
		case missing(err):
			return nil
		case err != nil:
			return err
		case a.Builds == nil:
			return nil // something that has no builds, such as an external job
		}
		before := last
		for _, b := range *a.Builds {
			if last != 0 && b.Number >= last {
				continue
			}
			last = b.Number
			if b.Building || time.UnixMilli(b.Timestamp).Before(h.since) {
				continue
			}
			if err := h.visit(j.past(b)); err != nil {
				return err
			}
		}
		done := len(*a.Builds) == 0 || time.UnixMilli((*a.Builds)[len(*a.Builds)-1].Timestamp).Before(h.since)
		if done || len(*a.Builds) < buildsPage || last == before {
			return nil
		}
	}
}

func (j job) past(b buildAnswer) Past {
	p := Past{
		Job: j.name, Class: b.Class, Number: b.Number, URL: b.URL, Started: time.UnixMilli(b.Timestamp).UTC(), Took: span(b.Duration),
		Result: b.Result, Node: b.Node, Label: j.label,
	}
	for _, a := range b.Actions {
		if a.Queued != nil {
			p.Queued = p.Started.Add(-span(*a.Queued))
		}
	}
	return p
}

// span is a number of milliseconds; what makes none is none.
func span(ms int64) time.Duration {
	if ms < 0 || ms > int64(10*365*24*time.Hour/time.Millisecond) {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}
