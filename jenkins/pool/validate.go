package pool

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Bounds of a spec; the definition in the cluster has the same.
const (
	maxAgents    = 10_000
	maxExecutors = 100
	maxLabels    = 50
	maxSchedules = 50
	maxName      = 63 // it becomes a label of pods
	maxLabel     = 255
	maxCron      = 100
	maxWindow    = 744 * time.Hour
	minStartup   = 30 * time.Second
	maxStartup   = 24 * time.Hour
)

// check gathers what is wrong with one pool.
type check struct{ problems []*Problem }

func (c *check) fail(field, format string, args ...any) {
	c.problems = append(c.problems, &Problem{Field: field, Text: fmt.Sprintf(format, args...)})
}

func (c *check) warn(field, format string, args ...any) {
	c.problems = append(c.problems, &Problem{Field: field, Text: fmt.Sprintf(format, args...), Warning: true})
}

func (c *check) within(field string, n, least, most int) {
	if n < least || n > most {
		c.fail(field, "is %d; allowed are %d to %d", n, least, most)
	}
}

func (c *check) lasts(field string, d Duration, least, most time.Duration) {
	if time.Duration(d) < least || time.Duration(d) > most {
		c.fail(field, "is %s; allowed are %s to %s", d, Duration(least), Duration(most))
	}
}

// Validate returns what is wrong with the values of a pool, and what is doubtful. The definition in the cluster refuses most of it; this
// is for what it cannot know, and for files that no server has seen.
func (p *Pool) Validate() []*Problem {
	c, s := &check{}, p.Spec
	if len(p.Name) > maxName {
		c.fail("metadata.name", "is %d characters long; allowed are %d, for it is a label of the agents' pods", len(p.Name), maxName)
	}
	c.kind(s.Target)
	c.jenkins(s.Jenkins)
	c.labels(s.Labels)
	if s.Mode != Normal && s.Mode != Exclusive {
		c.fail("spec.mode", "is %q; allowed are %s, which takes builds without a label too, and %s", s.Mode, Normal, Exclusive)
	}
	c.within("spec.executors", s.Executors, 1, maxExecutors)
	c.within("spec.min", s.Min, 0, maxAgents)
	c.within("spec.max", s.Max, 1, maxAgents)
	c.within("spec.maxStep", s.MaxStep, 0, maxAgents)
	if s.Min > s.Max {
		c.fail("spec.min", "is %d, more than spec.max, which is %d", s.Min, s.Max)
	}
	if s.Replicas != nil {
		c.within("spec.replicas", *s.Replicas, 0, maxAgents)
	}
	if !(s.Priority > 0 && s.Priority <= maxPriority) {
		c.fail("spec.priority", "is %v; %v", float64(s.Priority), errPriority)
	}
	c.schedules(s)
	c.replacement(s)
	c.lasts("spec.startupTimeout", s.StartupTimeout, minStartup, maxStartup)
	if until := p.Annotations[ScaleUntil]; until != "" {
		if _, err := time.Parse(time.RFC3339, until); err != nil {
			c.fail("metadata.annotations["+ScaleUntil+"]", "is %q, want a time such as 2026-12-31T18:00:00Z", until)
		}
	}
	return c.problems
}

func (c *check) kind(t Target) {
	want := "apps/v1"
	switch t.Kind {
	case "ReplicaSet", "Deployment", "StatefulSet":
	case "ReplicationController":
		want = "v1"
	default:
		c.fail("spec.scaleTargetRef.kind", "is %q; allowed are ReplicaSet, ReplicationController, StatefulSet and Deployment", t.Kind)
		return
	}
	if t.APIVersion != want {
		c.fail("spec.scaleTargetRef.apiVersion", "is %q; a %s is %s", t.APIVersion, t.Kind, want)
	}
}

func (c *check) jenkins(j Jenkins) {
	const field = "spec.jenkins.url"
	if err := checkURL(j.URL); err != nil {
		c.fail(field, "%v", err)
		return
	}
	plain := strings.HasPrefix(j.URL, "http:")
	if plain && !inside(hostOf(j.URL)) {
		c.warn(field, "sends the credentials readable over a network that is not the cluster's; use https")
	}
	if plain && j.CA.Name != "" {
		c.warn("spec.jenkins.ca", "has no effect, for the url is not https")
	}
}

func (c *check) labels(labels []string) {
	const field = "spec.labels"
	if len(labels) == 0 {
		c.fail(field, "is empty; builds are matched by what the agents offer, so one label at least is needed")
	}
	if len(labels) > maxLabels {
		c.fail(field, "has %d labels; allowed are %d", len(labels), maxLabels)
	}
	for i, l := range labels {
		at := fmt.Sprintf("%s[%d]", field, i)
		if problem := labelProblem(l); problem != "" {
			c.fail(at, "%q %s", l, problem)
		} else if slices.Index(labels, l) < i {
			c.fail(at, "%q is there twice", l)
		}
	}
}

// labelProblem says why a text is no label of an agent, "" if it is one.
func labelProblem(l string) string {
	switch {
	case l == "":
		return "is empty"
	case len(l) > maxLabel:
		return fmt.Sprintf("has %d characters; allowed are %d", len(l), maxLabel)
	case strings.ContainsFunc(l, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}):
		return "has characters that cannot be seen"
	case strings.ContainsAny(l, "&|!<>()"):
		return "is an expression; agents offer single labels, one per element of the list"
	case strings.ContainsFunc(l, unicode.IsSpace):
		return "has a space in it; agents offer single labels, one per element of the list"
	case strings.ContainsAny(l, `"'`):
		return "has a quote in it, which label expressions do not allow"
	}
	return ""
}

func (c *check) schedules(s Spec) {
	if len(s.Schedules) > maxSchedules {
		c.fail("spec.schedules", "has %d elements; allowed are %d", len(s.Schedules), maxSchedules)
	}
	for i, e := range s.Schedules[:min(len(s.Schedules), maxSchedules)] {
		at := fmt.Sprintf("spec.schedules[%d]", i)
		if err := checkCron(e.Cron); err != nil {
			c.fail(at+".cron", "%v", err)
		}
		if err := checkTimezone(e.Timezone); err != nil {
			c.fail(at+".timezone", "%v", err)
		}
		c.lasts(at+".duration", e.Duration, time.Minute, maxWindow)
		if e.Min < 0 || e.Min > s.Max {
			c.fail(at+".min", "is %d; allowed are 0 to spec.max, which is %d", e.Min, s.Max)
		}
	}
}

// replacement checks when agents are replaced by fresh ones.
func (c *check) replacement(s Spec) {
	if r := s.Recycle; r != nil {
		if r.Builds == 0 && r.Age == 0 {
			c.fail("spec.recycle", "states neither builds nor age")
		}
		if r.Builds < 0 {
			c.fail("spec.recycle.builds", "is %d; 1 and more are allowed", r.Builds)
		}
		if r.Age != 0 {
			c.lasts("spec.recycle.age", r.Age, time.Minute, maxDuration)
		}
	}
	c.within("spec.rollout.maxUnavailable", s.Rollout.MaxUnavailable, 1, maxAgents)
	c.within("spec.rollout.canary", s.Rollout.Canary, 0, 100)
	c.lasts("spec.rollout.updatePeriod", s.Rollout.UpdatePeriod, 0, 24*time.Hour)
}
