package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/status"
)

const (
	timeout    = 10 * time.Second // of one try
	mostAnswer = 64 << 10         // of an answer that is read
)

// failure is why a try went wrong.
type failure struct {
	text  string
	final bool          // another try would go wrong in the same way
	after time.Duration // when the server wants to be asked again, 0 if it does not say
}

// Error returns the text, which holds no secret.
func (f *failure) Error() string { return f.text }

func permanent(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.final
}

func finally(format string, args ...any) error {
	return &failure{text: fmt.Sprintf(format, args...), final: true}
}

// call is one request.
type call struct {
	url    string // a secret
	header map[string]string
	body   any      // JSON
	hide   []string // further secrets that an answer may repeat
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	hide   *strings.Replacer
}

// text returns the body as it may be shown.
func (a answer) text() string { return status.Clean(a.hide.Replace(string(a.body)), 200) }

// post sends a call, and returns the answer, whatever its status. No redirect is followed.
func (c call) post(ctx context.Context, ca []byte) (answer, error) {
	u, err := config.Target(c.url)
	if err != nil {
		return answer{}, finally("the URL %v", err)
	}
	body, err := json.Marshal(c.body)
	if err != nil {
		return answer{}, finally("no JSON: %v", err)
	}
	if raw, ok := c.body.([]byte); ok {
		body = raw
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, finally("the URL of %s makes no request", u.Hostname())
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "majordomo")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	hide := c.hidden(u)
	client := client(ca)
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		var wrapped *url.Error // names the URL
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return answer{}, &failure{text: status.Clean(hide.Replace(u.Hostname()+": "+err.Error()), 300), final: refused(err)}
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header, hide: hide}
	a.body, _ = io.ReadAll(io.LimitReader(res.Body, mostAnswer)) // the status says enough where the rest is lost
	return a, nil
}

// hidden takes out of texts what of a call is a secret: path and query of the URL, and what was sent beside.
func (c call) hidden(u *url.URL) *strings.Replacer {
	var pairs []string
	for _, s := range append([]string{c.url, u.RequestURI(), strings.Trim(u.Path, "/"), u.RawQuery}, c.hide...) {
		if len(s) > 3 {
			pairs = append(pairs, s, "REDACTED")
		}
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= 16 { // a token, rather than a word of the API
			pairs = append(pairs, part, "REDACTED")
		}
	}
	return strings.NewReplacer(pairs...)
}

// client returns a client that verifies certificates by the system's authorities and ours, and follows no redirect.
func client(ca []byte) *http.Client {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial,
		TLSClientConfig:        secure(ca, ""),
		TLSHandshakeTimeout:    timeout,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: mostAnswer,
	}
	return &http.Client{Transport: t, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func secure(ca []byte, host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if len(ca) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(ca)
		c.RootCAs = pool
	}
	return c
}

// addressError is about an address that is never asked.
type addressError struct{ addr netip.Addr }

// Error says which.
func (e *addressError) Error() string {
	return fmt.Sprintf("address %s is of this machine, link-local, multicast or of a cloud's metadata: no place for a notification", e.addr)
}

// refused tells whether an error is our own no, which another try does not change.
func refused(err error) bool {
	var e *addressError
	return errors.As(err, &e)
}

// dial judges addresses after names were resolved, so no name leads to one that is out of bounds. The machine itself is asked only under its
// own name.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{Timeout: timeout, ControlContext: func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
		return judge(host, resolved)
	}}
	return d.DialContext(ctx, network, address)
}

func judge(host, resolved string) error {
	a, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return err
	}
	addr := a.Addr().WithZone("").Unmap()
	if config.OutOfBounds(addr) || addr.IsLoopback() && !config.Loopback(host) {
		return &addressError{addr}
	}
	return nil
}

// judge turns an answer that is no success into why, and when to try again.
func (a answer) judge(now time.Time) error {
	switch {
	case a.status >= 200 && a.status < 300:
		return nil
	case a.status >= 300 && a.status < 400:
		where := "another place"
		if to, err := url.Parse(a.header.Get("Location")); err == nil && to.Hostname() != "" {
			where = status.Clean(to.Hostname(), 100)
		}
		return finally("the answer is a redirect to %s, which is not followed; put the final URL in its place", where)
	}
	f := &failure{text: fmt.Sprintf("the answer is %d %s", a.status, http.StatusText(a.status)), after: a.retryAfter(now)}
	if text := a.text(); text != "" {
		f.text += ": " + text
	}
	switch a.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
	case http.StatusForbidden: // GitHub's way to say that there were too many
		f.final = f.after == 0
	default:
		f.final = a.status < 500
	}
	return f
}

// retryAfter returns how long the server wants to be left alone, 0 if it does not say.
func (a answer) retryAfter(now time.Time) time.Duration {
	if text := a.header.Get("Retry-After"); text != "" {
		if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 {
			return min(time.Duration(min(s, 1e6)*float64(time.Second)), patience)
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(at.Sub(now), 0)
		}
	}
	if reset, err := strconv.ParseInt(a.header.Get("X-Ratelimit-Reset"), 10, 64); err == nil && a.header.Get("X-Ratelimit-Remaining") == "0" {
		return max(time.Unix(reset, 0).Sub(now), time.Second)
	}
	return 0
}
