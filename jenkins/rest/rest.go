// Package rest is the HTTP client of a Jenkins, on gojenkins, that takes no answer on trust.
//
// gojenkins sends the requests and decodes the answers, behind a guard (see guard.go) that lets nothing through to it but whole, valid JSON
// with status 200 that Jenkins itself has sent to the configured account. Everything else comes back as a *jenkins.Fault. So an outage is
// never taken for an empty queue, and what gojenkins does with errors, redirects and crumbs never happens.
package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bndr/gojenkins"
)

// What callers branch on.
var (
	ErrNotFound = errors.New("it is not in Jenkins")
	ErrInUse    = errors.New("it is connected or has work")         // so it may not be forgotten
	ErrNotOurs  = errors.New("it was taken offline by another one") // so it may not be brought back
)

// Client asks one Jenkins as one account. Its methods may be called from many goroutines.
type Client struct {
	options Options
	base    *url.URL
	api     *gojenkins.Requester
	hangUp  func()
	hide    *strings.Replacer // takes the credentials out of texts

	mu    sync.Mutex
	known memory
	crumb *crumb // of the web session, nil for none
}

// memory is what a client knows from earlier answers.
type memory struct {
	session string        // of the last snapshot
	skew    time.Duration // clock of Jenkins minus ours
	user    string        // as Jenkins calls us
	checked time.Time     // when it was last asked; zero if it has to be
	noticed watch         // what the account may not see
}

// New returns a client, or all that is wrong with the options.
func New(o Options) (*Client, error) {
	o.complete()
	base, err := baseURL(o.URL)
	if err = errors.Join(err, o.validate()); err != nil {
		return nil, fmt.Errorf("jenkins: %w", err)
	}
	secret := o.Token
	if secret.IsZero() {
		secret = o.Password
	}
	hide := hider(o.User, secret.reveal())
	c := &Client{options: o, base: base, hide: hide, hangUp: func() {}}
	g := &guard{base: base, user: o.User, secret: secret, agent: "majordomo/" + o.Version, limit: o.MaxBody, next: o.Transport, hide: hide}
	if g.next == nil {
		t := transport(&o)
		g.next, c.hangUp = t, t.CloseIdleConnections
	}
	// No credentials: the guard adds them, so that they are in no value of gojenkins and go to no other host.
	c.api = gojenkins.CreateJenkins(&http.Client{
		Transport:     g,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, base.String()).Requester.(*gojenkins.Requester)
	return c, nil
}

// Close ends the connections that are kept open for further requests.
func (c *Client) Close() { c.hangUp() }

// String says which Jenkins is asked, as whom.
func (c *Client) String() string {
	if c.options.User == "" {
		return c.base.String()
	}
	return fmt.Sprintf("%s as %s", c.base, c.options.User)
}

// GoString returns what String does, for %#v.
func (c *Client) GoString() string { return c.String() }

// recall returns what is known.
func (c *Client) recall() memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

func (c *Client) learn(m memory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = m
}
