package roster

import (
	"cmp"
	"fmt"
	"strings"

	"majordomo.dev/jenkins"
)

// Trouble is why a pod does not run, by what can be done about it.
type Trouble string

// The troubles.
const (
	Image   Trouble = "image"   // its image cannot be had
	Setup   Trouble = "setup"   // its container cannot be made: a Secret is missing, the command does not exist
	Crash   Trouble = "crash"   // its container ends again and again
	Place   Trouble = "place"   // no node of the cluster takes it
	Nothing Trouble = "nothing" // it runs, or is on its way
)

// Trouble returns what keeps the pod from running.
func (p Pod) Trouble() Trouble {
	switch p.Waiting {
	case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
		return Image
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return Setup
	case "CrashLoopBackOff":
		return Crash
	}
	if p.Unschedulable != "" {
		return Place
	}
	return Nothing
}

// state tells the state of an agent with a pod, and why where that is not plain.
func (j *joining) state(p Pod, c *jenkins.Computer, t trace) (State, string) {
	switch {
	case p.Deleting:
		return Terminating, ""
	case p.Ended():
		return Failed, line("its pod has ended: "+cmp.Or(p.Failure, p.Phase), p.Message)
	case p.Drain != "":
		return Draining, ""
	case c != nil && c.Connected && !c.Offline:
		return j.online(p, *c)
	case c != nil && c.Parked && Ours(*c):
		return Offline, "parked by Majordomo though its pod is not marked; it is brought back"
	case c != nil && c.Monitored():
		return Offline, line("a monitor of Jenkins took it offline", c.OfflineReason)
	case c != nil && c.Parked:
		return Offline, line("a person took it offline", c.OfflineReason)
	case c != nil && c.Connected:
		return Offline, line("Jenkins says that it is offline", c.OfflineReason)
	}
	return j.absent(p, c, t)
}

// online tells the state of an agent that is connected and takes builds.
func (j *joining) online(p Pod, c jenkins.Computer) (State, string) {
	reason := ""
	switch want := max(1, j.in.Pool.Spec.Executors); {
	case len(j.nodes.of[p.UID]) > 1 && j.nodes.of[p.UID][1].Connected:
		reason = fmt.Sprintf("two nodes of Jenkins, %s and %s, say that they are this pod", c.Name, j.nodes.of[p.UID][1].Name)
	case c.Executors != want:
		reason = fmt.Sprintf("it has %d executors, the pool says %d", c.Executors, want)
	case !p.Ready && p.Phase == "Running":
		reason = line("Jenkins has it online, its pod is not ready", p.Message)
	}
	if Working(c) {
		return Busy, reason
	}
	return Idle, reason
}

// absent tells the state of an agent that has no connection to Jenkins.
func (j *joining) absent(p Pod, c *jenkins.Computer, t trace) (State, string) {
	trouble := p.Trouble()
	switch {
	case trouble != Nothing && trouble != Place:
		return Failed, line(p.Waiting, p.Message)
	case (t.Missing || !t.Registered.IsZero()) && j.out.Settling != "":
		return Starting, j.out.Settling
	case !t.Registered.IsZero() && c != nil:
		return Lost, line("its pod runs, Jenkins has no connection to it", c.OfflineReason)
	case !t.Registered.IsZero() && j.known:
		return Lost, "its pod runs, Jenkins does not know it"
	case trouble == Place:
		return Starting, line("it has no place yet", p.Unschedulable)
	case j.known && j.in.Now.Sub(later(p.Created, j.base)) > j.startup:
		return Failed, fmt.Sprintf("it has not registered with Jenkins within %s", j.startup)
	case !t.Registered.IsZero():
		return Lost, "Jenkins is not known now, and did not know it"
	}
	return Starting, ""
}

// line joins what is wrong with the first line of what somebody else says about it, which may be the trace of a stack.
func line(what, detail string) string {
	detail, _, _ = strings.Cut(strings.TrimSpace(detail), "\n")
	detail = strings.TrimSpace(detail)
	const most = 200
	if r := []rune(detail); len(r) > most {
		detail = string(r[:most]) + "..."
	}
	if detail == "" {
		return what
	}
	return what + ": " + detail
}
