package jenkinstest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

// hidden is what only a tree shows.
const hidden = -1000

const folderClass = "com.cloudbees.hudson.plugins.folder.Folder"

// jobPath is /job/NAME..., a folder, or one of its builds.
func (r *request) jobPath(path []string) *stapler.Object {
	name, rest := jobName(path)
	if r.w.folders[name] && len(rest) == 0 && r.who.may(JobRead) {
		return r.folder(name)
	}
	j := r.w.jobs[name]
	if j == nil || !r.sees(j) {
		return nil
	}
	switch len(rest) {
	case 0:
		return r.job(j)
	case 1:
		if b := j.build(rest[0]); b != nil {
			return r.build(b)
		}
	}
	return nil
}

// jobName reads job/a/job/b and returns a/b and what follows.
func jobName(path []string) (name string, rest []string) {
	var parts []string
	for len(path) >= 2 && path[0] == "job" {
		parts = append(parts, path[1])
		path = path[2:]
	}
	return strings.Join(parts, "/"), path
}

// build finds a build by number or by what it was.
func (j *job) build(name string) *run {
	if number, err := strconv.Atoi(name); err == nil {
		return j.latest(func(r *run) bool { return r.number == number })
	}
	if match := permalinks[name]; match != nil {
		return j.latest(match)
	}
	return nil
}

var permalinks = map[string]func(*run) bool{
	"lastBuild":             func(*run) bool { return true },
	"lastCompletedBuild":    func(r *run) bool { return !r.running() },
	"lastFailedBuild":       func(r *run) bool { return r.result == "FAILURE" },
	"lastStableBuild":       func(r *run) bool { return r.result == "SUCCESS" },
	"lastSuccessfulBuild":   func(r *run) bool { return r.result == "SUCCESS" },
	"lastUnstableBuild":     func(r *run) bool { return r.result == "UNSTABLE" },
	"lastUnsuccessfulBuild": func(r *run) bool { return !r.running() && r.result != "SUCCESS" },
}

// color of a job: what its last build has become.
func (j *job) color() string {
	color := map[string]string{"": "notbuilt", "SUCCESS": "blue", "FAILURE": "red", "ABORTED": "aborted", "UNSTABLE": "yellow"}
	result := ""
	if r := j.latest(permalinks["lastCompletedBuild"]); r != nil {
		result = r.result
	}
	switch last := j.last(); {
	case j.Disabled:
		return "disabled"
	case last != nil && last.running():
		return color[result] + "_anime"
	}
	return color[result]
}

func (r *request) jobURL(name string) string { return r.base + jobPath(name) }

func (r *request) buildURL(b *run) string {
	return fmt.Sprintf("%s%d/", r.jobURL(b.job.Name), b.number)
}

func (r *request) job(j *job) *stapler.Object {
	build := func(name string) stapler.Prop {
		return stapler.Func(name, stapler.Top, "", func() any { return r.orNil(j.latest(permalinks[name])) })
	}
	description := any(j.Description)
	props := []stapler.Prop{
		stapler.Func("actions", stapler.Top, "", func() any { return append(j.definitions(), &stapler.Object{}) }),
		stapler.Val("description", stapler.Top, description),
		stapler.Val("displayName", stapler.Top, j.base()),
		stapler.Val("displayNameOrNull", stapler.Top, nil),
		stapler.Val("fullDisplayName", stapler.Top, displayName(j.Name)),
		stapler.Val("fullName", stapler.Top, j.Name),
		stapler.Val("name", stapler.Always, j.base()),
		stapler.Val("url", stapler.Always, r.jobURL(j.Name)),
		stapler.Val("buildable", stapler.Top, !j.Disabled),
		stapler.Func("builds", stapler.Top, "", func() any { return r.builds(j, 100) }),
		stapler.Func("color", stapler.Second, "", func() any { return j.color() }),
		stapler.Func("firstBuild", stapler.Top, "", func() any { return r.firstBuild(j) }),
		stapler.Val("healthReport", stapler.Top, stapler.List{}),
		stapler.Func("inQueue", stapler.Top, "", func() any { return r.w.queuedItem(j) != nil }),
		stapler.Val("keepDependencies", stapler.Top, false),
		build("lastBuild"), build("lastCompletedBuild"), build("lastFailedBuild"), build("lastStableBuild"),
		build("lastSuccessfulBuild"), build("lastUnstableBuild"), build("lastUnsuccessfulBuild"),
		stapler.Val("nextBuildNumber", stapler.Top, j.next),
		{Name: "property", Visibility: stapler.Top, Inline: true, Value: func() any { return j.definitions() }},
		stapler.Func("queueItem", stapler.Top, "", func() any {
			if it := r.w.queuedItem(j); it != nil {
				return r.item(it)
			}
			return nil
		}),
		stapler.Val("concurrentBuild", stapler.Top, !j.Serial),
	}
	// Hidden: what only a tree asks for.
	props = append(props, stapler.Func("allBuilds", hidden, "", func() any { return r.builds(j, len(j.runs)) }))
	return &stapler.Object{Class: j.class(), Props: append(props, r.special(j)...)}
}

// special is what only one kind of job has.
func (r *request) special(j *job) []stapler.Prop {
	if j.Pipeline {
		return []stapler.Prop{stapler.Val("resumeBlocked", stapler.Top, false)}
	}
	var expression any
	if j.label != nil {
		expression = j.shown
	}
	scm := &stapler.Object{Class: "hudson.scm.NullSCM", Props: []stapler.Prop{stapler.Val("browser", stapler.Top, nil), stapler.Val("type", stapler.Top, "hudson.scm.NullSCM")}}
	return []stapler.Prop{
		stapler.Val("disabled", stapler.Top, j.Disabled),
		stapler.Val("downstreamProjects", stapler.Top, stapler.List{}),
		stapler.Val("labelExpression", stapler.Top, expression),
		stapler.Val("scm", stapler.Top, scm),
		stapler.Val("upstreamProjects", stapler.Top, stapler.List{}),
	}
}

// queuedItem is the item of a job that its page shows: the oldest.
func (w *world) queuedItem(j *job) *item {
	for _, it := range w.queue {
		if it.job == j && it.step == nil {
			return it
		}
	}
	return nil
}

// definitions are the parameters of a job.
func (j *job) definitions() stapler.List {
	if len(j.Params) == 0 {
		return stapler.List{}
	}
	of := stapler.Objects(j.Params, func(name string) *stapler.Object {
		value := &stapler.Object{Class: "hudson.model.StringParameterValue", Props: []stapler.Prop{stapler.Val("name", 3, name), stapler.Val("value", 4, "d")}}
		return &stapler.Object{Class: "hudson.model.StringParameterDefinition", Props: []stapler.Prop{
			stapler.Val("defaultParameterValue", 3, value), stapler.Val("description", 3, nil), stapler.Val("name", 3, name),
			stapler.Val("type", 3, "StringParameterDefinition"),
		}}
	})
	return stapler.List{&stapler.Object{Class: "hudson.model.ParametersDefinitionProperty", Props: []stapler.Prop{stapler.Val("parameterDefinitions", stapler.Second, of)}}}
}

func (r *request) orNil(b *run) any {
	if b == nil {
		return nil
	}
	return r.build(b)
}

func (r *request) firstBuild(j *job) any {
	if len(j.runs) == 0 {
		return nil
	}
	return r.build(j.runs[0])
}

// builds are the newest ones, newest first.
func (r *request) builds(j *job, limit int) stapler.List {
	of := slices.Clone(j.runs[max(0, len(j.runs)-limit):])
	slices.Reverse(of)
	return stapler.Objects(of, r.build)
}

func (r *request) build(b *run) *stapler.Object {
	var result, exec any
	duration := int64(0)
	if b.running() {
		if b.exec != nil {
			exec = r.executor(b.exec)
		}
	} else {
		result, duration = b.result, b.ended.Sub(b.started).Milliseconds()
	}
	props := []stapler.Prop{
		stapler.Func("actions", stapler.Top, "", func() any { return b.actions() }),
		stapler.Val("artifacts", stapler.Top, stapler.List{}),
		stapler.Val("building", stapler.Top, b.running()),
		stapler.Val("description", stapler.Top, nil),
		stapler.Val("displayName", stapler.Top, fmt.Sprintf("#%d", b.number)),
		stapler.Val("duration", stapler.Top, duration),
		stapler.Func("estimatedDuration", stapler.Top, "", func() any { return millis(b.job.estimate()) }),
		stapler.Func("executor", stapler.Top, executorClass, func() any { return exec }),
		stapler.Val("fullDisplayName", stapler.Top, fmt.Sprintf("%s #%d", displayName(b.job.Name), b.number)),
		stapler.Val("id", stapler.Top, strconv.Itoa(b.number)),
		stapler.Val("keepLog", stapler.Top, false),
		stapler.Val("number", stapler.Always, b.number),
		stapler.Val("queueId", stapler.Top, b.item),
		stapler.Val("result", stapler.Top, result),
		stapler.Val("timestamp", stapler.Top, r.w.millis(b.started)),
		stapler.Val("url", stapler.Always, r.buildURL(b)),
	}
	if b.job.Pipeline {
		props = append(props,
			stapler.Val("changeSets", stapler.Top, stapler.List{}),
			stapler.Val("culprits", stapler.Top, stapler.List{}),
			stapler.Func("nextBuild", stapler.Top, b.class(), func() any { return r.neighbour(b, 1) }),
			stapler.Func("previousBuild", stapler.Top, b.class(), func() any { return r.neighbour(b, -1) }))
	} else {
		changes := &stapler.Object{Class: "hudson.scm.EmptyChangeLogSet", Props: []stapler.Prop{stapler.Val("items", stapler.Always, stapler.List{}), stapler.Val("kind", stapler.Always, nil)}}
		props = append(props,
			stapler.Val("builtOn", stapler.Top, b.builtOn(r.w)),
			stapler.Val("changeSet", stapler.Top, changes),
			stapler.Val("culprits", stapler.Top, stapler.List{}))
	}
	return &stapler.Object{Class: b.class(), Props: props}
}

// builtOn is the node as builds name it: the built-in one has no name there.
func (b *run) builtOn(w *world) string {
	if b.node == w.builtIn.Name {
		return ""
	}
	return b.node
}

func (b *run) actions() stapler.List {
	l := actions(b.params, b.users)
	if b.result == "ABORTED" {
		l = append(l, &stapler.Object{Class: "jenkins.model.InterruptedBuildAction"})
	}
	return l
}

func (r *request) neighbour(b *run, step int) any {
	i := slices.Index(b.job.runs, b) + step
	if i < 0 || i >= len(b.job.runs) {
		return nil
	}
	return r.build(b.job.runs[i])
}

// folder is what of a folder is shown.
func (r *request) folder(name string) *stapler.Object {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return &stapler.Object{Class: folderClass, Props: []stapler.Prop{
		stapler.Val("actions", stapler.Top, stapler.List{&stapler.Object{}}),
		stapler.Val("description", stapler.Top, nil),
		stapler.Val("displayName", stapler.Top, base),
		stapler.Val("displayNameOrNull", stapler.Top, nil),
		stapler.Val("fullDisplayName", stapler.Top, displayName(name)),
		stapler.Val("fullName", stapler.Top, name),
		stapler.Val("name", stapler.Always, base),
		stapler.Val("url", stapler.Always, r.jobURL(name)),
		stapler.Val("healthReport", stapler.Top, stapler.List{}),
		stapler.Func("jobs", stapler.Top, "", func() any { return r.jobsIn(name + "/") }),
	}}
}

// jobsIn are the jobs and folders right below a folder, by name.
func (r *request) jobsIn(prefix string) stapler.List {
	var names []string
	for name := range r.w.jobs {
		names = append(names, name)
	}
	for name := range r.w.folders {
		names = append(names, name)
	}
	slices.Sort(names)
	l := stapler.List{}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		switch {
		case !ok || strings.Contains(rest, "/") || !r.who.may(JobRead):
		case r.w.folders[name]:
			l = append(l, r.folder(name))
		default:
			l = append(l, r.job(r.w.jobs[name]))
		}
	}
	return l
}
