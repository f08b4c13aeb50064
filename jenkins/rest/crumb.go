package rest

import (
	"context"
	"regexp"
	"strings"

	"majordomo.dev/jenkins"
)

// crumb is what Jenkins wants with each change of a web session.
type crumb struct{ field, value, cookie string }

type crumbAnswer struct {
	Crumb string `json:"crumb"`
	Field string `json:"crumbRequestField"`
}

var crumbField = regexp.MustCompile(`(?i)^[a-z0-9.-]{0,40}crumb[a-z0-9.-]{0,40}$`)

// crumbFor is the crumb that the account needs: none with an API token.
func (c *Client) crumbFor(ctx context.Context) (*crumb, error) {
	c.mu.Lock()
	k := c.crumb
	c.mu.Unlock()
	if k != nil || !c.options.Token.IsZero() {
		return k, nil
	}
	return c.freshCrumb(ctx)
}

// freshCrumb begins a web session. A Jenkins without crumbs gives an empty one.
func (c *Client) freshCrumb(ctx context.Context) (*crumb, error) {
	x := &exchange{name: "crumb", path: "/crumbIssuer", tree: "crumb,crumbRequestField"}
	var a crumbAnswer
	var k crumb
	switch err := c.get(ctx, x, &a); {
	case missing(err):
	case err != nil:
		return nil, err
	case a.Crumb == "" || !crumbField.MatchString(a.Field) || strings.ContainsFunc(a.Crumb, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, x.fault(jenkins.BadAnswer, "the answer is not a crumb: field %s; want one for a header", quote(a.Field))
	default:
		k = crumb{field: a.Field, value: a.Crumb, cookie: x.cookies()}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.crumb = &k
	return c.crumb, nil
}
