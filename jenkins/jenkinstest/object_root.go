package jenkinstest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

const overallLoad = "hudson.model.OverallLoadStatistics"

func (r *request) root() *stapler.Object {
	w := r.w
	view := &stapler.Object{Class: "hudson.model.AllView", Props: []stapler.Prop{
		stapler.Val("description", stapler.Top, nil),
		stapler.Func("jobs", stapler.Top, "", func() any { return r.jobsIn("") }),
		stapler.Val("name", stapler.Always, "all"),
		stapler.Val("property", stapler.Top, stapler.List{}),
		stapler.Val("url", stapler.Always, r.base),
	}}
	var url any
	if r.set {
		url = r.base
	}
	labels := func() any {
		return stapler.Objects(w.builtIn.labels(), func(name string) *stapler.Object { return r.label(atom(name)) })
	}
	o := &stapler.Object{Class: "hudson.model.Hudson", Props: []stapler.Prop{
		stapler.Func("assignedLabels", stapler.Top, labelClass+"LabelAtom", labels),
		stapler.Val("mode", stapler.Top, "NORMAL"),
		stapler.Val("nodeDescription", stapler.Top, w.builtIn.Description),
		stapler.Val("nodeName", stapler.Always, ""),
		stapler.Val("numExecutors", stapler.Top, w.builtIn.Executors),
		stapler.Val("description", stapler.Top, nil),
		stapler.Func("jobs", stapler.Top, "", func() any { return r.jobsIn("") }),
		stapler.Func("overallLoad", stapler.Top, overallLoad, func() any { return load(overallLoad, true) }),
		stapler.Val("primaryView", stapler.Top, view),
	}}
	if newer(w.options.Version, 267) {
		var reason any
		if w.quieting && w.reason != "" {
			reason = w.reason
		}
		o.Props = append(o.Props, stapler.Val("quietDownReason", stapler.Top, reason))
	}
	o.Props = append(o.Props,
		stapler.Val("quietingDown", stapler.Top, w.quieting),
		stapler.Val("slaveAgentPort", stapler.Top, 50000),
		stapler.Func("unlabeledLoad", stapler.Top, "", func() any { return load("jenkins.model.UnlabeledLoadStatistics", false) }),
		stapler.Val("url", stapler.Top, url),
		stapler.Val("useCrumbs", stapler.Top, true),
		stapler.Val("useSecurity", stapler.Top, !w.options.Open),
		stapler.Val("views", stapler.Top, stapler.List{view}))
	return o
}

func (r *request) whoAmI() *stapler.Object {
	authorities := stapler.List{"authenticated"}
	switch {
	case r.who.all:
		authorities = stapler.List{"anonymous"}
	case r.who.anonymous:
		authorities = stapler.List{""}
	}
	return &stapler.Object{Class: "hudson.security.WhoAmI", Props: []stapler.Prop{
		stapler.Val("anonymous", stapler.Top, r.who.anonymous),
		stapler.Val("authenticated", stapler.Top, true),
		stapler.Val("authorities", stapler.Top, authorities),
		stapler.Val("name", stapler.Top, r.who.name),
	}}
}

// crumbIssuer gives the crumb of the web session, which it begins if there is none.
func (r *request) crumbIssuer() *stapler.Object {
	if r.who.session == "" {
		r.who.session, r.who.fresh = r.w.newWebSession(), true
	}
	return &stapler.Object{Class: "hudson.security.csrf.DefaultCrumbIssuer", Props: []stapler.Prop{
		stapler.Val("crumb", stapler.Top, r.w.crumb(r.who.session)),
		stapler.Val("crumbRequestField", stapler.Top, "Jenkins-Crumb"),
	}}
}

// crumbXML is what the swarm client asks for: the header that it must send.
func (r *request) crumbXML() *answer {
	if r.URL.Query().Get("xpath") != `concat(//crumbRequestField,":",//crumb)` {
		return r.missing()
	}
	return newAnswer(http.StatusOK, "text/plain;charset=utf-8", []byte("Jenkins-Crumb:"+r.w.crumb(r.who.session)))
}

func (r *request) plugins() *stapler.Object {
	versions := [][2]string{{"workflow-job", "2.40"}, {"workflow-durable-task-step", "2.37"}, {"cloudbees-folder", "6.15"}, {"matrix-auth", "2.6.2"}}
	if r.w.options.PipelineNames {
		versions[1][1] = "2.39"
	}
	if !r.w.options.NoSwarm {
		versions = append(versions, [2]string{"swarm", "3.27"})
	}
	plugins := stapler.Objects(versions, func(v [2]string) *stapler.Object {
		return &stapler.Object{Class: "hudson.PluginWrapper", Props: []stapler.Prop{
			stapler.Val("active", stapler.Top, true), stapler.Val("enabled", stapler.Top, true), stapler.Val("hasUpdate", stapler.Top, false),
			stapler.Val("shortName", stapler.Top, v[0]), stapler.Val("version", stapler.Top, v[1]),
		}}
	})
	return &stapler.Object{Class: "hudson.LocalPluginManager", Props: []stapler.Prop{
		stapler.Func("plugins", stapler.Top, "hudson.PluginWrapper", func() any { return plugins }),
	}}
}

// labelPath is /label/EXPRESSION, which is a label even if nobody has it, and its loadStatistics.
func (r *request) labelPath(rest []string) *stapler.Object {
	if len(rest) == 0 || rest[0] == "" || len(rest) > 2 || len(rest) == 2 && rest[1] != "loadStatistics" {
		return nil
	}
	l, _ := r.w.readLabel(rest[0])
	if l == nil {
		return nil
	}
	if len(rest) == 2 {
		return load("hudson.model.Label$1", false)
	}
	return r.label(l)
}

// capacity counts the executors of the online nodes of a label.
type capacity struct {
	busy, total int
	offline     bool
}

func (w *world) loadOf(l *label) capacity {
	sum := capacity{offline: true}
	for _, n := range w.nodesOf(l) {
		if n.online() {
			sum.offline = false
			sum.busy += n.busy()
			sum.total += len(n.execs)
		}
	}
	return sum
}

func (r *request) label(l *label) *stapler.Object {
	w := r.w
	of := sync.OnceValue(func() capacity { return w.loadOf(l) })
	o := &stapler.Object{Class: l.class, Props: []stapler.Prop{
		stapler.Val("actions", stapler.Top, stapler.List{}),
		stapler.Func("busyExecutors", stapler.Top, "", func() any { return of().busy }),
		stapler.Val("clouds", stapler.Top, stapler.List{}),
		stapler.Func("description", stapler.Top, "", func() any { return w.describe(l) }),
		stapler.Func("idleExecutors", stapler.Top, "", func() any { return of().total - of().busy }),
		stapler.Func("loadStatistics", stapler.Top, "", func() any { return load("hudson.model.Label$1", false) }),
		stapler.Val("name", stapler.Second, l.name),
		stapler.Func("nodes", stapler.Top, "", func() any { return stapler.Objects(w.nodesOf(l), r.labelNode) }),
		stapler.Func("offline", stapler.Top, "", func() any { return of().offline }),
		stapler.Func("tiedJobs", stapler.Top, "", func() any { return r.tiedJobs(l) }),
		stapler.Func("totalExecutors", stapler.Top, "", func() any { return of().total }),
	}}
	if l.isAtom() {
		o.Props = append(o.Props, stapler.Val("propertiesList", stapler.Top, stapler.List{}))
	}
	return o
}

// describe says who has a label; of a plain one nothing is said.
func (w *world) describe(l *label) any {
	nodes := w.nodesOf(l)
	switch {
	case l.isAtom():
		return nil
	case len(nodes) == 0:
		return "invalid label"
	case len(nodes) == 1:
		return nodes[0].Description
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return "group of " + strings.Join(names, ", ")
}

// labelNode is a node as labels show it: what it is configured to be.
func (r *request) labelNode(n *node) *stapler.Object {
	if n.builtIn {
		return r.root()
	}
	mode := "NORMAL"
	if n.Exclusive {
		mode = "EXCLUSIVE"
	}
	var description any = n.Description
	if n.broken {
		description = nil
	}
	return &stapler.Object{Class: n.class(), Props: []stapler.Prop{
		stapler.Func("assignedLabels", stapler.Top, labelClass+"LabelAtom", func() any {
			return stapler.Objects(n.labels(), func(name string) *stapler.Object { return r.label(atom(name)) })
		}),
		stapler.Val("mode", stapler.Top, mode),
		stapler.Val("nodeDescription", stapler.Top, description),
		stapler.Val("nodeName", stapler.Always, n.Name),
		stapler.Val("numExecutors", stapler.Top, n.Executors),
	}}
}

// tiedJobs are the freestyle jobs that want exactly this label.
func (r *request) tiedJobs(l *label) stapler.List {
	var names []string
	for name, j := range r.w.jobs {
		if j.label != nil && j.label.name == l.name && r.sees(j) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return stapler.Objects(names, func(name string) *stapler.Object { return r.job(r.w.jobs[name]) })
}

// load are the load statistics: moving averages, too slow to be of use to anybody who scales. Here they are always 0.
func load(class string, overall bool) *stapler.Object {
	names := []string{"availableExecutors", "busyExecutors", "connectingExecutors", "definedExecutors", "idleExecutors", "onlineExecutors", "queueLength", "totalExecutors"}
	if overall {
		names = append(names, "totalQueueLength")
	}
	scale := func() *stapler.Object {
		return &stapler.Object{Props: []stapler.Prop{stapler.Val("history", stapler.Top, stapler.List{float32(0)}), stapler.Val("latest", stapler.Top, float32(0))}}
	}
	o := &stapler.Object{Class: class}
	for _, name := range names {
		series := &stapler.Object{Props: []stapler.Prop{
			stapler.Val("hour", stapler.Top, scale()), stapler.Val("min", stapler.Top, scale()), stapler.Val("sec10", stapler.Top, scale()),
		}}
		o.Props = append(o.Props, stapler.Val(name, stapler.Top, series))
	}
	return o
}

func (r *request) load(name string) *stapler.Object {
	if name == "overallLoad" {
		return load(overallLoad, true)
	}
	return load("jenkins.model.UnlabeledLoadStatistics", false)
}

// secret is that of an inbound agent: 64 hexadecimal digits.
func (w *world) secret(node string) string {
	sum := sha256.Sum256([]byte("secret of " + node))
	return hex.EncodeToString(sum[:])
}

// language is the first one that the caller asks for.
func (r *request) language() string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.ToLower(strings.TrimSpace(first))
}
