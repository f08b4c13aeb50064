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

// jobs knows which builds of a pool wait and run, to tell what has been queued, what has begun and what has ended since.
type jobs struct {
	at    time.Time           // of the last snapshot
	items map[int64]time.Time // since when each lacks nothing but an agent
	runs  map[string]string   // by URL: the job's name
	early int                 // that left the queue, and have not been seen to run
}

// turnover is what is different from the snapshot before.
type turnover struct {
	jobs  []scale.Job
	waits []time.Duration // of builds that have got an agent
}

// maxRuns is how many builds are followed.
const maxRuns = 5000

// next returns what was queued, what began and what ended between the last snapshot and this one.
func (j *jobs) next(s *jenkins.Snapshot, queued []demand.Job, agents []roster.Agent) turnover {
	if s == nil || !s.At.After(j.at) {
		return turnover{}
	}
	items, runs := map[int64]time.Time{}, running(agents)
	var out turnover
	first := j.at.IsZero()
	for _, q := range queued {
		if len(items) < maxRuns {
			items[q.Item] = q.Since
		}
		if _, known := j.items[q.Item]; !first && !known {
			out.jobs = append(out.jobs, scale.Job{Name: q.Name, At: q.At})
		}
	}
	for _, url := range slices.Sorted(maps.Keys(j.runs)) {
		if _, still := runs[url]; !still {
			out.jobs = append(out.jobs, scale.Job{Name: j.runs[url], Ended: true, At: s.At})
		}
	}
	if !first {
		out.waits = j.waits(s.At, items, runs)
	}
	j.at, j.items, j.runs = s.At, items, runs
	return out
}

// running returns the jobs of the builds that run on the agents, by URL.
func running(agents []roster.Agent) map[string]string {
	runs := map[string]string{}
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
	return runs
}

// longestGap is how far apart two snapshots may be to tell when what happened in between did.
const longestGap = time.Minute

// waits returns how long the builds waited that have begun since the last snapshot: those that left the queue half-way in between, and
// those that were not seen to wait not at all. One that was cancelled counts as well, for Jenkins's queue does not tell. A build may leave the
// queue a moment before it runs: one that runs now has left it now, or the last time.
func (j *jobs) waits(now time.Time, items map[int64]time.Time, runs map[string]string) []time.Duration {
	gap, early := now.Sub(j.at), j.early
	j.early = 0
	if gap > longestGap {
		return nil
	}
	var out []time.Duration
	for id, since := range j.items {
		if _, still := items[id]; !still {
			out = append(out, max(j.at.Add(gap/2).Sub(since), 0))
		}
	}
	begun := 0
	for url := range runs {
		if _, ran := j.runs[url]; !ran {
			begun++
		}
	}
	left := len(out)
	j.early = min(left, max(left+early-begun, 0))
	return append(out, make([]time.Duration, max(begun-left-early, 0))...)
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
