package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/secret"
)

// settings are the program's options as flags of a command: what is set here goes over the environment and the file.
type settings struct {
	file  string // --config
	flags []setting
}

type setting struct {
	name  string
	value string
	set   bool
	truth bool // a boolean: the flag alone means true
}

// String returns what was set.
func (s *setting) String() string { return s.value }

// Type names the value in the help.
func (s *setting) Type() string {
	if s.truth {
		return "bool"
	}
	return "string"
}

// Set checks a value at once, so that a wrong one is a usage error.
func (s *setting) Set(v string) error {
	s.value, s.set = v, true
	o := config.Default()
	return o.Set(s.name, v)
}

// about says what each setting is for, in the help.
func (settings) about() map[string]string {
	return map[string]string{
		"repo":                    "URL or path of the config repository",
		"ref":                     "branch or tag; default main",
		"interval":                "time between two looks at the repository",
		"jenkins-interval":        "time between two looks at the queue of a Jenkins",
		"state-dir":               "directory for what survives a restart",
		"force-push":              "allow or refuse a branch that no longer contains the commit in force",
		"git-username":            "user for http(s)",
		"git-password-file":       "file with the password or token for http(s)",
		"git-ssh-key-file":        "file with the private key for ssh",
		"git-known-hosts-file":    "file with the host keys to trust, as in ~/.ssh/known_hosts",
		"git-ca-file":             "file with further certificate authorities, PEM",
		"namespace":               "majordomo's own namespace, for its Lease; nothing in it is pruned",
		"leader-election":         "take turns with other replicas through a Lease",
		"listen":                  "addresses of the page, the API, metrics and health; empty is off",
		"webhook-listen":          "address of webhooks; empty is off",
		"webhook-secret-files":    "files with secrets by which webhooks may be signed",
		"access":                  "who may look without a login: local (from the machine itself, at a loopback address) or login (nobody)",
		"token-audiences":         "audiences of which a token has to be for one; empty: the API server's own",
		"notify-secrets-dir":      "directory of the files with secrets that notifications in fleet.yaml name",
		"notify-hosts":            "hosts that notifications may send tokens, passwords and letters to, beside those of GitHub, GitLab and the repository",
		"dashboard-url":           "URL of the page, for links in notifications",
		"oidc-issuer-url":         "URL of an OpenID provider that vouches for people, exactly as the provider says it; empty: none",
		"oidc-client-id":          "name under which the provider knows majordomo",
		"oidc-client-secret-file": "file with the secret that the provider gave majordomo, if it did",
		"oidc-ca-file":            "file with further certificate authorities for the provider, PEM",
		"oidc-scopes":             "scopes to ask for beside openid; empty: profile, email and groups",
		"oidc-username-claim":     "claim that names the person; empty: sub",
		"oidc-username-prefix":    "what comes before the name, as in the API server; empty: the issuer and #, but nothing for email; - for nothing",
		"oidc-groups-claim":       "claim that lists the groups; empty: groups",
		"oidc-groups-prefix":      "what comes before each group, as in the API server",
		"otlp-endpoint":           "URL of an OpenTelemetry collector that is told, as spans, of what was done; empty is off",
		"otlp-headers-file":       "file with header fields for it, one NAME: VALUE a line",
		"log-format":              "text or json",
		"log-level":               "debug, info, warn or error",
	}
}

// repositorySettings are the settings that say where the config repository is and how to log in there.
func repositorySettings() []string {
	return []string{"repo", "ref", "git-username", "git-password-file", "git-ssh-key-file", "git-known-hosts-file", "git-ca-file"}
}

// settingFlags adds a flag for each of the settings, with the default of config where there is one.
func settingFlags(c *cobra.Command, names ...string) *settings {
	s := &settings{flags: make([]setting, len(names))}
	c.Flags().StringVar(&s.file, "config", "", "file with these settings, by the names of the flags; $MAJORDOMO_CONFIG")
	for i, name := range names {
		f := &s.flags[i]
		f.name, f.truth = name, name == "leader-election"
		flag := c.Flags().VarPF(f, name, "", s.about()[name])
		flag.DefValue = defaultOf(name)
		if f.truth {
			flag.NoOptDefVal = "true"
		}
	}
	return s
}

func defaultOf(name string) string {
	d := config.Default()
	switch name {
	case "interval":
		return d.Interval.String()
	case "jenkins-interval":
		return d.JenkinsInterval.String()
	case "state-dir":
		return d.StateDir
	case "force-push":
		return d.ForcePush
	case "namespace":
		return d.Namespace
	case "listen":
		return strings.Join(d.Listen, ",")
	case "access":
		return d.Access
	case "leader-election":
		return "true"
	case "log-format":
		return d.LogFormat
	case "log-level":
		return "info"
	}
	return ""
}

// options returns the options from defaults, file, environment and flags; the later wins.
func (s *settings) options(a *app) (config.Options, error) {
	o, err := config.Load(s.file, a.getenv)
	if err != nil {
		return o, exit{exitUsage, err}
	}
	for _, f := range s.flags {
		if f.set {
			if err := o.Set(f.name, f.value); err != nil {
				return o, usagef("--%w", err)
			}
		}
	}
	return o, nil
}

// mirror returns the mirror of the config repository that the options name. It contacts nobody.
func (a *app) mirror(o config.Options, dir string, warn func(string)) (*git.Mirror, error) {
	opts := git.Options{URL: o.Repo, Ref: o.Ref, Dir: dir, ForcePush: git.ForcePush(o.ForcePush), Auth: git.Auth{Username: o.GitUsername}}
	var errs []error
	read := func(name, file string) []byte {
		if file == "" {
			return nil
		}
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			errs = append(errs, usagef("--%s: %w", name, err))
		}
		return data
	}
	readSecret := func(name, file string) secret.String {
		s, err := secretOf(name, file, warn)
		errs = append(errs, err)
		return s
	}
	opts.Auth.KnownHosts = read("git-known-hosts-file", o.GitKnownHostsFile)
	opts.CA = read("git-ca-file", o.GitCAFile)
	opts.Auth.Password = readSecret("git-password-file", o.GitPasswordFile)
	opts.Auth.SSHKey = readSecret("git-ssh-key-file", o.GitSSHKeyFile)
	if err := errors.Join(errs...); err != nil {
		return nil, exit{exitUsage, err}
	}
	m, err := git.New(opts)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return m, nil
}
