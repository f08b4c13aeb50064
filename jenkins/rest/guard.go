package rest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"majordomo.dev/jenkins"
)

// maxPage is how much is read of an answer that is no JSON.
const maxPage = 64 << 10

// guard stands between gojenkins and the network. It sends what gojenkins may not know, the credentials, and hands on an answer only if all is
// as it should be; then gojenkins sees a status of 200, no further headers, and the whole body.
type guard struct {
	next   http.RoundTripper
	base   *url.URL
	user   string
	secret Secret
	agent  string
	limit  int64
	hide   *strings.Replacer // takes the credentials out of texts: who was asked can repeat them
}

// RoundTrip implements http.RoundTripper. Errors are *jenkins.Fault or those of the network.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok || r.URL.Scheme != g.base.Scheme || !strings.EqualFold(r.URL.Host, g.base.Host) {
		return nil, fmt.Errorf("request to %s is not of this client", r.URL.Host)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Language", "en") // why is translated
	r.Header.Set("User-Agent", g.agent)
	if g.user != "" {
		r.SetBasicAuth(g.user, g.secret.reveal())
	}
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	x.status, x.header = res.StatusCode, res.Header
	for _, values := range x.header {
		for i := range values {
			values[i] = g.hide.Replace(values[i])
		}
	}
	body, err := g.read(x, res)
	if err != nil {
		return nil, err
	}
	if f := g.judge(x, body); f != nil {
		return nil, f
	}
	x.passed = true
	if x.change() {
		body = nil
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// read reads an answer, all of it if it may be JSON.
func (g *guard) read(x *exchange, res *http.Response) ([]byte, error) {
	limit, page := g.limit, x.change() || res.StatusCode != http.StatusOK
	if page {
		limit = maxPage
	}
	var b bytes.Buffer
	if n := res.ContentLength; n > 0 {
		b.Grow(int(min(n, limit)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(io.LimitReader(res.Body, limit+1))
	switch {
	case page: // what there is will do for a message
	case int64(b.Len()) > limit:
		return nil, x.fault(jenkins.BadAnswer, "the answer is larger than %d bytes; fewer items or nodes would be right", limit)
	case err != nil:
		return nil, fmt.Errorf("after %d bytes of the answer: %w", b.Len(), err)
	}
	return b.Bytes(), nil
}

// judge tells what is wrong with an answer, nil for nothing.
func (g *guard) judge(x *exchange, body []byte) *jenkins.Fault {
	f := g.status(x, body)
	if f == nil && !x.change() {
		f = g.content(x, body)
	}
	if text := x.header.Get("X-Error"); f != nil && text != "" {
		f.Text += "; Jenkins says " + clip(text)
	}
	return f
}

// content judges an answer with status 200.
func (g *guard) content(x *exchange, body []byte) *jenkins.Fault {
	kind, _, _ := mime.ParseMediaType(x.header.Get("Content-Type"))
	start := bytes.TrimLeft(body, "\ufeff \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("<")):
		return x.fault(jenkins.AuthLost, "a web page%s came in place of JSON, as from a login or a captive portal; let %s through to Jenkins", g.title(body), account(g.user))
	case kind != "application/json":
		return x.fault(jenkins.BadAnswer, "the answer has the type %s; want application/json from Jenkins, unchanged by proxies", clip(kind))
	case x.version() == "" || x.session() == "":
		return x.fault(jenkins.BadAnswer, "the answer lacks the headers X-Jenkins or X-Jenkins-Session; want those of Jenkins, kept by proxies")
	}
	if problem, at := strict(body); problem != "" {
		f := x.fault(jenkins.BadAnswer, "the answer is not the JSON that was asked for: %s; want Jenkins's own, whole and unchanged by proxies", g.hide.Replace(problem))
		f.Err = fmt.Errorf("byte %d of %d", at, len(body)) // not in the text, which should stay the same as long as the trouble does
		return f
	}
	return nil
}

// account is who asks, for messages.
func account(user string) string {
	if user == "" {
		return "a request without an account"
	}
	return fmt.Sprintf("user %q", user)
}

// landed judges the redirect with which Jenkins answers a change: it leads back to a page of Jenkins, any other to a login.
func (g *guard) landed(x *exchange) *jenkins.Fault {
	asked, err := url.Parse(x.url)
	if err != nil {
		return g.redirected(x)
	}
	to, err := asked.Parse(x.header.Get("Location"))
	if err != nil {
		return g.redirected(x)
	}
	want, path := strings.TrimRight(x.lands, "/"), strings.TrimRight(to.Path, "/")
	if want != "" && strings.HasSuffix(path, want) || want == "" && strings.EqualFold(to.Host, asked.Host) && (path == "" || path == g.base.Path) {
		return nil
	}
	return g.redirected(x)
}

// redirected is about a redirect to somewhere else.
func (g *guard) redirected(x *exchange) *jenkins.Fault {
	to, err := url.Parse(x.header.Get("Location"))
	if err != nil {
		return x.fault(jenkins.AuthLost, "a redirect to a place that is no URL came in place of an answer; want Jenkins itself")
	}
	to.User, to.RawQuery, to.Fragment = nil, "", ""
	if to.Host != "" && strings.HasSuffix(strings.TrimRight(to.Path, "/"), strings.TrimRight(x.path, "/")+"/api/json") {
		return x.fault(jenkins.BadAnswer, "Jenkins is at %s; want that as the URL", clip(to.Scheme+"://"+to.Host))
	}
	return x.fault(jenkins.AuthLost, "a redirect to %s came in place of an answer, as to a login; let %s through to Jenkins", clip(to.String()), account(g.user))
}
