package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/reconciler/yaml"
)

// Options are the program's own settings. They come from defaults, a file, the environment and flags; the later wins. No secret is
// among them: secrets are in files, and the options name those.
type Options struct {
	Repo     string        // URL or path of the config repository
	Ref      string        // branch or tag; "" is main
	Interval time.Duration // between two polls
	StateDir string        // what survives a restart: the mirror, history

	ForcePush string // allow or refuse: what to do when the branch no longer contains the commit in force

	GitUsername       string // for http(s), beside the password or token
	GitPasswordFile   string // password or token
	GitSSHKeyFile     string
	GitKnownHostsFile string
	GitCAFile         string // further certificate authorities, PEM

	Kubeconfig     string // "" is the account of the pod, or the user's own file
	Namespace      string // majordomo's own, for Environment objects, Lease and Events
	LeaderElection bool

	JenkinsInterval time.Duration // between two looks at the queue of a Jenkins

	Listen             []string // page, API, metrics, health; none is off
	WebhookListen      string   // "" is off
	WebhookSecretFiles []string // any of them may have signed

	NotifySecretsDir string   // directory of the files that notifications in fleet.yaml name
	NotifyHosts      []string // that tokens, passwords and letters may go to, beside the public GitHub and GitLab and the host of Repo
	DashboardURL     string   // of the page, for links to it; "" for none

	Access         string   // AccessLocal or AccessLogin: who may look without a login
	TokenAudiences []string // one of which a token has to be for; none: that of the API server

	OIDCIssuerURL        string // of the OpenID provider; "" for none
	OIDCClientID         string
	OIDCClientSecretFile string
	OIDCCAFile           string
	OIDCScopes           []string
	OIDCUsernameClaim    string
	OIDCUsernamePrefix   string
	OIDCGroupsClaim      string
	OIDCGroupsPrefix     string

	OTLPEndpoint    string // URL of an OpenTelemetry collector that is told of what was done; "" is off
	OTLPHeadersFile string // header fields for it, such as Authorization

	LogFormat string
	LogLevel  slog.Level
}

// Values of Options.Access.
const (
	AccessLocal = "local" // whoever asks from the machine itself may look
	AccessLogin = "login" // nobody
)

// Default returns the options that hold where nothing else is said.
func Default() Options {
	return Options{
		Interval: 30 * time.Second, JenkinsInterval: 5 * time.Second, StateDir: "/var/lib/majordomo", ForcePush: "allow", Namespace: "majordomo", LeaderElection: true,
		Listen: []string{"127.0.0.1:8080"}, Access: AccessLocal, LogFormat: "text",
	}
}

// settings names the fields: repo is repo in a file, MAJORDOMO_REPO in the environment and --repo as a flag.
func (o *Options) settings() map[string]any {
	return map[string]any{
		"repo": &o.Repo, "ref": &o.Ref, "interval": &o.Interval, "jenkins-interval": &o.JenkinsInterval, "state-dir": &o.StateDir, "force-push": &o.ForcePush,
		"git-username": &o.GitUsername, "git-password-file": &o.GitPasswordFile, "git-ssh-key-file": &o.GitSSHKeyFile,
		"git-known-hosts-file": &o.GitKnownHostsFile, "git-ca-file": &o.GitCAFile,
		"kubeconfig": &o.Kubeconfig, "namespace": &o.Namespace, "leader-election": &o.LeaderElection,
		"listen": &o.Listen, "webhook-listen": &o.WebhookListen, "webhook-secret-files": &o.WebhookSecretFiles, "access": &o.Access, "token-audiences": &o.TokenAudiences,
		"oidc-issuer-url": &o.OIDCIssuerURL, "oidc-client-id": &o.OIDCClientID, "oidc-client-secret-file": &o.OIDCClientSecretFile,
		"oidc-ca-file": &o.OIDCCAFile, "oidc-scopes": &o.OIDCScopes, "oidc-username-claim": &o.OIDCUsernameClaim,
		"oidc-username-prefix": &o.OIDCUsernamePrefix, "oidc-groups-claim": &o.OIDCGroupsClaim, "oidc-groups-prefix": &o.OIDCGroupsPrefix,
		"notify-secrets-dir": &o.NotifySecretsDir, "notify-hosts": &o.NotifyHosts, "dashboard-url": &o.DashboardURL,
		"otlp-endpoint": &o.OTLPEndpoint, "otlp-headers-file": &o.OTLPHeadersFile,
		"log-format": &o.LogFormat, "log-level": &o.LogLevel,
	}
}

// Names returns the names of all settings, sorted.
func Names() []string { return slices.Sorted(maps.Keys(new(Options).settings())) }

// Set sets one option by its name from text.
func (o *Options) Set(name, value string) error {
	field, ok := o.settings()[name]
	if !ok {
		return fmt.Errorf("unknown option %q%s", name, yaml.DidYouMean(name, Names()))
	}
	if err := assign(field, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func assign(field any, value string) (err error) {
	switch f := field.(type) {
	case *string:
		*f = value
	case *[]string:
		*f = slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return s == "" })
	case *bool:
		if *f, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is no boolean; allowed are true and false", value)
		}
	case *time.Duration:
		if *f, err = time.ParseDuration(value); err != nil {
			return fmt.Errorf("%q is no duration; allowed are values such as 30s, 5m, 1h30m", value)
		}
	case *slog.Level:
		if err = f.UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%q is no level; allowed: debug, info, warn, error", value)
		}
	}
	return nil
}

// FromFile sets what a YAML file says, by the names of the settings.
func (o *Options) FromFile(file string, data []byte) error {
	f, err := yaml.Open(file, data)
	if err != nil {
		return err
	}
	var raw map[string]any
	if err := f.Decode(&raw); err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if err := o.Set(name, text(raw[name])); err != nil {
			errs = append(errs, f.Errorf([]any{name}, "%s", strings.TrimPrefix(err.Error(), name+": ")))
		}
	}
	return errors.Join(errs...)
}

func text(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = fmt.Sprint(e)
	}
	return strings.Join(parts, ",")
}

// Variable returns the name of a setting in the environment: state-dir is MAJORDOMO_STATE_DIR.
func Variable(name string) string {
	return "MAJORDOMO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// FromEnv sets what the environment says.
func (o *Options) FromEnv(getenv func(string) string) error {
	var errs []error
	for _, name := range Names() {
		variable := Variable(name)
		if value := getenv(variable); value != "" {
			if err := o.Set(name, value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", variable, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Validate returns every problem of the options, joined.
func (o Options) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := checkRepo(o.Repo); err != nil {
		errs = append(errs, err)
	}
	if o.Interval < time.Second || o.Interval > 24*time.Hour {
		fail("interval: %s; allowed are 1s to 24h", o.Interval)
	}
	if o.JenkinsInterval < time.Second || o.JenkinsInterval > time.Minute {
		fail("jenkins-interval: %s; allowed are 1s to 1m", o.JenkinsInterval)
	}
	if o.Namespace == "" {
		fail("namespace: is empty; it names majordomo's own namespace")
	}
	if o.StateDir == "" {
		fail("state-dir: is empty")
	}
	if o.ForcePush != "allow" && o.ForcePush != "refuse" {
		fail("force-push: %q; allowed: allow, refuse", o.ForcePush)
	}
	if o.Access != AccessLocal && o.Access != AccessLogin {
		fail("access: %q; allowed: %s, %s", o.Access, AccessLocal, AccessLogin)
	}
	if err := o.checkOIDC(); err != nil {
		errs = append(errs, err)
	}
	if o.LogFormat != "text" && o.LogFormat != "json" {
		fail("log-format: %q; allowed: text, json", o.LogFormat)
	}
	errs = append(errs, o.checkListen(), o.checkNotify())
	if o.GitPasswordFile != "" && strings.HasPrefix(o.Repo, "http://") {
		fail("git-password-file: the repository is http, which would send the password in the clear; use https or ssh")
	}
	if err := checkCollector(o.OTLPEndpoint, o.OTLPHeadersFile); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkCollector does not repeat the URL in its errors: it may hold a password, which is one of the errors.
func checkCollector(endpoint, headers string) error {
	u, err := url.Parse(endpoint)
	switch {
	case endpoint == "" && headers == "":
		return nil
	case endpoint == "":
		return errors.New("otlp-headers-file: there is no otlp-endpoint to send them to")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return errors.New("otlp-endpoint: is no URL of a collector; allowed are https://HOST[:PORT][/PATH] and the same with http")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("otlp-endpoint: the URL holds credentials, a query or a fragment; put what logs in there into otlp-headers-file")
	case headers != "" && u.Scheme == "http":
		return errors.New("otlp-headers-file: the collector is http, which would send them in the clear; use https")
	}
	return nil
}

// checkRepo does not repeat the URL in its errors: it may hold a password, which is one of the errors.
func checkRepo(repo string) error {
	if repo == "" {
		return errors.New("repo: is missing; it is the URL or path of the config repository")
	}
	scheme, _, ok := strings.Cut(repo, "://")
	if !ok {
		return nil // a path, or user@host:path
	}
	if !slices.Contains([]string{"https", "http", "ssh", "file"}, scheme) {
		return fmt.Errorf("repo: the scheme is %q; allowed: https, http, ssh, file or a path", scheme)
	}
	u, err := url.Parse(repo)
	if err != nil {
		return errors.New("repo: is no URL")
	}
	if _, has := u.User.Password(); has || u.User != nil && scheme != "ssh" {
		return errors.New("repo: the URL holds credentials; put them into git-username and git-password-file")
	}
	if scheme != "file" && u.Hostname() == "" {
		return errors.New("repo: the URL has no host")
	}
	return nil
}

// checkListen is about what is answered, and to whom.
func (o Options) checkListen() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, l := range o.Listen {
		if err := checkAddress(l); err != nil {
			fail("listen: %w", err)
		}
	}
	if err := checkAddress(o.WebhookListen); err != nil {
		fail("webhook-listen: %w", err)
	}
	if o.WebhookListen != "" && len(o.WebhookSecretFiles) == 0 {
		fail("webhook-secret-files: is empty; webhooks are taken only when they are signed, so name a file with a secret of at least 32 bytes")
	}
	if o.WebhookListen != "" && slices.Contains(o.Listen, o.WebhookListen) {
		fail("webhook-listen: is the address of listen; webhooks come from outside and get an address of their own")
	}
	return errors.Join(errs...)
}

func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address; allowed are HOST:PORT and :PORT", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q has no port; allowed are 0 (any free one) to 65535", address)
	}
	return nil
}

// Load returns the options from defaults, the file (if named) and the environment; flags are then set by Options.Set.
func Load(file string, getenv func(string) string) (Options, error) {
	o := Default()
	if file = cmp.Or(file, getenv("MAJORDOMO_CONFIG")); file != "" {
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return o, fmt.Errorf("options: %w", err)
		}
		if err := o.FromFile(file, data); err != nil {
			return o, err
		}
	}
	return o, o.FromEnv(getenv)
}
