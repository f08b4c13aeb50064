package config

import (
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MaxNotifications is how many entries the notifications of a fleet may have.
const MaxNotifications = 20

// Notification is one place that is told what happens, or one that has the commits marked. Secrets are names of files in the directory
// that --notify-secrets-dir names: what is in Git holds none.
type Notification struct {
	Name         string
	Kind         string   // Slack, Teams, Discord, Webhook, Email, GitHub, GitLab or Gitea
	Environments []string // that it is told of; empty: all
	On           []string // what it is told: of Events; empty for commit statuses
	Quiet        []Quiet  // when nothing is told
	CA           string   // file with further certificate authorities, "" for none
	Hook         Hook     // of Slack, Teams, Discord and Webhook
	Mail         Mail     // of Email
	Commits      Commits  // of GitHub, GitLab and Gitea
}

// Kinds of notifications.
const (
	Slack   = "slack"
	Teams   = "teams"
	Discord = "discord"
	Webhook = "webhook"
	Email   = "email"
	GitHub  = "github"
	GitLab  = "gitlab"
	Gitea   = "gitea"
)

// Hook is an address that takes JSON.
type Hook struct {
	URL string // file with the URL, which is a secret itself
	Key string // file with the secret that signs, of Webhook
}

// Mail is a server that takes e-mail, and what the letters say on the outside.
type Mail struct {
	Server   string // HOST:PORT
	TLS      string // StartTLS, ImplicitTLS or NoTLS
	From     string
	To       []string
	Username string // "" to send without login
	Password string // file
}

// How a connection to a mail server is made safe.
const (
	StartTLS    = "starttls"
	ImplicitTLS = "implicit"
	NoTLS       = "none" // for a server on the same machine
)

// Commits is a repository whose commits get a status.
type Commits struct {
	API        string // URL
	Repository string // OWNER/NAME; of GitLab also GROUP/SUBGROUP/NAME, or the number of the project
	Token      string // file
}

// What a notification may be told.
const (
	Failed    = "failed"    // an environment, or the repository, is in a state that a person has to look at
	Recovered = "recovered" // it is well again
	Held      = "held"      // a prune waits for approval
	Applied   = "applied"   // a commit came into force and changed something
	Fight     = "fight"     // another writer keeps changing an object back
	Pools     = "pool"      // a pool of agents is stalled, or wants more agents than its limits allow; and is well again
	Jenkins   = "jenkins"   // a Jenkins does not answer; and answers again
)

// Events are all that a notification may be told.
func Events() []string { return []string{Failed, Recovered, Held, Applied, Fight, Pools, Jenkins} }

// Commit tells whether the notification is the status of commits.
func (n Notification) Commit() bool { return n.Kind == GitHub || n.Kind == GitLab || n.Kind == Gitea }

// Covers tells whether the notification is about the environment.
func (n Notification) Covers(environment string) bool {
	return len(n.Environments) == 0 || slices.Contains(n.Environments, environment)
}

// notifications reads the notifications of a fleet, whose environments are known by then.
func (r *fleetReader) notifications(raw []notificationFile, envs []Environment) []Notification {
	if len(raw) > MaxNotifications {
		r.fail([]any{"notifications"}, "has %d entries; allowed are up to %d", len(raw), MaxNotifications)
		return nil
	}
	var out []Notification
	for i, n := range raw {
		at := []any{"notifications", i}
		r.label(n.Name, in(at, "name"))
		if j := slices.IndexFunc(raw[:i], func(o notificationFile) bool { return o.Name == n.Name }); j >= 0 && n.Name != "" {
			r.fail(in(at, "name"), "%q is also the name of notifications[%d]; names are unique", n.Name, j)
		}
		one := r.sink(n, at)
		one.Name, one.Environments = n.Name, r.covered(n.Environments, envs, in(at, "environments"))
		one.On = r.events(n.Events, one, in(at, "events"))
		one.Quiet = r.quiet(n.Quiet, one, in(at, "quiet"))
		out = append(out, one)
	}
	return out
}

func in(at []any, field ...any) []any { return append(slices.Clone(at), field...) }

// covered reads which environments a notification is about.
func (r *fleetReader) covered(names []string, envs []Environment, at []any) []string {
	if names != nil && len(names) == 0 {
		r.fail(at, "is empty; name at least one environment, or leave the field out for all")
	}
	for i, name := range names {
		known := slices.ContainsFunc(envs, func(e Environment) bool { return e.Name == name })
		switch {
		case !known:
			_, err := Fleet{Environments: envs}.Environment(name)
			r.fail(in(at, i), "%v", err)
		case slices.Contains(names[:i], name):
			r.fail(in(at, i), "%q is there twice", name)
		}
	}
	return names
}

// events reads what a notification is told.
func (r *fleetReader) events(on []string, n Notification, at []any) []string {
	switch {
	case n.Commit() && on != nil:
		r.fail(at, "has no meaning for the status of commits, which is always kept; leave the field out")
		return nil
	case n.Commit():
		return nil
	case on == nil:
		return []string{Failed, Recovered, Held}
	case len(on) == 0:
		r.fail(at, "is empty; allowed: %s; or leave the field out for failed, recovered and held", strings.Join(Events(), ", "))
	}
	for i, event := range on {
		switch {
		case !slices.Contains(Events(), event):
			r.fail(in(at, i), "is %q; allowed: %s", event, strings.Join(Events(), ", "))
		case slices.Contains(on[:i], event):
			r.fail(in(at, i), "%q is there twice", event)
		}
	}
	return on
}

// sink reads the one of its fields that says where a notification goes.
func (r *fleetReader) sink(raw notificationFile, at []any) Notification {
	var found []Notification
	chat := func(kind string, c *chatFile) {
		if c != nil {
			found = append(found, Notification{Kind: kind, Hook: Hook{URL: r.secret(&c.WebhookFrom, in(at, kind, "webhookFrom"))}, CA: r.secret(c.CAFrom, in(at, kind, "caFrom"))})
		}
	}
	commits := func(kind string, c *commitsFile) {
		if c != nil {
			found = append(found, r.commits(kind, c, in(at, kind)))
		}
	}
	chat(Slack, raw.Slack)
	chat(Teams, raw.Teams)
	chat(Discord, raw.Discord)
	if h := raw.Webhook; h != nil {
		hook := Hook{URL: r.secret(&h.URLFrom, in(at, Webhook, "urlFrom")), Key: r.secret(&h.SecretFrom, in(at, Webhook, "secretFrom"))}
		found = append(found, Notification{Kind: Webhook, Hook: hook, CA: r.secret(h.CAFrom, in(at, Webhook, "caFrom"))})
	}
	if e := raw.Email; e != nil {
		found = append(found, Notification{Kind: Email, Mail: r.mail(e, in(at, Email)), CA: r.secret(e.CAFrom, in(at, Email, "caFrom"))})
	}
	commits(GitHub, raw.GitHub)
	commits(GitLab, raw.GitLab)
	commits(Gitea, raw.Gitea)
	if len(found) != 1 {
		r.fail(at, "names %d places to go to; wanted is exactly one of slack, teams, discord, webhook, email, github, gitlab, gitea", len(found))
		return Notification{}
	}
	return found[0]
}

// secret reads the name of a file of secrets; nil is none.
func (r *fleetReader) secret(s *secretFile, at []any) string {
	switch {
	case s == nil:
		return ""
	case s.File == "":
		r.fail(in(at, "file"), "is missing; it names a file in the directory of --notify-secrets-dir: secrets are not kept in Git")
	case len(validation.IsConfigMapKey(s.File)) > 0:
		r.fail(in(at, "file"), "%q is no plain file name; allowed are letters, digits, - _ and . as in slack-url: the name of a file in the directory of --notify-secrets-dir", s.File)
	}
	return s.File
}

// repositoryName is OWNER/NAME, of GitLab with any number of groups or the number of a project.
var repositoryName = map[string]*regexp.Regexp{
	GitHub: regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]*[A-Za-z0-9_-]$`),
	GitLab: regexp.MustCompile(`^([0-9]+|[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+)$`),
	Gitea:  regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]*[A-Za-z0-9_-]$`),
}

func (r *fleetReader) commits(kind string, raw *commitsFile, at []any) Notification {
	public := map[string]string{GitHub: "https://api.github.com", GitLab: "https://gitlab.com"}
	c := Commits{API: public[kind], Repository: raw.Repository, Token: r.secret(&raw.TokenFrom, in(at, "tokenFrom"))}
	switch {
	case raw.URL != nil:
		u, err := Target(*raw.URL)
		switch {
		case err != nil:
			r.fail(in(at, "url"), "%v", err)
		case u.RawQuery != "" || u.ForceQuery:
			r.fail(in(at, "url"), "has a query, which an API has not")
		}
		c.API = strings.TrimRight(*raw.URL, "/")
	case c.API == "":
		r.fail(in(at, "url"), "is missing; it is that of the Gitea server, such as https://gitea.example.com")
	}
	if len(c.Repository) > 255 || strings.Contains(c.Repository, "..") || !repositoryName[kind].MatchString(c.Repository) {
		r.fail(in(at, "repository"), "is %.100q; allowed is OWNER/NAME, as in acme/fleet", c.Repository)
	}
	return Notification{Kind: kind, Commits: c, CA: r.secret(raw.CAFrom, in(at, "caFrom"))}
}

// mostRecipients is how many addresses one e-mail goes to.
const mostRecipients = 20

func (r *fleetReader) mail(raw *emailFile, at []any) Mail {
	m := Mail{Server: raw.Server, TLS: StartTLS, From: r.address(raw.From, in(at, "from")), Password: r.secret(raw.PasswordFrom, in(at, "passwordFrom"))}
	host, port, err := net.SplitHostPort(raw.Server)
	if n, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || n == 0 {
		r.fail(in(at, "server"), "is %.100q; allowed is HOST:PORT, as in smtp.example.com:587", raw.Server)
	} else if err := checkTargetHost(host); err != nil {
		r.fail(in(at, "server"), "%v", err)
	}
	if port == "465" {
		m.TLS = ImplicitTLS
	}
	if raw.TLS != nil {
		m.TLS = *raw.TLS
	}
	switch {
	case !slices.Contains([]string{StartTLS, ImplicitTLS, NoTLS}, m.TLS):
		r.fail(in(at, "tls"), "is %q; allowed: starttls, implicit, none", m.TLS)
	case m.TLS == NoTLS && !Loopback(host):
		r.fail(in(at, "tls"), "is none, which would send letters and password in the clear to %s; allowed only for a server on the same machine", host)
	}
	if raw.Username != nil {
		m.Username = *raw.Username
		if m.Username == "" || strings.ContainsFunc(m.Username, control) {
			r.fail(in(at, "username"), "is empty or has a control character; leave the field out to send without login")
		}
	}
	if (raw.Username == nil) != (raw.PasswordFrom == nil) {
		r.fail(at, "has one of username and passwordFrom; wanted are both, or none to send without login")
	}
	if n := len(raw.To); n == 0 || n > mostRecipients {
		r.fail(in(at, "to"), "has %d addresses; allowed are 1 to %d", n, mostRecipients)
	}
	for i, to := range raw.To {
		m.To = append(m.To, r.address(to, in(at, "to", i)))
	}
	return m
}

// address reads an e-mail address, which must not bring further lines into the head of a letter.
func (r *fleetReader) address(text string, at []any) string {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(text, control) || len(text) > 254 || a.Address != text {
		r.fail(at, "%.100q is no e-mail address; allowed is NAME@HOST alone, as in ops@example.com", text)
		return ""
	}
	return a.Address
}
