package rest

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// The limits that hold where Options have none.
const (
	DefaultTimeout = 15 * time.Second
	DefaultConnect = 5 * time.Second
	DefaultMaxBody = 32 << 20
	DefaultVerify  = time.Minute
)

// Options say which Jenkins is asked, and as whom.
type Options struct {
	// URL of Jenkins: http or https, with a path if Jenkins has a prefix.
	URL string
	// User that asks, "" for nobody.
	User string
	// Token of the user for the API. With it no request needs a crumb.
	Token Secret
	// Password of the user, where there is no token. Each change takes a crumb and a web session then.
	Password Secret
	// CA are certificates in PEM that are trusted besides those of the system.
	CA []byte
	// Timeout of one request, from the connection to the last byte of the answer. DefaultTimeout if 0.
	Timeout time.Duration
	// Connect is how long the connection may take, TLS included. DefaultConnect if 0.
	Connect time.Duration
	// MaxBody is how large an answer may be. DefaultMaxBody if 0.
	MaxBody int64
	// Verify is after how long the account is checked anew even if nothing calls for it. DefaultVerify if 0.
	Verify time.Duration
	// Version of the program, for the User-Agent.
	Version string
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Observe is told of each request: what was asked for, the HTTP status or 0 for no answer, and how long it took. May be nil.
	Observe func(endpoint string, code int, took time.Duration)
	// Transport carries the requests in place of connections of the client's own, which use no proxy and reach no link-local address. For
	// tests: timeouts of connections and CA do not apply to it.
	Transport http.RoundTripper
}

// complete fills in what holds where nothing was said.
func (o *Options) complete() {
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Connect = cmp.Or(o.Connect, DefaultConnect)
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	o.Verify = cmp.Or(o.Verify, DefaultVerify)
	o.Version = cmp.Or(o.Version, "dev")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
}

// validate joins all that is wrong.
func (o *Options) validate() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	switch {
	case o.User == "" && (!o.Token.IsZero() || !o.Password.IsZero()):
		report("user: is empty; a token or password belongs to one")
	case o.User != "" && o.Token.IsZero() && o.Password.IsZero():
		report("user %q: has neither token nor password; give the API token", o.User)
	case !o.Token.IsZero() && !o.Password.IsZero():
		report("user %q: has a token and a password; give the token alone", o.User)
	}
	if i := strings.IndexFunc(o.User, func(r rune) bool { return r < ' ' || r == ':' || r == 0x7f }); i >= 0 {
		report("user %q: has a colon or control character, which HTTP cannot send", o.User)
	}
	if strings.ContainsAny(o.Token.reveal()+o.Password.reveal(), "\r\n\x00") {
		report("user %q: the token or password has a line break; remove it from the Secret", o.User)
	}
	if len(o.CA) > 0 && !x509.NewCertPool().AppendCertsFromPEM(o.CA) {
		report("ca: holds no certificate in PEM")
	}
	for name, d := range map[string]time.Duration{"timeout": o.Timeout, "connect": o.Connect, "verify": o.Verify} {
		if d < 0 {
			report("%s: is %s, want more than 0", name, d)
		}
	}
	if o.MaxBody < 0 {
		report("maxBody: is %d, want more than 0", o.MaxBody)
	}
	return errors.Join(problems...)
}

// baseURL reads the URL of a Jenkins. What is wrong is said without the URL, which may hold a password.
func baseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The cause quotes the URL.
		return nil, errors.New("url: is none; want one such as https://jenkins.example.com/ci")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("url: scheme %q; want http or https", u.Scheme)
	case u.User != nil:
		return nil, errors.New("url: holds user or password; they belong into the Secret")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("url: names no host; want one such as https://jenkins.example.com/ci")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, errors.New("url: has a query or fragment; want scheme, host and path only")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("url: port %s; want 1 to 65535", port)
		}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && forbidden(a) {
		return nil, &AddressError{Address: a}
	}
	prefix := strings.TrimRight(u.Path, "/")
	if prefix != "" && path.Clean(prefix) != prefix {
		return nil, fmt.Errorf("url: path %q; want one without //, /./ and /../ in it", u.Path)
	}
	raw := strings.TrimRight(u.EscapedPath(), "/")
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: prefix, RawPath: raw}, nil
}
