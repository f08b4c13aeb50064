package git

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// address is a parsed repository URL.
type address struct {
	scheme   string // http, https, ssh or file
	user     string // ssh only
	host     string // without port
	port     string // "" is the scheme's own
	path     string
	redacted string // for messages: no user, no query
}

var scpForm = regexp.MustCompile(`^(?:([^@/:\s]+)@)?([^@/:\s]+|\[[0-9a-fA-F:.]+\]):(.+)$`)

// parseAddress reads a repository URL: a scheme we speak, the scp form, or a local path.
func parseAddress(raw string) (address, error) {
	if raw == "" {
		return address{}, errors.New("is empty; give https://..., ssh://..., user@host:path or a local path")
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return address{}, errors.New("contains a control character or is not UTF-8")
	}
	if strings.HasPrefix(raw, "-") {
		return address{}, errors.New("starts with a dash, as an option would; write ./-name for such a path")
	}
	if strings.Contains(raw, "::") && !strings.Contains(raw, "[") {
		return address{}, errors.New("names a transport helper (name::address), which would start a program")
	}
	if strings.Contains(raw, "://") {
		return parseURL(raw)
	}
	if m := scpForm.FindStringSubmatch(raw); m != nil && !strings.HasPrefix(raw, ".") {
		return sshAddress(m[1], strings.Trim(m[2], "[]"), "", m[3])
	}
	path, err := filepath.Abs(raw)
	if err != nil {
		return address{}, fmt.Errorf("local path: %w", err)
	}
	return address{scheme: "file", path: path, redacted: path}, nil
}

func parseURL(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, errors.New("is not a URL") // the parser's own message quotes it, credentials and all
	}
	if u.Fragment != "" || u.RawQuery != "" || u.ForceQuery {
		return address{}, errors.New("has a query or a fragment; name the branch in ref")
	}
	switch u.Scheme {
	case "http", "https":
		return httpAddress(u)
	case "ssh":
		if _, has := u.User.Password(); has {
			return address{}, errors.New("contains a password; ssh logs in with a key")
		}
		return sshAddress(u.User.Username(), u.Hostname(), u.Port(), u.Path)
	}
	hint := "use https, http, ssh or a local path"
	if u.Scheme == "file" {
		hint = "write the path without file://"
	}
	return address{}, fmt.Errorf("scheme %q is not supported; %s", u.Scheme, hint)
}

func httpAddress(u *url.URL) (address, error) {
	if u.User != nil {
		return address{}, errors.New("contains credentials; put them in auth, where they are kept secret")
	}
	if err := checkHost(u.Hostname()); err != nil {
		return address{}, err
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	a := address{scheme: u.Scheme, host: u.Hostname(), port: u.Port(), path: path}
	a.redacted = a.base()
	return a, nil
}

func sshAddress(user, host, port, path string) (address, error) {
	if err := checkHost(host); err != nil {
		return address{}, err
	}
	if user != "" {
		if err := checkUser(user); err != nil {
			return address{}, err
		}
	}
	if bare := strings.TrimPrefix(path, "/"); bare == "" || strings.HasPrefix(bare, "-") && bare == path {
		return address{}, errors.New("has no path, or one that starts with a dash as an option would")
	}
	if strings.HasPrefix(path, "/~") {
		path = path[1:] // relative to a home directory, as git has it
	}
	a := address{scheme: "ssh", user: user, host: host, port: port, path: path}
	a.redacted = "ssh://" + a.hostPort() + "/" + strings.TrimPrefix(path, "/")
	return a, nil
}

// checkHost accepts DNS names and IP addresses.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	ok := host != "" && len(host) <= 253 && host[0] != '-' && host[0] != '.'
	for _, r := range host {
		ok = ok && (r == '-' || r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if !ok {
		return fmt.Errorf("host %q is not a DNS name or an IP address; write international names in their xn-- form", host)
	}
	return nil
}

// checkUser accepts what no ssh server could take for an option.
func checkUser(user string) error {
	if user == "" {
		return nil
	}
	ok := user[0] != '-' && len(user) <= 128
	for _, r := range user {
		ok = ok && (strings.ContainsRune("-._+@", r) || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	}
	if !ok {
		return fmt.Errorf("user %q is not allowed; use letters, digits and any of -._+@, not starting with a dash", user)
	}
	return nil
}

// checkRef accepts what `git check-ref-format` does, under refs/heads or refs/tags.
func checkRef(ref string) error {
	bad := func(why string) error {
		return fmt.Errorf("%q %s; name a branch (main) or a full ref (refs/heads/x, refs/tags/v1)", oneLine(ref, 80), why)
	}
	if !strings.HasPrefix(ref, "refs/heads/") && !strings.HasPrefix(ref, "refs/tags/") {
		return bad("is neither a branch nor a tag")
	}
	if len(ref) > 255 {
		return bad("is longer than 255 bytes")
	}
	if strings.ContainsFunc(ref, unicode.IsControl) || strings.ContainsAny(ref, " ~^:?*[\\'\"") {
		return bad(`contains a space, a control character or one of ~^:?*[\'"`)
	}
	if strings.Contains(ref, "..") || strings.Contains(ref, "@{") || strings.HasSuffix(ref, ".") {
		return bad("contains .. or @{ or ends in a dot")
	}
	for part := range strings.SplitSeq(ref, "/") {
		if part == "" || part[0] == '.' || part[0] == '-' || strings.HasSuffix(part, ".lock") {
			return bad("has a part that is empty, starts with a dot or a dash, or ends in .lock")
		}
	}
	return nil
}

// base is the URL of the repository, without user.
func (a address) base() string { return a.scheme + "://" + a.hostPort() + a.path }

func (a address) hostPort() string {
	if a.port != "" {
		return net.JoinHostPort(a.host, a.port)
	}
	if strings.Contains(a.host, ":") {
		return "[" + a.host + "]"
	}
	return a.host
}

func (a address) loopback() bool {
	ip, err := netip.ParseAddr(a.host)
	return err == nil && ip.IsLoopback() || a.host == "localhost"
}

// about names the repository in an Error that does not know it.
func (a address) about(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Where == "" {
		e.Where = a.redacted
	}
	return err
}

// errorf is an Error about the repository at this address.
func (a address) errorf(r Reason, hint, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Reason: r, Where: a.redacted, What: err.Error(), Hint: hint, Err: errors.Unwrap(err)}
}
