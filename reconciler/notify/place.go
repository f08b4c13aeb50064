package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/secret"
)

// Place is what whoever runs the program says of notifications, beside what is in Git.
type Place struct {
	Secrets   string   // directory of the files that fleet.yaml names, "" for none
	Hosts     []string // that tokens, passwords and letters may go to, beside the public GitHub and GitLab; what is in a file of secrets may go anywhere
	Dashboard string   // URL of the page, for links; "" for none
	Now       func() time.Time
}

func (p Place) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// Check says why a sink cannot work, nil if nothing stands against it. It asks nobody.
func (p Place) Check(n config.Notification) error {
	var errs []error
	for _, file := range []string{n.Hook.URL, n.Hook.Key, n.Mail.Password, n.Commits.Token} {
		if file != "" {
			_, err := p.secret(file)
			errs = append(errs, err)
		}
	}
	_, err := p.authorities(n)
	errs = append(errs, err)
	switch {
	case n.Hook.URL != "":
		if u, err := p.secret(n.Hook.URL); err == nil {
			if _, err := config.Target(u.Reveal()); err != nil {
				errs = append(errs, fmt.Errorf("file %s: the URL %w", n.Hook.URL, err))
			}
		}
		if k, err := p.secret(n.Hook.Key); n.Hook.Key != "" && err == nil && len(k.Reveal()) < minKey {
			errs = append(errs, fmt.Errorf("file %s: has %d bytes; at least %d are needed to sign (openssl rand -hex 32 makes them)", n.Hook.Key, len(k.Reveal()), minKey))
		}
	case n.Kind == config.Email:
		host, _, _ := net.SplitHostPort(n.Mail.Server)
		errs = append(errs, p.allowed(host))
	case n.Commit():
		if u, err := url.Parse(n.Commits.API); err == nil {
			errs = append(errs, p.allowed(u.Hostname()))
		}
	}
	return errors.Join(errs...)
}

// allowed tells whether a host that Git names may be told a secret. Who may write to Git may not thereby send the secrets elsewhere.
func (p Place) allowed(host string) error {
	if slices.ContainsFunc(append([]string{"api.github.com", "gitlab.com"}, p.Hosts...), func(h string) bool { return strings.EqualFold(h, host) }) {
		return nil
	}
	return fmt.Errorf("host %s is not among those of --notify-hosts, to which alone tokens, passwords and letters go that fleet.yaml sends there", host)
}

// secret reads a file of secrets. It is read each time, so that a changed one holds at once.
func (p Place) secret(file string) (secret.String, error) {
	if p.Secrets == "" {
		return secret.String{}, fmt.Errorf("file %s: there is no directory of secrets; name it with --notify-secrets-dir", file)
	}
	s, _, err := config.SecretFile(filepath.Join(p.Secrets, file))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s, fmt.Errorf("file %s: is not in %s, the directory of --notify-secrets-dir", file, p.Secrets)
	case err != nil:
		return s, err
	case strings.TrimSpace(s.Reveal()) != s.Reveal():
		return s, fmt.Errorf("file %s: begins or ends with white space, which is no part of a secret; remove it", file)
	case strings.ContainsAny(s.Reveal(), "\r\n"):
		return s, fmt.Errorf("file %s: has several lines; wanted is the secret alone", file)
	}
	return s, nil
}

// authorities reads the further certificate authorities of a sink.
func (p Place) authorities(n config.Notification) ([]byte, error) {
	if n.CA == "" {
		return nil, nil
	}
	if p.Secrets == "" {
		return nil, fmt.Errorf("file %s: there is no directory of secrets; name it with --notify-secrets-dir", n.CA)
	}
	data, err := os.ReadFile(filepath.Join(p.Secrets, n.CA))
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", n.CA, err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("file %s: has no certificate in PEM", n.CA)
	}
	return data, nil
}

// Send sends one item to a sink, with one try.
func (p Place) Send(ctx context.Context, n config.Notification, item notice.Item) error {
	if err := p.Check(n); err != nil {
		return &failure{text: err.Error(), final: true}
	}
	ca, err := p.authorities(n)
	if err != nil {
		return &failure{text: err.Error(), final: true}
	}
	if n.Kind == config.Email {
		return p.mail(ctx, n, item.Message, ca)
	}
	var c call
	switch {
	case n.Commit():
		c, err = p.commit(n, *item.Mark)
	default:
		c, err = p.hook(n, item.Message)
	}
	if err != nil {
		return &failure{text: err.Error(), final: true}
	}
	a, err := c.post(ctx, ca)
	if err != nil {
		return err
	}
	return p.settle(n, a)
}

// settle says whether the answer is that of a message taken.
func (p Place) settle(n config.Notification, a answer) error {
	switch n.Kind {
	case config.Slack:
		return slackAnswer(a, p.now())
	case config.Discord:
		return discordAnswer(a, p.now())
	case config.GitLab:
		return gitlabAnswer(a, p.now())
	}
	return a.judge(p.now())
}

// Test returns what a sink is sent to see whether it works: for commits, a status of the one that is named.
func Test(n config.Notification, revision string, now time.Time) notice.Item {
	if n.Commit() {
		return notice.Item{Mark: &notice.Mark{Revision: revision, State: notice.Success, Text: "a test by majordomo check"}}
	}
	return notice.Item{Message: notice.Message{
		Event: notice.Test, Severity: notice.Info, Title: "a test", Text: "this is a test by majordomo check; notifications to " + n.Name + " arrive", At: now,
	}}
}

// link returns the page about an environment, a pool, or everything.
func (p Place) link(environment, pool string) string {
	if p.Dashboard == "" {
		return ""
	}
	base := strings.TrimRight(p.Dashboard, "/")
	switch {
	case pool != "":
		parts := strings.Split(pool, "/")
		for i := range parts {
			parts[i] = url.PathEscape(parts[i])
		}
		return base + "/pools/" + strings.Join(parts, "/")
	case environment != "":
		return base + "/environments/" + url.PathEscape(environment)
	}
	return base + "/"
}
