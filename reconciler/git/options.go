package git

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"majordomo.dev/reconciler/secret"
)

// heldCommits is how many commits a Mirror keeps for rollback.
const heldCommits = 10

// Options says which repository a Mirror follows and how. The zero value of everything but URL works.
type Options struct {
	// URL is https://, http:// or ssh://, the scp form user@host:path, or a local path.
	URL string
	// Ref is a branch ("main"), or a full name ("refs/heads/x", "refs/tags/v1"). Empty is main.
	Ref string
	// Dir keeps fetched commits on disk across restarts. Empty keeps them in memory.
	Dir string
	// Auth is how to log in.
	Auth Auth
	// CA holds additional PEM roots for https.
	CA []byte
	// AllowPlainHTTP sends credentials over http:// to hosts other than this one.
	AllowPlainHTTP bool
	// Limits bounds what a remote may send; zero fields are the defaults.
	Limits Limits
	// ForcePush says what to do when the branch no longer contains the last good commit. Empty is Allow.
	ForcePush ForcePush
	// After is the commit in force when there is no last good one yet, known from elsewhere: the first Fetch is held
	// to ForcePush against it.
	After string
}

// Auth is how to log in to the remote.
type Auth struct {
	// Username goes with Password or Token (http). For ssh it is the user when the URL names none.
	Username string
	// Password is a password (http).
	Password secret.String
	// Token is an access token (http), sent as the password of Username or, without one, of "x-access-token".
	Token secret.String
	// SSHKey is a private key in PEM form, Passphrase its pass phrase if it has one.
	SSHKey     secret.String
	Passphrase secret.String
	// KnownHosts holds the host keys to trust, in the format of ~/.ssh/known_hosts. Required for ssh.
	KnownHosts []byte
}

// ForcePush is a policy for a branch or tag that moved away from the last good commit.
type ForcePush string

// The policies: Allow follows the branch wherever it goes, Refuse takes only descendants of the last good commit.
const (
	Allow  ForcePush = "allow"
	Refuse ForcePush = "refuse"
)

// Bytes is a size.
type Bytes int64

// Common sizes.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// String returns the size in the largest unit that divides it well.
func (b Bytes) String() string {
	switch {
	case b >= GiB:
		return fmt.Sprintf("%.4g GiB", float64(b)/float64(GiB))
	case b >= MiB:
		return fmt.Sprintf("%.4g MiB", float64(b)/float64(MiB))
	case b >= KiB:
		return fmt.Sprintf("%.4g KiB", float64(b)/float64(KiB))
	}
	return fmt.Sprintf("%d bytes", int64(b))
}

// Limits bounds what a remote may send.
type Limits struct {
	Pack        Bytes         // of one answer, as sent: 500 MiB
	Unpacked    Bytes         // of all objects in it, inflated: 1 GiB
	File        Bytes         // of one file that is read: 5 MiB
	Files       int           // files and directories in one commit: 20,000
	PathLength  int           // bytes in one path: 4,096
	TreeDepth   int           // directories in one path: 64
	Refs        int           // refs the remote may announce: 50,000
	Timeout     time.Duration // of one call: 60 s
	IdleTimeout time.Duration // without a byte received: 15 s
}

func (o Options) withDefaults() Options {
	o.Ref = cmp.Or(o.Ref, "main")
	if !strings.HasPrefix(o.Ref, "refs/") {
		o.Ref = "refs/heads/" + o.Ref
	}
	o.ForcePush = cmp.Or(o.ForcePush, Allow)
	l := &o.Limits
	l.Pack = cmp.Or(l.Pack, 500*MiB)
	l.Unpacked = cmp.Or(l.Unpacked, GiB)
	l.File = cmp.Or(l.File, 5*MiB)
	l.Files = cmp.Or(l.Files, 20_000)
	l.PathLength = cmp.Or(l.PathLength, 4096)
	l.TreeDepth = cmp.Or(l.TreeDepth, 64)
	l.Refs = cmp.Or(l.Refs, 50_000)
	l.Timeout = cmp.Or(l.Timeout, time.Minute)
	l.IdleTimeout = cmp.Or(l.IdleTimeout, 15*time.Second)
	return o
}

// validate returns the parsed address and every problem of the options.
func (o Options) validate() (address, []error) {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, &Error{Reason: InvalidOption, What: field + ": " + fmt.Sprintf(format, args...)})
	}
	addr, err := parseAddress(o.URL)
	if err != nil {
		bad("url", "%v", err)
	}
	if err := checkRef(o.Ref); err != nil {
		bad("ref", "%v", err)
	}
	if o.ForcePush != Allow && o.ForcePush != Refuse {
		bad("forcePush", "%q is not a policy; use allow or refuse", o.ForcePush)
	}
	if len(o.CA) > 0 && !x509.NewCertPool().AppendCertsFromPEM(o.CA) {
		bad("ca", "no certificate found; give PEM blocks of type CERTIFICATE")
	}
	for _, err := range o.Limits.negative() {
		bad("limits", "%v", err)
	}
	if o.After != "" && (len(o.After) != 40 || !plumbing.IsHash(o.After)) {
		bad("after", "%q is not a commit hash of 40 digits", oneLine(o.After, 50))
	}
	if err == nil {
		for _, err := range o.checkAuth(addr) {
			bad("auth", "%v", err)
		}
	}
	return addr, errs
}

func (l Limits) negative() []error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"pack", int64(l.Pack)},
		{"unpacked", int64(l.Unpacked)},
		{"file", int64(l.File)},
		{"files", int64(l.Files)},
		{"pathLength", int64(l.PathLength)},
		{"treeDepth", int64(l.TreeDepth)},
		{"refs", int64(l.Refs)},
		{"timeout", int64(l.Timeout)},
		{"idleTimeout", int64(l.IdleTimeout)},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative; leave it out for the default", f.name))
		}
	}
	return errs
}

// checkAuth returns what is wrong with the credentials for this address.
func (o Options) checkAuth(a address) []error {
	switch a.scheme {
	case "http", "https":
		return o.checkHTTPAuth(a)
	case "ssh":
		return o.checkSSHAuth(a)
	}
	if o.Auth.any() {
		return []error{errors.New("a local path takes no credentials")}
	}
	return nil
}

func (o Options) checkHTTPAuth(a address) []error {
	var errs []error
	au := o.Auth
	if !au.Password.IsZero() && !au.Token.IsZero() {
		errs = append(errs, errors.New("give either a password or a token, not both"))
	}
	if !au.SSHKey.IsZero() {
		errs = append(errs, errors.New("an ssh key does not log in over http; use ssh:// or a token"))
	}
	if a.scheme == "http" && au.any() && !a.loopback() && !o.AllowPlainHTTP {
		errs = append(errs, errors.New("credentials would cross the network in the clear; use https://, or allow plain http"))
	}
	if strings.ContainsAny(au.Username, ":\r\n\x00") {
		errs = append(errs, errors.New("the user name contains a colon or a control character"))
	}
	return errs
}

func (o Options) checkSSHAuth(a address) []error {
	var errs []error
	au := o.Auth
	if len(au.KnownHosts) == 0 {
		errs = append(errs, errors.New("ssh needs known_hosts, the keys of the hosts to trust; `ssh-keyscan HOST` prints them"))
	} else if _, err := parseKnownHosts(au.KnownHosts); err != nil {
		errs = append(errs, err)
	}
	if au.SSHKey.IsZero() {
		errs = append(errs, errors.New("ssh needs a private key"))
	} else if _, err := parseKey(au); err != nil {
		errs = append(errs, err)
	}
	if !au.Password.IsZero() || !au.Token.IsZero() {
		errs = append(errs, errors.New("ssh logs in with a key only, not with a password or a token"))
	}
	if err := checkUser(cmp.Or(a.user, au.Username)); err != nil {
		errs = append(errs, err)
	}
	return errs
}

func (a Auth) any() bool {
	return a.Username != "" || !a.Password.IsZero() || !a.Token.IsZero() || !a.SSHKey.IsZero()
}

// limit bounds a call by the overall timeout.
func (m *Mirror) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, m.opts.Limits.Timeout, errTimeout{m.opts.Limits.Timeout})
}

// errTimeout says that a call took longer than allowed.
type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string { return fmt.Sprintf("not finished after %s", e.after) }
func (errTimeout) Timeout() bool   { return true }
