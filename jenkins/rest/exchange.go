package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bndr/gojenkins"

	"majordomo.dev/jenkins"
)

// exchange is one request, and what became of it.
type exchange struct {
	name  string     // for Options.Observe
	path  string     // below the URL of Jenkins, escaped
	tree  string     // fields that are wanted
	form  url.Values // of a change
	lands string     // path below that of Jenkins, not escaped, to which it sends a browser after the change
	crumb *crumb
	// patience is how many times as long as others it may take, 0 for once.
	patience time.Duration

	url       string        // that was asked, without the query
	limit     time.Duration // for it all
	connected atomic.Bool
	sent      time.Time
	received  time.Time
	status    int         // 0 for no answer
	header    http.Header // of the answer
	passed    bool        // the guard let the answer through
}

type exchangeKey struct{}

// version and session of the Jenkins that answered.
func (x *exchange) version() string { return x.header.Get("X-Jenkins") }
func (x *exchange) session() string { return x.header.Get("X-Jenkins-Session") }

// cookies are those that the answer sets, for a further request.
func (x *exchange) cookies() string {
	var all []string
	for _, k := range (&http.Response{Header: x.header}).Cookies() {
		all = append(all, k.Name+"="+k.Value)
	}
	return strings.Join(all, "; ")
}

// change tells whether it is a POST, which Jenkins answers with a redirect, and not a read.
func (x *exchange) change() bool { return x.form != nil }

func (x *exchange) fault(reason jenkins.Reason, format string, args ...any) *jenkins.Fault {
	return &jenkins.Fault{Reason: reason, URL: x.url, Status: x.status, Text: fmt.Sprintf(format, args...)}
}

// get reads JSON into a struct. The error is a *jenkins.Fault, or that of the context if the caller gave up.
func (c *Client) get(ctx context.Context, x *exchange, into any) error {
	return c.do(ctx, x, func(ctx context.Context) error {
		var query map[string]string
		if x.tree != "" {
			query = map[string]string{"tree": x.tree}
		}
		res, err := c.api.GetJSON(ctx, x.path, into, query)
		return closed(res, err)
	})
}

// post makes one change, without asking for a crumb.
func (c *Client) post(ctx context.Context, x *exchange) error {
	return c.do(ctx, x, func(ctx context.Context) error {
		r := gojenkins.NewAPIRequest(http.MethodPost, x.path, strings.NewReader(x.form.Encode()))
		r.SetHeader("Content-Type", "application/x-www-form-urlencoded")
		if x.crumb != nil && x.crumb.field != "" {
			r.SetHeader(x.crumb.field, x.crumb.value)
			r.SetHeader("Cookie", x.crumb.cookie)
		}
		var body string // a *string makes gojenkins decode nothing
		res, err := c.api.Do(ctx, r, &body)
		return closed(res, err)
	})
}

// closed closes the body of what gojenkins returns; it has done so already, but not in each of its errors.
func closed(res *http.Response, err error) error {
	if res != nil {
		_ = res.Body.Close()
	}
	return err
}

// do runs one request with its time limit. Only what the guard let through is a success, whatever gojenkins makes of it.
func (c *Client) do(ctx context.Context, x *exchange, call func(context.Context) error) (err error) {
	x.url = c.base.String() + x.path
	x.connected.Store(c.options.Transport != nil)
	x.sent = c.options.Now()
	x.limit = c.options.Timeout * max(x.patience, 1)
	limited, cancel := context.WithTimeout(ctx, x.limit)
	defer cancel()
	inner := context.WithValue(limited, exchangeKey{}, x)
	inner = context.WithValue(inner, "debug", nil) //nolint:revive,staticcheck // gojenkins prints whole answers if a caller's context has this key
	inner = httptrace.WithClientTrace(inner, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) }})
	defer func() {
		if p := recover(); p != nil { // gojenkins has pointers that it does not check
			err = x.fault(jenkins.BadAnswer, "the client panicked: %s; this is a bug, please report it", clip(c.hide.Replace(fmt.Sprint(p))))
		}
		x.received = c.options.Now()
		c.options.Observe(x.name, x.status, x.received.Sub(x.sent))
	}()
	if err = call(inner); err == nil && x.passed {
		return nil
	}
	return c.explain(ctx, limited, x, err)
}
