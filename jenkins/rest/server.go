package rest

import (
	"context"
	"errors"
	"net/url"

	"majordomo.dev/jenkins"
)

const (
	serverClass = "hudson.model.Hudson"
	serverTree  = "quietingDown,quietDownReason,useSecurity,jobs[name]{0,1},overallLoad[queueLength[sec10[latest]]]"
	whoClass    = "hudson.security.WhoAmI"
	anonymous   = "anonymous"
)

// Server is what Jenkins says of itself.
type Server struct {
	Version      string
	Session      string // changes each time that Jenkins starts
	QuietingDown bool   // it starts no builds
	QuietReason  string
	Open         bool // security is off: anybody may do anything
	Jobs         bool // the account sees a job
}

// Identity is as whom Jenkins takes the requests.
type Identity struct {
	Name        string
	Anonymous   bool
	Authorities []string
}

type serverAnswer struct {
	Class        string      `json:"_class"`
	QuietingDown *bool       `json:"quietingDown"`
	QuietReason  string      `json:"quietDownReason"`
	Security     *bool       `json:"useSecurity"`
	Jobs         *[]struct{} `json:"jobs"`
	Load         struct {
		Queue struct {
			Sec10 struct {
				Latest *float64 `json:"latest"`
			} `json:"sec10"`
		} `json:"queueLength"`
	} `json:"overallLoad"`
}

// open tells whether security is off.
func (a *serverAnswer) open() bool { return a.Security != nil && !*a.Security }

// Server reads what Jenkins says of itself.
func (c *Client) Server(ctx context.Context) (*Server, error) {
	a, x, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	return &Server{
		Version: x.version(), Session: x.session(), QuietingDown: *a.QuietingDown, QuietReason: clip(a.QuietReason),
		Open: a.open(), Jobs: len(*a.Jobs) > 0,
	}, nil
}

func (c *Client) server(ctx context.Context) (*serverAnswer, *exchange, error) {
	x := &exchange{name: "server", path: "/", tree: serverTree}
	var a serverAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, nil, err
	}
	switch {
	case a.Class != serverClass:
		return nil, nil, x.fault(jenkins.BadAnswer, "the answer is not that of the root: its _class is %s; want %s", quote(a.Class), serverClass)
	case a.QuietingDown == nil || a.Jobs == nil:
		return nil, nil, x.fault(jenkins.BadAnswer, "the answer lacks quietingDown or jobs; want both")
	}
	return &a, x, nil
}

type whoAnswer struct {
	Class       string   `json:"_class"`
	Name        string   `json:"name"`
	Anonymous   *bool    `json:"anonymous"`
	Authorities []string `json:"authorities"`
}

// WhoAmI asks Jenkins who we are.
func (c *Client) WhoAmI(ctx context.Context) (*Identity, error) {
	who, _, err := c.whoAmI(ctx)
	return who, err
}

func (c *Client) whoAmI(ctx context.Context) (*Identity, *exchange, error) {
	x := &exchange{name: "whoami", path: "/whoAmI", tree: "name,anonymous,authorities"}
	var a whoAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, nil, err
	}
	if a.Class != whoClass || a.Name == "" || a.Anonymous == nil {
		return nil, nil, x.fault(jenkins.BadAnswer, "the answer does not tell who asks: its _class is %s; want %s with a name", quote(a.Class), whoClass)
	}
	return &Identity{Name: a.Name, Anonymous: *a.Anonymous || a.Name == anonymous, Authorities: a.Authorities}, x, nil
}

// Label is a label, or label expression, and who has it.
type Label struct {
	Name    string // as Jenkins writes it
	Nodes   []string
	Offline bool // none of them is online
	Busy    int  // executors of those that are online
	Idle    int
	Total   int
}

type labelAnswer struct {
	Class string  `json:"_class"`
	Name  *string `json:"name"`
	Nodes *[]struct {
		Name string `json:"nodeName"`
	} `json:"nodes"`
	Offline *bool `json:"offline"`
	Busy    int   `json:"busyExecutors"`
	Idle    int   `json:"idleExecutors"`
	Total   int   `json:"totalExecutors"`
}

// Label asks which nodes a label expression is true for. An expression that nobody satisfies, or that cannot be read, has no nodes.
func (c *Client) Label(ctx context.Context, expr string) (*Label, error) {
	if expr == "" || expr == "." || expr == ".." {
		return nil, errors.New("label: is empty or made of dots; want a label expression such as linux && docker")
	}
	x := &exchange{name: "label", path: "/label/" + url.PathEscape(expr), tree: "name,nodes[nodeName],offline,busyExecutors,idleExecutors,totalExecutors"}
	var a labelAnswer
	if err := c.get(ctx, x, &a); err != nil {
		return nil, err
	}
	if a.Name == nil || a.Nodes == nil || a.Offline == nil {
		return nil, x.fault(jenkins.BadAnswer, "the answer is not a label: it lacks one of name, nodes and offline; want that of Jenkins")
	}
	l := &Label{Name: *a.Name, Offline: *a.Offline, Busy: a.Busy, Idle: a.Idle, Total: a.Total}
	for _, n := range *a.Nodes {
		l.Nodes = append(l.Nodes, n.Name)
	}
	return l, nil
}
