package jenkinstest

import (
	"fmt"
	"strconv"
	"strings"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

// placeholder is the class of a pipeline's node step in the queue.
const placeholder = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"

var itemClass = map[state]string{
	waiting: "hudson.model.Queue$WaitingItem", blocked: "hudson.model.Queue$BlockedItem", buildable: "hudson.model.Queue$BuildableItem",
	pending: "hudson.model.Queue$BuildableItem", left: "hudson.model.Queue$LeftItem",
}

// queueObject is /queue or /queue/item/ID.
func (r *request) queueObject(rest []string) *stapler.Object {
	switch {
	case len(rest) == 0:
		return r.queue()
	case len(rest) == 2 && rest[0] == "item":
		id, err := strconv.ParseInt(rest[1], 10, 64)
		if it := r.w.items[id]; err == nil && it != nil && r.sees(it.job) {
			return r.item(it)
		}
	}
	return nil
}

// sees tells whether the caller may read a job; otherwise it is as if there was none.
func (r *request) sees(*job) bool { return r.who.may(JobRead) }

func (r *request) queue() *stapler.Object {
	items := func() any {
		l := stapler.List{}
		for _, it := range r.w.shown() {
			if r.sees(it.job) {
				l = append(l, r.item(it))
			}
		}
		return l
	}
	return &stapler.Object{Class: "hudson.model.Queue", Props: []stapler.Prop{
		stapler.Val("discoverableItems", stapler.Top, stapler.List{}),
		{Name: "items", Visibility: stapler.Top, Inline: true, Value: items},
	}}
}

func (r *request) item(it *item) *stapler.Object {
	w := r.w
	o := &stapler.Object{Class: itemClass[it.state], Props: []stapler.Prop{
		stapler.Func("actions", stapler.Top, "", func() any { return actions(it.params, it.users) }),
		stapler.Val("blocked", stapler.Always, it.state == blocked),
		stapler.Val("buildable", stapler.Always, it.state == buildable || it.state == pending),
		stapler.Val("id", stapler.Always, it.id),
		stapler.Val("inQueueSince", stapler.Always, w.millis(it.since)),
		stapler.Val("params", stapler.Always, params(it.params)),
		stapler.Func("stuck", stapler.Always, "", func() any { return w.stuck(it) }),
		stapler.Func("task", stapler.Always, "", func() any { return r.task(it) }),
		stapler.Val("url", stapler.Always, fmt.Sprintf("queue/item/%d/", it.id)),
		stapler.Func("why", stapler.Always, "", func() any {
			if it.state == left {
				return nil
			}
			return translate(w.why(it), r.language())
		}),
	}}
	switch it.state {
	case waiting:
		o.Props = append(o.Props, stapler.Val("timestamp", stapler.Always, w.millis(it.quiet)))
	case left:
		o.Props = append(o.Props, stapler.Val("cancelled", stapler.Always, it.cancelled),
			stapler.Func("executable", stapler.Always, "", func() any { return r.executableOf(it) }))
	case blocked, buildable, pending:
		o.Props = append(o.Props, stapler.Val("buildableStartMilliseconds", stapler.Always, w.millis(it.ready)))
		if it.state != blocked {
			o.Props = append(o.Props, stapler.Val("pending", stapler.Always, it.state == pending))
		}
	}
	return o
}

func (r *request) executableOf(it *item) any {
	if it.run == nil {
		return nil
	}
	return r.build(it.run)
}

// task is what an item runs. Of a node step little is told, and never the label.
func (r *request) task(it *item) *stapler.Object {
	if it.step == nil {
		return r.job(it.job)
	}
	o := &stapler.Object{Class: placeholder}
	if r.w.options.PipelineNames {
		run := it.step.run
		o.Props = []stapler.Prop{
			stapler.Val("fullDisplayName", stapler.Top, fmt.Sprintf("part of %s #%d", displayName(run.job.Name), run.number)),
			stapler.Val("name", stapler.Top, fmt.Sprintf("part of %s #%d", displayName(run.job.Name), run.number)),
			stapler.Val("url", stapler.Top, fmt.Sprintf("%s%d/", jobPath(run.job.Name), run.number)),
		}
	}
	return o
}

// displayName is a full name as people see it.
func displayName(name string) string { return strings.ReplaceAll(name, "/", " » ") }

// params is what the queue shows of the parameters.
func params(of [][2]string) string {
	var b strings.Builder
	for _, p := range of {
		b.WriteString("\n" + p[0] + "=" + p[1])
	}
	return b.String()
}

// actions are the parameters and causes of an item or a build.
func actions(params [][2]string, users []string) stapler.List {
	var l stapler.List
	if len(params) > 0 {
		values := stapler.Objects(params, func(p [2]string) *stapler.Object {
			return &stapler.Object{Class: "hudson.model.StringParameterValue", Props: []stapler.Prop{stapler.Val("name", 3, p[0]), stapler.Val("value", 4, p[1])}}
		})
		l = append(l, &stapler.Object{Class: "hudson.model.ParametersAction", Props: []stapler.Prop{stapler.Val("parameters", stapler.Second, values)}})
	}
	if len(users) == 0 {
		return append(stapler.List{}, l...)
	}
	causes := stapler.Objects(users, func(u string) *stapler.Object {
		return &stapler.Object{Class: "hudson.model.Cause$UserIdCause", Props: []stapler.Prop{
			stapler.Val("shortDescription", 3, "Started by user "+u), stapler.Val("userId", 3, u), stapler.Val("userName", 3, u),
		}}
	})
	return append(l, &stapler.Object{Class: "hudson.model.CauseAction", Props: []stapler.Prop{stapler.Val("causes", stapler.Second, causes)}})
}
