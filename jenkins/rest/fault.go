package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"unicode"

	"majordomo.dev/jenkins"
)

// status judges the status of an answer.
func (g *guard) status(x *exchange, body []byte) *jenkins.Fault {
	switch {
	case x.status == http.StatusOK && !x.change():
		return nil
	case x.change() && (x.status == http.StatusFound || x.status == http.StatusSeeOther):
		return g.landed(x)
	case x.status >= 300 && x.status < 400:
		return g.redirected(x)
	}
	switch x.status {
	case http.StatusUnauthorized:
		return x.fault(jenkins.AuthLost, "Jenkins does not accept %s with this token or password%s; check the Secret, "+
			"unless Jenkins is restarting: then it refuses everybody for a moment", account(g.user), g.title(body))
	case http.StatusForbidden:
		return g.denied(x, body)
	case http.StatusServiceUnavailable:
		if strings.Contains(string(body), "Jenkins") {
			return x.fault(jenkins.Starting, "Jenkins is not ready yet%s; wait until it is", g.title(body))
		}
		return x.fault(jenkins.Unreachable, "503 came from a proxy%s; want an answer of Jenkins behind it", g.title(body))
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return x.fault(jenkins.Unreachable, "a proxy answers %d and does not reach Jenkins%s; check Jenkins and its service", x.status, g.title(body))
	case http.StatusNotFound:
		return x.fault(jenkins.BadAnswer, "404: there is nothing there%s; want the URL of Jenkins, with its prefix if it has one", g.title(body))
	case http.StatusOK:
		return x.fault(jenkins.AuthLost, "a page%s came where Jenkins redirects after a change; let %s through to Jenkins", g.title(body), account(g.user))
	}
	return x.fault(jenkins.BadAnswer, "Jenkins answers %d %s%s; want 200", x.status, http.StatusText(x.status), g.title(body))
}

// errCrumb is why Jenkins refuses a change that came without the right crumb.
var errCrumb = errors.New("no valid crumb")

// denied is about 403.
func (g *guard) denied(x *exchange, body []byte) *jenkins.Fault {
	right, as := x.header.Get("X-Required-Permission"), x.header.Get("X-You-Are-Authenticated-As")
	switch {
	case x.change() && right == "" && strings.Contains(strings.ToLower(string(body)), "no valid crumb"):
		f := x.fault(jenkins.AuthLost, "Jenkins refuses its own crumb; use an API token, which needs none, or let all requests reach one Jenkins unchanged")
		f.Err = errCrumb
		return f
	case g.user != "" && as == "anonymous":
		return x.fault(jenkins.AuthLost, "Jenkins takes user %q for anonymous; let the header Authorization through to it", g.user)
	case right != "":
		return x.fault(jenkins.InsufficientPermission, "%s lacks %s; grant it", account(g.user), permission(right))
	}
	return x.fault(jenkins.InsufficientPermission, "403 came, not from Jenkins's own permissions%s; let %s through to Jenkins", g.title(body), account(g.user))
}

// groups are permissions as Jenkins's pages call them.
var groups = map[string]string{"Hudson": "Overall", "Item": "Job", "Computer": "Agent", "Run": "Run", "View": "View"}

// permission is hudson.model.Computer.Disconnect as Jenkins's pages call it: Agent/Disconnect.
func permission(id string) string {
	if rest, ok := strings.CutPrefix(id, "hudson.model."); ok {
		if group, name, _ := strings.Cut(rest, "."); groups[group] != "" {
			return groups[group] + "/" + clip(name)
		}
	}
	return clip(id)
}

var title = regexp.MustCompile(`(?is)<title[^>]*>([^<]*)</title>`)

// title is the title of a page for a message, "" for none.
func (g *guard) title(body []byte) string {
	m := title.FindSubmatch(body[:min(len(body), maxPage)])
	if m == nil {
		return ""
	}
	text := clip(g.hide.Replace(html.UnescapeString(string(m[1]))))
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// clip makes a text of somebody else fit for a message: one line, printable, short.
func clip(text string) string {
	const most = 120
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), 8*most)], " "))), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}

// explain makes an error of a request a fault, unless it is the caller who gave up.
func (c *Client) explain(caller, limited context.Context, x *exchange, err error) error {
	if f := (*jenkins.Fault)(nil); errors.As(err, &f) {
		return f
	}
	if errors.Is(caller.Err(), context.Canceled) {
		return fmt.Errorf("ask %s: %w", x.url, context.Cause(caller))
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	err = c.scrub(err)
	f := c.broken(x, err)
	switch {
	case limited.Err() == nil && !timeout(err):
	case !x.connected.Load():
		f = x.fault(jenkins.Unreachable, "no connection came about within %s; check address, port and network policies", min(c.options.Connect, x.limit))
	case x.status != 0:
		f = x.fault(jenkins.Hung, "Jenkins began to answer and did not end within %s; want the whole answer", x.limit)
	default:
		f = x.fault(jenkins.Hung, "Jenkins took the request and did not answer within %s; it may be overloaded or stuck", x.limit)
	}
	f.Err = err
	return f
}

func timeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// broken is about an error that is not a matter of time.
func (c *Client) broken(x *exchange, err error) *jenkins.Fault {
	var (
		address *AddressError
		dns     *net.DNSError
	)
	switch {
	case err == nil:
		return x.fault(jenkins.BadAnswer, "the request ended without an answer or an error; this is a bug, please report it")
	case x.passed:
		return x.fault(jenkins.BadAnswer, "the answer is not what was asked for: %s; want that of the API of Jenkins", mistyped(err))
	case errors.As(err, &address):
		return x.fault(jenkins.Unreachable, "%s", address.Error())
	case errors.As(err, &dns):
		return x.fault(jenkins.Unreachable, "the name %s has no address (%s); check the URL and the service", clip(dns.Name), clip(dns.Err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return x.fault(jenkins.Unreachable, "the connection is refused: nobody listens at %s", c.base.Host)
	}
	if text := insecure(err); text != "" {
		return x.fault(jenkins.Unreachable, "%s", text)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return x.fault(jenkins.Unreachable, "the connection was lost: %s; want the whole answer", clip(innermost(err)))
	}
	if x.status != 0 {
		return x.fault(jenkins.BadAnswer, "the answer cannot be read: %s; want Jenkins's own, unchanged by proxies", clip(innermost(err)))
	}
	return x.fault(jenkins.Unreachable, "the request did not get through: %s", clip(innermost(err)))
}

// innermost is what an error began with. What was wrapped around it has ports and counts, which differ each time.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// mistyped says which field of an answer is of another type.
func mistyped(err error) string {
	e := (*json.UnmarshalTypeError)(nil)
	if !errors.As(err, &e) {
		return clip(err.Error())
	}
	field := "it"
	if e.Field != "" {
		field = clip(e.Field)
	}
	value, _, _ := strings.Cut(e.Value, " ") // the number itself
	return fmt.Sprintf("%s is %s, not %s", field, value, kinds[e.Type.Kind()])
}

// kinds are the types of fields in the words of JSON.
var kinds = map[reflect.Kind]string{
	reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "bool", reflect.Int: "a whole number in range",
	reflect.Int64: "a whole number in range", reflect.Float64: "number",
}

// insecure tells what is wrong with TLS, "" if it is something else.
func insecure(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		return "the certificate is of an authority that is not known here; give its certificate as the CA"
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for another name (%s); want one for the host of the URL", clip(name.Error()))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate has expired or is not valid yet (%s); renew it", clip(invalid.Error()))
	case errors.As(err, &invalid), errors.As(err, &verify):
		return fmt.Sprintf("the certificate is not valid (%s)", clip(err.Error()))
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the port does not speak TLS; want http in the URL, or the port of https"
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // an alert of TLS
		return fmt.Sprintf("TLS failed (%s); want TLS 1.2 or later on both sides", clip(op.Err.Error()))
	}
	return ""
}

// hider replaces the credentials in each form in which they are sent.
func hider(user, secret string) *strings.Replacer {
	if secret == "" {
		return strings.NewReplacer()
	}
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
	return strings.NewReplacer(basic, Redacted, url.QueryEscape(secret), Redacted, url.PathEscape(secret), Redacted, secret, Redacted)
}

// scrub takes the credentials out of an error, so that clipping does not leave half of them.
func (c *Client) scrub(err error) error {
	if err == nil || c.hide.Replace(err.Error()) == err.Error() {
		return err
	}
	return errors.New(c.hide.Replace(err.Error()))
}
