package drain

import (
	"cmp"
	"slices"
	"strings"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// urgency are the causes, the most urgent first.
var urgency = []Cause{Heal, Manual, Update, Recycled, Surplus, Abandon}

func compareCauses(a, b Cause) int {
	return cmp.Compare(slices.Index(urgency, a), slices.Index(urgency, b))
}

// Annotation is what Mark writes into the annotation pool.Drain.
func (s Step) Annotation() string { return string(s.Cause) + ": " + s.Reason }

// Parse reads the annotation pool.Drain. Whatever majordomo has not written is from a person.
func Parse(annotation string) (Cause, string) {
	cause, reason, ok := strings.Cut(annotation, ":")
	if ok && slices.Contains(urgency, Cause(cause)) {
		return Cause(cause), strings.TrimSpace(reason)
	}
	return Manual, strings.TrimSpace(annotation)
}

// Message is the offline cause that Park gives a node.
func Message(p *pool.Pool, s Step) string {
	return Marker + " " + p.Namespace + "/" + p.Name + ": " + s.Annotation()
}

// Looks tells whether the step may only be done if Verify agrees right before: it removes something, or brings back or keeps what may be on
// its way out.
func (s Step) Looks(t Target) bool {
	switch s.Op {
	case Scale:
		return s.Replicas < t.Replicas || len(s.Agents) > 0
	case Delete, Forget, Unmark, Unpark:
		return true
	case Mark, Park:
	}
	return false
}

// confirmed tells whether an agent was seen parked by us and without work, twice.
func confirmed(a *roster.Agent) bool {
	const looks = 2
	return a.Marked() && a.IdleReads >= looks && !a.Resuming && len(a.Twins) == 0 && a.Unsure == ""
}

// Outdated tells whether an agent was made from another template than its target has now.
func Outdated(a roster.Agent, t Target) bool {
	return a.Pod != nil && t.Template != "" && a.Pod.Template != t.Template
}

// Explain writes into the status what each marked agent waits for.
func (p Plan) Explain(s *pool.Status) {
	for i, a := range s.Agents {
		if why, ok := p.Waits[a.Name]; ok {
			s.Agents[i].Reason = a.Reason + "; " + why
		}
	}
}
