package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// Kinds of the JSON that is printed.
const (
	poolKind  = "PoolStatus"
	agentKind = "AgentStatus"
)

// gone is the state of an agent that its pool no longer has.
const gone = "gone"

// poolLine is a pool as a document of its own.
type poolLine struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	agentPool
}

// agentItem is one agent as commands print it.
type agentItem struct {
	pool.Agent
	Pool        string `json:"pool"`
	Namespace   string `json:"namespace"`
	Environment string `json:"environment,omitempty"`
	Context     string `json:"context,omitempty"`
}

type agentLine struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	agentItem
}

func poolHead(wide bool) []string {
	head := []string{"NAME", "QUEUED", "WAIT", "BUSY", "IDLE", "STARTING", "DRAINING", "DESIRED", "MIN", "MAX"}
	if wide {
		head = append(head, "OFFLINE", "NAMESPACE", "TARGET", "LABELS", "PRIORITY", "AGE")
	}
	return append(head, "REASON")
}

func poolRows(v *listView, p agentPool) []row {
	s := p.Status
	least, most := p.bounds()
	cells := []cell{
		{p.String(), bold},
		{fmt.Sprint(s.Queued), some(s.Queued, yellow)},
		{v.waited(s.OldestQueued), plain},
		{fmt.Sprint(s.Busy), plain},
		{fmt.Sprint(s.Idle), plain},
		{fmt.Sprint(s.Starting), plain},
		{fmt.Sprint(s.Draining), plain},
		{fmt.Sprint(s.Desired), bold},
		{fmt.Sprint(least), plain},
		{fmt.Sprint(most), plain},
	}
	if v.wide() {
		cells = append(cells, cell{fmt.Sprint(s.Offline), some(s.Offline, red)}, cell{p.Namespace, plain},
			cell{p.Spec.Target.Kind + "/" + p.Spec.Target.Name, plain}, cell{strings.Join(p.Spec.Labels, " "), plain},
			cell{p.Spec.Priority.String(), plain}, cell{v.age(p.Created), dim})
	}
	reason, how := p.reason()
	line := poolLine{apiVersion, poolKind, p}
	r := row{cells: append(cells, cell{reason, how}), pool: p.String(), name: p.String(), item: p, line: line, over: p.Gone}
	r.version = fmt.Sprintf("%+v", []any{
		s.Queued, s.Busy, s.Idle, s.Starting, s.Draining, s.Offline, s.Desired, least, most, reason, p.Gone,
		p.Spec.Target, p.Spec.Labels, p.Spec.Priority,
	})
	return []row{r}
}

// reason is why the pool has the agents that it has, or why that is not known.
func (p agentPool) reason() (string, style) {
	switch {
	case p.Gone:
		return "deleted", red
	case p.Suspend != "":
		return "suspended: " + p.Suspend, yellow
	case len(p.Problems) > 0:
		return p.Problems[0], red
	}
	for _, kind := range []string{pool.JenkinsReachable, pool.ScalingActive} {
		if c := p.condition(kind); c.Status == "False" {
			return cmp.Or(c.Message, c.Reason), red
		}
	}
	if p.Drain != "" {
		return "drained: " + p.Drain, yellow
	}
	if p.Status.Decision == nil && p.Status.Reason == "" {
		return p.condition(pool.Ready).Message, yellow
	}
	return p.Status.Reason, plain
}

func some(n int, s style) style {
	if n == 0 {
		return plain
	}
	return s
}

// waited is how long ago a point in time was that may not be there.
func (a *app) waited(t *time.Time) string {
	if t == nil {
		return ""
	}
	return a.age(*t)
}

func agentHead(wide bool) []string {
	head := []string{"NAME", "POOL", "STATE", "SINCE", "BUILD"}
	if wide {
		head = append(head, "NODE", "NAMESPACE")
	}
	return append(head, "REASON")
}

func agentRows(v *listView, p agentPool) []row {
	var rows []row
	for _, a := range p.Status.Agents {
		if p.Gone {
			a.State = gone
		}
		rows = append(rows, v.agentRow(p, a))
	}
	return rows
}

func (v *listView) agentRow(p agentPool, a pool.Agent) row {
	item := agentItem{Agent: a, Pool: p.Name, Namespace: p.Namespace, Environment: p.Environment, Context: p.Context}
	build := buildName(a.Build)
	if v.wide() {
		build = a.Build
	}
	cells := []cell{{a.Name, bold}, {p.String(), plain}, {a.State, colourOfState(a.State)}, {v.age(a.Since), dim}, {build, plain}}
	if v.wide() {
		cells = append(cells, cell{cmp.Or(a.Node, a.Name), plain}, cell{p.Namespace, plain})
	}
	r := row{
		cells: append(cells, cell{a.Reason, plain}), pool: p.String(), name: cmp.Or(p.Environment, p.Namespace) + "/" + a.Name,
		version: fmt.Sprintf("%+v", a), item: item, line: agentLine{apiVersion, agentKind, item}, over: a.State == gone,
	}
	r.gone = func() row {
		left := a
		left.State, left.Since, left.Build, left.Reason = gone, v.now().UTC(), "", ""
		return v.agentRow(p, left)
	}
	return r
}

func colourOfState(state string) style {
	switch roster.State(state) {
	case roster.Idle, roster.Busy:
		return green
	case roster.Starting, roster.Draining, roster.Terminating:
		return yellow
	case roster.Offline, roster.Lost, roster.Failed, roster.Ghost:
		return red
	}
	return dim
}

// buildName makes "shop/main #12" of the URL of a build, ".../job/shop/job/main/12/". What is no such URL stays as it is.
func buildName(link string) string {
	_, path, ok := strings.Cut(link, "/job/")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if !ok || len(parts)%2 != 0 {
		return link
	}
	var names []string
	for i, part := range parts {
		if i%2 == 1 && i < len(parts)-1 {
			if part != "job" {
				return link
			}
			continue
		}
		name, err := url.PathUnescape(part)
		if err != nil {
			return link
		}
		names = append(names, name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], "/") + " #" + names[last]
}
