package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/jenkins"
)

const (
	computersClass = "hudson.model.ComputerSet"
	builtInClass   = "MasterComputer" // of the built-in node, at its end
	runTree        = "idle,currentExecutable[url,number,fullDisplayName,timestamp,estimatedDuration]"
	computerTree   = "displayName,description,assignedLabels[name],numExecutors,idle,offline,temporarilyOffline,offlineCauseReason,offlineCause," +
		"absoluteRemotePath,executors[number," + runTree + "],oneOffExecutors[" + runTree + "]"
)

// computersAnswer is /computer as Jenkins writes it. Pointers are what must be there.
type computersAnswer struct {
	Class     string            `json:"_class"`
	Computers *[]computerAnswer `json:"computer"`
}

type computerAnswer struct {
	Class       string `json:"_class"`
	Name        string `json:"displayName"`
	Description string `json:"description"`
	Labels      []struct {
		Name string `json:"name"`
	} `json:"assignedLabels"`
	NumExecutors *int   `json:"numExecutors"`
	Idle         *bool  `json:"idle"`
	Offline      *bool  `json:"offline"`
	Parked       *bool  `json:"temporarilyOffline"`
	Reason       string `json:"offlineCauseReason"`
	Cause        *struct {
		Class string `json:"_class"`
	} `json:"offlineCause"`
	Path      optional          `json:"absoluteRemotePath"` // while it is connected; null for an account without Agent/Connect
	Executors *[]executorAnswer `json:"executors"`
	OneOff    *[]executorAnswer `json:"oneOffExecutors"`
}

type executorAnswer struct {
	Number int   `json:"number"`
	Idle   *bool `json:"idle"`
	Build  *struct {
		URL       string `json:"url"`
		Number    int    `json:"number"`
		Name      string `json:"fullDisplayName"`
		Timestamp int64  `json:"timestamp"`
		Estimated int64  `json:"estimatedDuration"`
	} `json:"currentExecutable"`
}

// Computers reads all nodes of Jenkins as they are now, the built-in one first.
func (c *Client) Computers(ctx context.Context) ([]jenkins.Computer, error) {
	a, x, err := c.computers(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.unchanged(x); err != nil {
		return nil, err
	}
	return a.values(c.translation(x.sent)), nil
}

func (c *Client) computers(ctx context.Context) (*computersAnswer, *exchange, error) {
	x := &exchange{name: "computers", path: "/computer", tree: "computer[" + computerTree + "]"}
	var a computersAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, nil, err
	}
	if problem := a.problem(); problem != "" {
		return nil, nil, x.fault(jenkins.BadAnswer, "the answer is not a list of nodes: %s; want that of Jenkins", problem)
	}
	return &a, x, nil
}

// problem tells what is missing, "" if nothing is.
func (a *computersAnswer) problem() string {
	switch {
	case a.Class != computersClass:
		return "its _class is " + quote(a.Class) + ", not " + computersClass
	case a.Computers == nil:
		return "it has no computer"
	case len(*a.Computers) == 0:
		return "it is empty, without even the built-in node"
	}
	for i := range *a.Computers {
		if problem := (*a.Computers)[i].problem(); problem != "" {
			return problem
		}
	}
	return ""
}

func (a *computerAnswer) problem() string {
	if a.Class == "" || a.Name == "" {
		return "a node has no _class or no displayName"
	}
	if a.NumExecutors == nil || a.Idle == nil || a.Offline == nil || a.Parked == nil || a.Executors == nil || a.OneOff == nil {
		return "node " + quote(a.Name) + " lacks one of numExecutors, idle, offline, temporarilyOffline, executors and oneOffExecutors"
	}
	if *a.NumExecutors < 0 {
		return "node " + quote(a.Name) + " has fewer than no executors"
	}
	for _, e := range slices.Concat(*a.Executors, *a.OneOff) {
		if e.Idle == nil {
			return "an executor of node " + quote(a.Name) + " does not tell whether it is idle"
		}
	}
	return ""
}

func (a *computersAnswer) values(t translation) []jenkins.Computer {
	all := make([]jenkins.Computer, len(*a.Computers))
	for i := range *a.Computers {
		all[i] = (*a.Computers)[i].value(t)
	}
	return all
}

func (a *computerAnswer) builtIn() bool { return strings.HasSuffix(a.Class, builtInClass) }

// value is the computer as a value, with times by our clock. It is idle only if all that Jenkins says of it agrees: the parts of an answer are
// read one after the other, while builds begin and end.
func (a *computerAnswer) value(t translation) jenkins.Computer {
	v := jenkins.Computer{
		Name: a.Name, Class: a.Class, Description: a.Description, Executors: *a.NumExecutors, Idle: *a.Idle, Offline: *a.Offline,
		Parked: *a.Parked, OfflineReason: reason(a.Reason), Connected: !*a.Offline || a.Path.text != "", BuiltIn: a.builtIn(),
	}
	for _, l := range a.Labels {
		v.Labels = append(v.Labels, l.Name)
	}
	if a.Cause != nil {
		v.OfflineClass = a.Cause.Class
	}
	for _, e := range *a.Executors {
		if !*e.Idle {
			v.Busy++
			v.Idle = false
		}
		v.Builds = append(v.Builds, e.builds(t, false)...)
	}
	for _, e := range *a.OneOff {
		v.Idle = v.Idle && *e.Idle
		v.Builds = append(v.Builds, e.builds(t, true)...)
	}
	return v
}

// builds is the build of an executor, none if it has none or the account may not see it.
func (e *executorAnswer) builds(t translation, oneOff bool) []jenkins.Build {
	if e.Build == nil {
		return nil
	}
	b := jenkins.Build{URL: t.absolute(e.Build.URL), Name: e.Build.Name, Started: t.past(e.Build.Timestamp), Estimated: span(e.Build.Estimated), OneOff: oneOff}
	if b.Name == "" {
		b.Name = b.URL
	}
	return []jenkins.Build{b}
}

// reason is the first line of why a node is offline: after a broken connection Jenkins adds the stack of the thread that noticed.
func reason(text string) string {
	const most = 1000
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}

// hidden are the executors that have work which the account may not see. One that was given a build a moment ago looks the same.
func (a *computerAnswer) hidden() (executors []string) {
	for _, e := range *a.Executors {
		if !*e.Idle && e.Build == nil {
			executors = append(executors, "executor "+strconv.Itoa(e.Number)+" of "+clip(a.Name))
		}
	}
	return executors
}

// The names under which Jenkins has had its built-in node, and where it is.
var (
	builtInNames = []string{"", "master", "(master)", "Built-In Node", "built-in", "(built-in)"}
	builtInPaths = []string{"(built-in)", "(master)"}
)

// Computer reads one node as it is now. The error wraps ErrNotFound if there is no such node, which is said only if the list of all nodes says
// so, too: a proxy answers 404 as well.
func (c *Client) Computer(ctx context.Context, name string) (*jenkins.Computer, error) {
	paths := []string{name}
	if slices.Contains(builtInNames, name) {
		paths = append(builtInPaths, name)
	}
	for _, p := range paths {
		found, err := c.computer(ctx, p)
		if err == nil && (found.Name == name || found.BuiltIn && slices.Contains(builtInNames, name)) {
			return found, nil
		}
		if err != nil && !missing(err) {
			return nil, err
		}
	}
	return nil, c.gone(ctx, name)
}

func missing(err error) bool {
	f := (*jenkins.Fault)(nil)
	return errors.As(err, &f) && f.Status == http.StatusNotFound
}

func (c *Client) computer(ctx context.Context, name string) (*jenkins.Computer, error) {
	path, err := nodePath(name)
	if err != nil {
		return nil, err
	}
	x := &exchange{name: "computer", path: path, tree: computerTree}
	var a computerAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, err
	}
	if problem := a.problem(); problem != "" {
		return nil, x.fault(jenkins.BadAnswer, "the answer is not a node: %s; want that of Jenkins", problem)
	}
	if err := c.unchanged(x); err != nil {
		return nil, err
	}
	v := a.value(c.translation(x.sent))
	return &v, nil
}

// nodePath is where a node is. Jenkins allows no name that would lead elsewhere.
func nodePath(name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\?#\x00") {
		return "", fmt.Errorf("node %q: Jenkins has no such names", name)
	}
	return "/computer/" + url.PathEscape(name), nil
}

// gone tells whether a node that was not found is really not there.
func (c *Client) gone(ctx context.Context, name string) error {
	all, err := c.Computers(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(v jenkins.Computer) bool { return v.Name == name }) {
		x := exchange{url: c.base.String() + "/computer", status: http.StatusNotFound}
		return x.fault(jenkins.BadAnswer, "node %q is in the list of nodes and is not found by its name; want one answer", name)
	}
	return fmt.Errorf("node %q: %w", name, ErrNotFound)
}

// unchanged makes sure that it is the Jenkins of the last snapshot that has answered: after a restart its agents are missing for a while.
func (c *Client) unchanged(x *exchange) error {
	if known := c.recall().session; known != "" && x.session() != known {
		return x.fault(jenkins.Starting, "Jenkins has restarted since the last snapshot; want a new snapshot first")
	}
	return nil
}

// translation is that of an answer outside of a snapshot.
func (c *Client) translation(at time.Time) translation {
	return translation{at: at, skew: c.recall().skew, base: c.base}
}
