package jenkinstest

import (
	"fmt"
	"time"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

const executorClass = "hudson.model.Executor"

// computerObject is /computer or /computer/NAME.
func (r *request) computerObject(rest []string) *stapler.Object {
	switch len(rest) {
	case 0:
		return r.computers()
	case 1:
		if n := r.node(rest[0]); n != nil {
			return r.computer(n)
		}
	}
	return nil
}

// node finds a computer by its name in URLs. That of the built-in node has parentheses.
func (r *request) node(name string) *node {
	switch {
	case name == "(master)", name == "(built-in)" && newer(r.w.options.Version, 307):
		return r.w.builtIn
	}
	return r.w.nodes[name]
}

func (r *request) computers() *stapler.Object {
	busy, total := 0, 0
	for _, n := range r.w.computers() {
		if n.online() {
			busy += n.busy()
			total += len(n.execs)
		}
	}
	return &stapler.Object{Class: "hudson.model.ComputerSet", Props: []stapler.Prop{
		stapler.Val("busyExecutors", stapler.Top, busy),
		{Name: "computer", Visibility: stapler.Top, Inline: true, Value: func() any { return stapler.Objects(r.w.computers(), r.computer) }},
		stapler.Val("displayName", stapler.Top, "Nodes"),
		stapler.Val("totalExecutors", stapler.Top, total),
	}}
}

func (r *request) computer(n *node) *stapler.Object {
	o := &stapler.Object{Class: "hudson.slaves.SlaveComputer"}
	icon := "computer"
	switch {
	case n.parked != nil && n.parked.class == userCause:
		icon = "computer-user-offline"
	case !n.online():
		icon = "computer-x"
	}
	var description any = n.Description
	if n.broken {
		description = nil
	}
	o.Props = []stapler.Prop{
		stapler.Val("actions", stapler.Top, stapler.List{}),
		stapler.Func("assignedLabels", stapler.Top, labelClass+"LabelAtom", func() any {
			return stapler.Objects(n.labels(), func(name string) *stapler.Object { return r.label(atom(name)) })
		}),
		stapler.Val("description", stapler.Top, description),
		stapler.Val("displayName", stapler.Top, n.Name),
		stapler.Func("executors", stapler.Top, executorClass, func() any { return stapler.Objects(n.execs, r.executor) }),
		stapler.Val("icon", stapler.Top, icon+".png"),
		stapler.Val("iconClassName", stapler.Top, "icon-"+icon),
		stapler.Val("idle", stapler.Top, n.idle()),
		stapler.Val("jnlpAgent", stapler.Top, !n.builtIn),
		stapler.Val("launchSupported", stapler.Top, n.builtIn),
		stapler.Func("loadStatistics", stapler.Top, "", func() any { return load("hudson.model.Label$1", false) }),
		stapler.Val("manualLaunchAllowed", stapler.Top, true),
		stapler.Func("monitorData", stapler.Top, "", func() any { return r.monitors(n) }),
		stapler.Val("numExecutors", stapler.Top, n.Executors),
		stapler.Val("offline", stapler.Top, !n.online()),
		stapler.Func("offlineCause", stapler.Top, "", func() any { return r.cause(n.shown) }),
		stapler.Func("offlineCauseReason", stapler.Top, "", func() any {
			if n.shown == nil {
				return ""
			}
			return n.shown.text
		}),
		stapler.Func("oneOffExecutors", stapler.Top, "hudson.model.OneOffExecutor", func() any { return stapler.Objects(n.oneOffs, r.executor) }),
		stapler.Val("temporarilyOffline", stapler.Top, n.parked != nil),
	}
	if n.builtIn {
		o.Class = "hudson.model.Hudson$MasterComputer"
		return o
	}
	var path any
	if n.connected {
		path = n.RemoteFS
	}
	o.Props = append(o.Props, stapler.Val("absoluteRemotePath", stapler.Top, path))
	return o
}

func (r *request) executor(e *executor) *stapler.Object {
	o := &stapler.Object{Class: executorClass}
	if e.single {
		o.Class = "hudson.model.OneOffExecutor"
	}
	started, estimate := e.work(r.w.now)
	progress, stuck := -1, false
	if started > 0 || estimate >= 0 {
		progress, stuck = progressOf(started, estimate)
	}
	o.Props = []stapler.Prop{
		stapler.Func("currentExecutable", stapler.Top, "", func() any { return r.executable(e) }),
		stapler.Val("idle", stapler.Top, e.idle()),
		stapler.Val("likelyStuck", stapler.Top, stuck),
		stapler.Val("number", stapler.Top, e.number),
		stapler.Val("progress", stapler.Top, progress),
	}
	return o
}

// work tells how long an executor has worked, and how long its work is believed to take.
func (e *executor) work(now time.Time) (elapsed, estimate time.Duration) {
	switch {
	case e.hidden || e.idle() || e.item != nil:
		return 0, -1
	case e.step != nil:
		return now.Sub(e.step.run.started), e.step.run.job.estimate()
	}
	return now.Sub(e.run.started), e.run.job.estimate()
}

func progressOf(elapsed, estimate time.Duration) (progress int, stuck bool) {
	if estimate < 0 {
		return -1, elapsed > 24*time.Hour
	}
	return min(99, int(elapsed*100/max(estimate, time.Millisecond))), estimate*10 < elapsed
}

// executable is what an executor runs, as far as the caller may see it.
func (r *request) executable(e *executor) any {
	switch {
	case e.hidden || !r.who.may(JobRead):
		return nil
	case e.step != nil:
		return r.placeholder(e.step)
	case e.run != nil:
		return r.build(e.run)
	}
	return nil
}

// placeholder is a node step that runs.
func (r *request) placeholder(s *step) *stapler.Object {
	run := s.run
	name := fmt.Sprintf("part of %s #%d", displayName(run.job.Name), run.number)
	return &stapler.Object{Class: placeholder + "$PlaceholderExecutable", Props: []stapler.Prop{
		stapler.Val("displayName", stapler.Top, name),
		stapler.Val("estimatedDuration", stapler.Top, millis(run.job.estimate())),
		stapler.Val("fullDisplayName", stapler.Top, name),
		stapler.Val("number", stapler.Top, run.number),
		stapler.Val("timestamp", stapler.Top, r.w.millis(run.started)),
		stapler.Val("url", stapler.Top, r.buildURL(run)),
	}}
}

func millis(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Milliseconds()
}

func (r *request) cause(c *cause) any {
	if c == nil {
		return nil
	}
	o := &stapler.Object{Class: c.class}
	if newer(r.w.options.Version, 500) {
		o.Props = append(o.Props, stapler.Val("timestamp", stapler.Top, r.w.millis(c.at)))
	}
	return o
}

// monitors is what Jenkins measured of a node; nothing without the right to connect it.
func (r *request) monitors(n *node) stapler.Map {
	if !r.who.may(Connect) {
		return stapler.Map{}
	}
	const prefix = "hudson.node_monitors."
	names := []string{"SwapSpaceMonitor", "TemporarySpaceMonitor", "DiskSpaceMonitor", "ArchitectureMonitor", "ResponseTimeMonitor", "ClockMonitor"}
	at := stapler.Val("timestamp", stapler.Second, r.w.millis(n.since))
	space := func(path string) *stapler.Object {
		return &stapler.Object{Class: prefix + "DiskSpaceMonitorDescriptor$DiskSpace", Props: []stapler.Prop{
			at, stapler.Val("path", stapler.Second, path), stapler.Val("size", stapler.Second, int64(68545409024)),
		}}
	}
	values := []any{
		&stapler.Object{Class: prefix + "SwapSpaceMonitor$MemoryUsage2", Props: []stapler.Prop{
			stapler.Val("availablePhysicalMemory", stapler.Second, int64(8270581760)), stapler.Val("availableSwapSpace", stapler.Second, 0),
			stapler.Val("totalPhysicalMemory", stapler.Second, int64(25274793984)), stapler.Val("totalSwapSpace", stapler.Second, 0),
		}},
		space("/tmp"), space(n.RemoteFS), "Linux (amd64)",
		&stapler.Object{Class: prefix + "ResponseTimeMonitor$Data", Props: []stapler.Prop{at, stapler.Val("average", stapler.Second, 0)}},
		&stapler.Object{Class: "hudson.util.ClockDifference", Props: []stapler.Prop{stapler.Val("diff", stapler.Second, 0)}},
	}
	m := make(stapler.Map, len(names))
	for i, name := range names {
		m[i].Key = prefix + name
		if n.connected {
			m[i].Value = values[i]
		}
	}
	return m
}
