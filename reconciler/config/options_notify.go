package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// checkNotify is about where notifications may go.
func (o Options) checkNotify() error {
	var errs []error
	for _, host := range o.NotifyHosts {
		if strings.ContainsAny(host, "/@ ") || checkTargetHost(host) != nil || strings.Contains(host, ":") && net.ParseIP(host) == nil {
			errs = append(errs, fmt.Errorf("notify-hosts: %q is no host; allowed are names and addresses without scheme and port, such as git.example.com", host))
		}
	}
	if err := checkDashboard(o.DashboardURL); err != nil {
		errs = append(errs, fmt.Errorf("dashboard-url: %w", err))
	}
	return errors.Join(errs...)
}

// checkDashboard takes what may stand in a link.
func checkDashboard(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(text) > 200 {
		return errors.New("is no address of a page; allowed is https://HOST, with port and path if there are, and up to 200 bytes")
	}
	return nil
}

// Trusted returns the hosts that notifications in fleet.yaml may send secrets to: NotifyHosts, and that of the config repository.
func (o Options) Trusted() []string {
	hosts := slices.Clone(o.NotifyHosts)
	if u, err := url.Parse(o.Repo); err == nil && u.Hostname() != "" {
		return append(hosts, u.Hostname())
	}
	user, _, scp := strings.Cut(o.Repo, ":") // user@host:path
	if _, host, ok := strings.Cut(user, "@"); ok && scp {
		return append(hosts, host)
	}
	return hosts
}
