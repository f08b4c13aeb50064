package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	advertPath  = "/info/refs"
	advertQuery = "service=git-upload-pack"
)

// maxRedirects is how many redirects within the host one request follows.
const maxRedirects = 5

// lingering is how long the end of an answer is waited for after all of it that matters.
const lingering = 100 * time.Millisecond

// overHTTP makes the remote speak http or https through a client of its own.
func (w *wire) overHTTP(o Options) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: o.Limits.IdleTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots(o.CA)},
		TLSHandshakeTimeout:    o.Limits.IdleTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: int64(64 * KiB),
	}
	client := &http.Client{Transport: t, CheckRedirect: w.checkRedirect}
	w.hangUp = t.CloseIdleConnections
	w.dial = func(g *guard) (session, error) {
		return &httpSession{wire: w, guard: g, client: client, auth: o.Auth, base: w.base()}, nil
	}
}

// roots are the system's certificate authorities and ours.
func roots(ca []byte) *x509.CertPool {
	if len(ca) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(ca)
	return pool
}

// basic returns the user and password to send.
func (a Auth) basic() (user, password string) {
	if !a.Token.IsZero() {
		return cmp.Or(a.Username, "x-access-token"), a.Token.Reveal()
	}
	return a.Username, a.Password.Reveal()
}

// checkRedirect follows redirects within the host, and only when nothing was posted.
func (w *wire) checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[0].URL, req.URL
	target := to.Scheme + "://" + to.Host + to.EscapedPath()
	if to.Scheme != from.Scheme || !strings.EqualFold(to.Host, from.Host) || to.User != nil {
		return w.errorf(Redirected, "if that is where it moved, set url to it",
			"the server redirects to %s, another host or scheme, where no credentials are sent", oneLine(target, 200))
	}
	if via[0].Method != http.MethodGet {
		return w.errorf(Redirected, "set url to where the repository is", "the server redirects the request for a pack to %s", oneLine(target, 200))
	}
	if len(via) > maxRedirects {
		return w.errorf(Redirected, "set url to where the repository is", "the server redirects more than %d times", maxRedirects)
	}
	return nil
}

// httpSession is two requests: for the refs, then for the pack.
type httpSession struct {
	*wire
	*guard
	client *http.Client
	auth   Auth
	base   string // where the repository is, after redirects
	bodies []io.ReadCloser
}

// close ends the session. A body read to its end leaves the connection open for the next request; little can be
// left of one that was understood.
func (s *httpSession) close() {
	t := time.AfterFunc(lingering, func() { s.cancel(context.Canceled) })
	defer t.Stop()
	for _, b := range s.bodies {
		_, _ = io.CopyN(io.Discard, b, int64(KiB))
		_ = b.Close()
	}
}

// refs implements session.
func (s *httpSession) refs() (io.Reader, error) {
	res, err := s.do(http.MethodGet, s.base+advertPath+"?"+advertQuery, nil, "advertisement") //nolint:bodyclose // close does
	if err != nil {
		return nil, err
	}
	base, ok := strings.CutSuffix(res.Request.URL.EscapedPath(), advertPath)
	if !ok {
		return nil, s.errorf(Redirected, "set url to where the repository is",
			"the server redirects to %s, which is not a git repository", oneLine(res.Request.URL.EscapedPath(), 200))
	}
	s.base = res.Request.URL.Scheme + "://" + res.Request.URL.Host + base
	return bufio.NewReader(s.reader(res.Body)), nil
}

// ask implements session.
func (s *httpSession) ask(request []byte) (io.Reader, error) {
	res, err := s.do(http.MethodPost, s.base+"/git-upload-pack", request, "result") //nolint:bodyclose // close does
	if err != nil {
		return nil, err
	}
	return bufio.NewReader(s.reader(res.Body)), nil
}

// do sends one request and makes sure that git answers.
func (s *httpSession) do(method, to string, body []byte, kind string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(s.ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, s.errorf(InvalidOption, "check the URL", "the URL cannot be requested")
	}
	req.Header.Set("User-Agent", "git/majordomo") // some servers answer only what calls itself git
	req.Header.Set("Accept", "application/x-git-upload-pack-"+kind)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	}
	if user, pass := s.auth.basic(); user != "" || pass != "" {
		req.SetBasicAuth(user, pass)
	}
	var res *http.Response
	err = s.patient(func() (err error) {
		res, err = s.client.Do(req) //nolint:bodyclose // close does
		return err
	})
	if err != nil {
		return nil, s.transportError(err)
	}
	s.bodies = append(s.bodies, res.Body)
	if res.StatusCode != http.StatusOK {
		return nil, s.statusError(res)
	}
	want := "application/x-git-upload-pack-" + kind
	if got, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); got != want {
		return nil, s.errorf(Unsupported, "check that the URL is that of a repository, and that no login page or proxy is in between",
			"the server answers with %q instead of git's protocol", oneLine(got, 60))
	}
	return res, nil
}

// transportError explains why there was no answer.
func (s *httpSession) transportError(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own // from checkRedirect
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // it would repeat the URL
	}
	var (
		verify *tls.CertificateVerificationError
		alert  tls.AlertError
		record tls.RecordHeaderError
	)
	switch {
	case s.ctx.Err() != nil:
		return err
	case errors.As(err, &verify):
		return s.errorf(TLSFailed, "give the authority that signed it as ca, and check the clock", "the server's certificate is not trusted: %w", verify.Err)
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &alert), errors.As(err, &record), strings.Contains(err.Error(), "tls: "):
		return s.errorf(TLSFailed, "check that the server speaks https, TLS 1.2 or newer", "no secure connection: %w", err)
	}
	return dialError(s.address, err)
}

// dialError explains why there is no connection.
func dialError(a address, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return a.errorf(Unreachable, "check the host name and the DNS of this machine", "the host name %s cannot be resolved: %w", a.host, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return a.errorf(Timeout, "check the network and any firewall in between", "no connection: %w", err)
	case errors.Is(err, context.Canceled):
		return a.errorf(Canceled, "", "given up: %w", err)
	}
	return a.errorf(Unreachable, "check that the server runs; the next poll tries again", "no connection: %w", err)
}

// statusError explains an answer other than 200.
func (s *httpSession) statusError(res *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(s.reader(res.Body), int64(4*KiB)))
	said := res.Status
	if mt, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); mt == "text/plain" && len(b) > 0 {
		said += ": " + s.clean.clean(string(b))
	}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized && !s.auth.any():
		return s.errorf(AuthFailed, "give a user name and a token in auth", "the server wants credentials: %s", said)
	case code == http.StatusUnauthorized:
		return s.errorf(AuthFailed, "check user name and token, and that the token has not expired", "the credentials are not accepted: %s", said)
	case code == http.StatusForbidden:
		return s.errorf(AuthFailed, "give this account read access to the repository", "access is denied: %s", said)
	case code == http.StatusNotFound, code == http.StatusGone:
		return s.errorf(NotFound, "check the URL, and that this account may read the repository", "no such repository: %s", said)
	case code == http.StatusTooManyRequests:
		e := s.errorf(RateLimited, "poll less often, or log in for a higher limit", "the server wants fewer requests: %s", said)
		e.RetryAfter = retryAfter(res)
		return e
	case code >= 500:
		e := s.errorf(ServerError, "ask who runs the server; the next poll tries again", "the server failed: %s", said)
		e.RetryAfter = retryAfter(res)
		return e
	}
	return s.errorf(Unsupported, "check that the URL is that of a repository", "the server answers %s", said)
}

// retryAfter is when the server wants to be asked again, at most a day from now.
func retryAfter(res *http.Response) time.Duration {
	n, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 86400))*time.Second, 24*time.Hour)
}
