package fleet

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/jenkins/scale"
)

// jobs knows which builds of a pool wait and run, to tell what has been queued and what has ended since.
type jobs struct {
	at    time.Time // of the last snapshot
	items map[int64]bool
	runs  map[string]string // by URL: the job's name
}

// maxRuns is how many builds are followed.
const maxRuns = 5000

// next returns what was queued and what ended between the last snapshot and this one.
func (j *jobs) next(s *jenkins.Snapshot, queued []demand.Job, agents []roster.Agent) []scale.Job {
	if s == nil || !s.At.After(j.at) {
		return nil
	}
	items, runs := map[int64]bool{}, map[string]string{}
	var out []scale.Job
	first := j.at.IsZero()
	for _, q := range queued {
		if len(items) < maxRuns {
			items[q.Item] = true
		}
		if !first && !j.items[q.Item] {
			out = append(out, scale.Job{Name: q.Name, At: q.At})
		}
	}
	for _, a := range agents {
		if a.Computer == nil {
			continue
		}
		for _, b := range a.Computer.Builds {
			if name := jobOf(b); name != "" && !b.OneOff && len(runs) < maxRuns {
				runs[b.URL] = name
			}
		}
	}
	for _, url := range slices.Sorted(maps.Keys(j.runs)) {
		if _, still := runs[url]; !still {
			out = append(out, scale.Job{Name: j.runs[url], Ended: true, At: s.At})
		}
	}
	j.at, j.items, j.runs = s.At, items, runs
	return out
}

// jobOf returns the full name of a build's job, as its URL has it: http://jenkins/job/shop/job/main/12/ is of shop/main.
func jobOf(b jenkins.Build) string {
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	var names []string
	parts := strings.Split(u.Path, "/")
	for i := 0; i+1 < len(parts); i++ {
		if parts[i] == "job" {
			i++
			names = append(names, parts[i])
		}
	}
	return strings.Join(names, "/")
}
