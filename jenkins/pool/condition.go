package pool

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"majordomo.dev/jenkins"
)

// Reasons of conditions; those of a Jenkins that is not known are jenkins.Reason. Programs may rely on them.
const (
	Answers     = "JenkinsAnswers"
	Invalid     = "InvalidSpec"   // nothing is done until the spec, or the target, is put right
	Suspended   = "Suspended"     // by annotation
	Emptying    = "PoolDrained"   // by annotation, or because the pool is being deleted
	QuietingIn  = "JenkinsQuiets" // it starts no builds, for it is about to shut down
	Deciding    = "Deciding"
	Within      = "WithinLimits"
	AtMax       = "AtMax"
	AtMin       = "AtMin"
	StepLimited = "StepLimited"
	AtQuota     = "AtQuota"
	Blocked     = "AgentsBlocked" // no further one can come up: full cluster, image
)

// Statuses of conditions.
const (
	True    = "True"
	False   = "False"
	Unknown = "Unknown"
)

// order is that of the list in a status.
var order = []string{Ready, ScalingActive, JenkinsReachable, ScalingLimited}

// Conditions returns conditions as a status lists them. One that says True, False or Unknown as it did before keeps the time since when.
func Conditions(before []Condition, now time.Time, generation int64, are ...Condition) []Condition {
	all := make([]Condition, 0, len(are))
	for _, c := range are {
		c.ObservedGeneration, c.LastTransitionTime = generation, now.UTC().Truncate(time.Second)
		c.Message = cut(c.Message)
		if was, ok := Find(before, c.Type); ok && was.Status == c.Status && !was.LastTransitionTime.IsZero() {
			c.LastTransitionTime = was.LastTransitionTime
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b Condition) int { return cmp.Compare(slices.Index(order, a.Type), slices.Index(order, b.Type)) })
	return all
}

// Find returns the condition of a type.
func Find(list []Condition, kind string) (Condition, bool) {
	i := slices.IndexFunc(list, func(c Condition) bool { return c.Type == kind })
	if i < 0 {
		return Condition{}, false
	}
	return list[i], true
}

// Reachable is whether the Jenkins answers; f is nil if it does.
func Reachable(f *jenkins.Fault, m Master) Condition {
	if f != nil {
		return Condition{Type: JenkinsReachable, Status: False, Reason: string(f.Reason), Message: strings.TrimPrefix(f.Error(), string(f.Reason)+": ")}
	}
	return Condition{Type: JenkinsReachable, Status: True, Reason: Answers, Message: fmt.Sprintf("Jenkins %s answers, to %s", m.Version, m.User)}
}

// Active is that decisions are made and carried out.
func Active(reason string) Condition {
	return Condition{Type: ScalingActive, Status: True, Reason: Deciding, Message: reason}
}

// Inactive is that they are not, by one of the reasons, in a sentence.
func Inactive(reason, message string) Condition {
	return Condition{Type: ScalingActive, Status: False, Reason: reason, Message: message}
}

// Refused is that nothing is done about a pool with these problems. Warnings among them do not count; with nothing else it is false.
func Refused(problems []*Problem) (Condition, bool) {
	problems = slices.DeleteFunc(slices.Clone(problems), func(p *Problem) bool { return p.Warning })
	if len(problems) == 0 {
		return Condition{}, false
	}
	const most = 5
	var texts []string
	for _, p := range problems[:min(len(problems), most)] {
		texts = append(texts, p.Error())
	}
	if more := len(problems) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return Inactive(Invalid, strings.Join(texts, "; ")), true
}

// limits are the reasons of the limits of a decision.
var limits = map[string]string{"min": AtMin, "max": AtMax, "step": StepLimited, "quota": AtQuota, "blocked": Blocked}

// Limited is whether a limit of the decision cut what was wanted; the last one that did counts.
func Limited(d *Decision) Condition {
	c := Condition{Type: ScalingLimited, Status: False, Reason: Within, Message: "no limit keeps back what is wanted"}
	if d == nil {
		c.Status, c.Reason, c.Message = Unknown, Deciding, "nothing was decided yet"
		return c
	}
	for _, l := range d.Limits {
		if l.Cut {
			c.Status, c.Reason, c.Message = True, cmp.Or(limits[l.Name], "Limited"), l.Reason
		}
	}
	return c
}

// Summary is the condition Ready: the first of the others that says why the pool is not served, or the reason of the decision.
func Summary(reason string, others ...Condition) Condition {
	for _, kind := range []string{ScalingActive, JenkinsReachable} {
		if c, ok := Find(others, kind); ok && c.Status != True {
			return Condition{Type: Ready, Status: c.Status, Reason: c.Reason, Message: c.Message}
		}
	}
	return Condition{Type: Ready, Status: True, Reason: Deciding, Message: reason}
}

// cut makes a text fit for a status.
func cut(text string) string {
	const most = 1000
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
