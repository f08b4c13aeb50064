package rest

import (
	"context"
	"strings"
	"time"

	"majordomo.dev/jenkins"
)

// Snapshot asks Jenkins for its queue, its nodes and whether all that can be trusted.
//
// The queue is asked for first and the nodes second: what has left the queue before it was asked for has an executor by then, so no work is in
// neither of them. These two requests are all while items wait whose reasons show that builds are started. Otherwise a third one tells
// whether Jenkins is quieting down, which changes those reasons and could not be seen in an empty queue, and what the account may see. It and a
// fourth one, as whom Jenkins takes us, are made at first, after any fault, when Jenkins has restarted, and every Options.Verify.
//
// The error is a *jenkins.Fault, or that of the context if the caller gave up. A fault changes nothing: the next call asks anew.
func (c *Client) Snapshot(ctx context.Context) (*jenkins.Snapshot, error) {
	known := c.recall()
	s, next, err := c.snapshot(ctx, known)
	if err != nil {
		known.noticed, known.checked = next.noticed, time.Time{}
		c.learn(known)
		return nil, err
	}
	c.learn(next)
	return s, nil
}

// parts are the answers that make a snapshot.
type parts struct {
	queue     *queueAnswer
	computers *computersAnswer
	server    *serverAnswer // nil if it was not asked
	who       *Identity     // nil if it was not asked
	first     *exchange
}

func (c *Client) snapshot(ctx context.Context, m memory) (*jenkins.Snapshot, memory, error) {
	p, err := c.parts(ctx, m)
	if err != nil {
		return nil, m, err
	}
	if s := p.first.session(); s != m.session {
		m = memory{session: s, skew: m.skew, user: m.user}
	}
	m.skew = skewOf(p.first.header.Get("Date"), p.first.sent, p.first.received, m.skew)
	var found *finding
	if m.noticed, found = m.noticed.notice(p.first.sent, p.sight()); found != nil {
		f := p.first.fault(jenkins.InsufficientPermission, "%s seems to lack %s: %s; grant it for all that uses the agents",
			account(c.options.User), found.right, found.text)
		f.Status = 0
		return nil, m, f
	}
	quieting, _ := p.queue.quieting()
	reason := ""
	if p.server != nil {
		quieting, reason = quieting || *p.server.QuietingDown, clip(p.server.QuietReason)
	}
	if p.who != nil {
		m.user, m.checked = p.who.Name, p.first.sent
	}
	t := translation{at: p.first.sent, skew: m.skew, base: c.base}
	return &jenkins.Snapshot{
		At: t.at, Skew: m.skew, Session: m.session, Version: p.first.version(), User: m.user,
		QuietingDown: quieting, QuietReason: reason, Items: p.queue.items(t), Computers: p.computers.values(t),
	}, m, nil
}

// parts asks for all that is needed, and makes sure that one and the same Jenkins has answered.
func (c *Client) parts(ctx context.Context, m memory) (*parts, error) {
	queue, first, err := c.queue(ctx)
	if err != nil {
		return nil, err
	}
	p := &parts{queue: queue, first: first}
	var x *exchange
	if p.computers, x, err = c.computers(ctx); err != nil {
		return nil, err
	}
	if err := p.same(x); err != nil {
		return nil, err
	}
	verify := m.checked.IsZero() || first.session() != m.session || first.sent.Sub(m.checked) >= c.options.Verify || first.sent.Before(m.checked)
	if quieting, told := queue.quieting(); verify || quieting || !told {
		if p.server, x, err = c.server(ctx); err != nil {
			return nil, err
		}
		if err := p.same(x); err != nil {
			return nil, err
		}
	}
	if verify {
		if p.who, x, err = c.whoAmI(ctx); err != nil {
			return nil, err
		}
		if err := p.same(x); err != nil {
			return nil, err
		}
		return p, c.recognized(p, x)
	}
	return p, nil
}

// same makes sure that a further answer is of the Jenkins that gave the first one.
func (p *parts) same(x *exchange) error {
	if x.session() != p.first.session() || x.version() != p.first.version() {
		return x.fault(jenkins.Starting, "Jenkins restarted while it was asked, or there are two behind this URL; want one and the same")
	}
	return nil
}

// recognized makes sure that Jenkins takes us for whom we say we are. Where security is off, it asks nobody.
func (c *Client) recognized(p *parts, x *exchange) error {
	user := c.options.User
	switch {
	case user == "" || strings.EqualFold(p.who.Name, user) || p.server.open():
		return nil
	case p.who.Anonymous:
		return x.fault(jenkins.AuthLost, "Jenkins takes user %q for anonymous; let the header Authorization through to it", user)
	}
	return x.fault(jenkins.AuthLost, "Jenkins takes user %q for %q; want the name in the Secret that Jenkins has", user, clip(p.who.Name))
}

// sight is what the answers tell of what the account may see.
func (p *parts) sight() sight {
	s := sight{discovered: len(p.queue.Discoverable), buildable: p.queue.buildable()}
	if p.server != nil {
		s.asked, s.jobs = true, len(*p.server.Jobs) > 0
		if l := p.server.Load.Queue.Sec10.Latest; l != nil {
			s.load = *l
		}
	}
	for i := range *p.computers.Computers {
		a := &(*p.computers.Computers)[i]
		hidden := a.hidden()
		s.working = s.working || len(hidden) > 0
		for _, e := range *a.OneOff {
			s.working = s.working || !*e.Idle && e.Build == nil
		}
		if a.builtIn() {
			continue
		}
		s.hidden = append(s.hidden, hidden...)
		if !*a.Offline && a.Path.told {
			s.online++
		}
		if !*a.Offline && a.Path.text != "" {
			s.connected++
		}
	}
	return s
}
