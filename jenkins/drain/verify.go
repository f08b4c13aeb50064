package drain

import (
	"fmt"
	"slices"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/roster"
)

// Live is what was read right before a step, from the servers themselves.
type Live struct {
	Target    Target
	Pods      []roster.Pod // all of the pool
	Computers []jenkins.Computer
	Unknown   string // why Jenkins could not be read, "" if it could
}

// Verify says why a step must not be done now, "" if it may be: what the plan rests on is no longer so. Then the next plan is made from what
// is.
func Verify(s Step, l Live) string {
	if l.Unknown != "" && (s.Op != Scale || s.Replicas < l.Target.Replicas) {
		return l.Unknown
	}
	switch s.Op {
	case Scale:
		if s.Replicas >= l.Target.Replicas {
			return l.restore(s)
		}
		return l.scale(s)
	case Delete:
		return l.delete(s)
	case Forget:
		return l.forget(s)
	case Unmark, Unpark:
		return l.back(s)
	case Mark, Park:
	}
	return ""
}

// pod finds a pod that is there still.
func (l Live) pod(uid string) *roster.Pod {
	i := slices.IndexFunc(l.Pods, func(p roster.Pod) bool { return p.UID == uid && !p.Deleting })
	if i < 0 {
		return nil
	}
	return &l.Pods[i]
}

// busy says why a pod may have a build, "" if it has none and gets none.
func (l Live) busy(p roster.Pod) string {
	nodes := 0
	for _, c := range l.Computers {
		if !roster.Belongs(p, c) {
			continue
		}
		nodes++
		switch {
		case roster.Working(c):
			return fmt.Sprintf("agent %s has a build now", p.Name)
		case !roster.Ours(c):
			return fmt.Sprintf("agent %s is not parked any more", p.Name)
		}
	}
	switch {
	case p.Ended() || p.NeverRan && nodes == 0:
		return ""
	case p.Drain == "":
		return fmt.Sprintf("agent %s is not marked any more", p.Name)
	case nodes == 0:
		return fmt.Sprintf("agent %s is not known to Jenkins now", p.Name)
	}
	return ""
}

// restore looks whether any of the agents that are to be kept is there still.
func (l Live) restore(s Step) string {
	if len(s.Agents) == 0 || slices.ContainsFunc(l.Pods, func(p roster.Pod) bool { return p.Active() && slices.Contains(s.Agents, p.Name) }) {
		return ""
	}
	return "the agents that were to be kept are gone"
}

func (l Live) scale(s Step) string {
	if !l.Target.Settled {
		return fmt.Sprintf("%s %s has not acted on its last change yet", l.Target.Kind, l.Target.Name)
	}
	for _, name := range Removes(l.Target, l.Pods, s.Replicas) {
		i := slices.IndexFunc(l.Pods, func(p roster.Pod) bool { return p.Name == name && p.Active() })
		if !slices.Contains(s.Agents, name) {
			return fmt.Sprintf("%s %s would stop agent %s, too", l.Target.Kind, l.Target.Name, name)
		}
		why := l.busy(l.Pods[i])
		if slices.Contains(s.Absent, name) {
			why = l.absent(l.Pods[i])
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func (l Live) delete(s Step) string {
	p := l.pod(s.UID)
	if p == nil {
		return "it is gone already"
	}
	if slices.Contains(s.Absent, p.Name) {
		return l.absent(*p)
	}
	return l.busy(*p)
}

// absent says why a pod that Jenkins did not know may have a build, "" if it has none.
func (l Live) absent(p roster.Pod) string {
	for _, c := range l.Computers {
		if roster.Belongs(p, c) {
			return fmt.Sprintf("agent %s has registered with Jenkins", p.Name)
		}
	}
	if p.Drain == "" {
		return fmt.Sprintf("agent %s is not marked any more", p.Name)
	}
	return ""
}

func (l Live) forget(s Step) string {
	for _, c := range l.Computers {
		if c.Name != s.Node {
			continue
		}
		if c.Connected || roster.Working(c) {
			return fmt.Sprintf("node %s is connected or has a build", c.Name)
		}
		return ""
	}
	return "it is gone already"
}

// back looks whether an agent that is to serve again is not being removed at this moment.
func (l Live) back(s Step) string {
	p := l.pod(s.UID)
	active := 0
	for _, o := range l.Pods {
		if o.Active() {
			active++
		}
	}
	switch {
	case p == nil:
		return "it is gone already"
	case !l.Target.Settled || max(active, l.Target.Seen) > l.Target.Replicas:
		return fmt.Sprintf("%s %s may be removing it", l.Target.Kind, l.Target.Name)
	}
	cause, _ := Parse(p.Drain)
	switch {
	case s.Cause == "" && p.Drain != "":
		return fmt.Sprintf("agent %s is marked now", p.Name)
	case s.Op == Unmark && p.Drain != "" && cause != s.Cause:
		return fmt.Sprintf("agent %s is marked for another reason now", p.Name)
	}
	return ""
}
