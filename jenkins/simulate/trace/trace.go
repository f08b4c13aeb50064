// Package trace is what a queue of builds was like: when each was submitted, and how long it ran.
package trace

import (
	"cmp"
	"slices"
	"time"
)

// Build is one build on one executor.
type Build struct {
	Submit   time.Duration // when it lacked only an executor, since the start of the trace
	Duration time.Duration // on its executor, above 0
	// Known is how long before Submit it was known that it would come, such as by its quiet period; 0 for not at all.
	Known time.Duration
	Job   int // its job, an index of Trace.Jobs
}

// Trace is a history of builds, by the time at which they were submitted.
type Trace struct {
	Start  time.Time // when the first was submitted
	Builds []Build
	Jobs   []string      // names of the jobs, or of the labels where the jobs are not known
	Lead   time.Duration // the longest time that one of them was known before
}

// sort puts the builds in order and moves the start to the first of them.
func (t *Trace) sort() {
	slices.SortStableFunc(t.Builds, func(a, b Build) int { return cmp.Compare(a.Submit, b.Submit) })
	if len(t.Builds) == 0 {
		return
	}
	first := t.Builds[0].Submit
	t.Start = t.Start.Add(first)
	for i := range t.Builds {
		t.Builds[i].Submit -= first
		t.Lead = max(t.Lead, t.Builds[i].Known)
	}
}

// Demand describes how many executors a trace would use if there were always enough.
type Demand struct {
	Builds int
	Span   time.Duration // from the first submission to the end of the last build
	Busy   time.Duration // of all builds together
	Mean   float64       // executors in use
	Peak   int
	levels []time.Duration // time spent at each level
}

// Demand measures the trace.
func (t *Trace) Demand() Demand {
	d := Demand{Builds: len(t.Builds)}
	at, level := time.Duration(0), 0
	pass := func(to time.Duration) {
		for len(d.levels) <= level {
			d.levels = append(d.levels, 0)
		}
		d.levels[level] += to - at
		at = to
	}
	for _, e := range t.Changes() {
		pass(e.At)
		level += e.By
		d.Peak = max(d.Peak, level)
	}
	d.Span = at
	for _, b := range t.Builds {
		d.Busy += b.Duration
	}
	if d.Span > 0 {
		d.Mean = float64(d.Busy) / float64(d.Span)
	}
	return d
}

// Percentile returns the number of executors that are enough for the part p of the time.
func (d Demand) Percentile(p float64) int {
	var total, sum time.Duration
	for _, t := range d.levels {
		total += t
	}
	for level, t := range d.levels {
		if sum += t; float64(sum) >= p*float64(total) {
			return level
		}
	}
	return d.Peak
}

// Change is a build that begins or ends.
type Change struct {
	At time.Duration
	By int // 1 or -1
}

// Changes returns the beginnings and ends of all builds if none of them had to wait, in order; at one instant, ends come first.
func (t *Trace) Changes() []Change {
	out := make([]Change, 0, 2*len(t.Builds))
	for _, b := range t.Builds {
		out = append(out, Change{b.Submit, 1}, Change{b.Submit + b.Duration, -1})
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.By, b.By))
	})
	return out
}
