package pool

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// checkURL says why a text is no URL of a Jenkins, nil if it is one. Error texts do not repeat it, for it may hold a password.
func checkURL(text string) error {
	const form = "want http://HOST or https://HOST, with a port and a path if Jenkins has them"
	u, err := url.Parse(text)
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("has a space or a line break in it; " + form)
	case err != nil:
		return errors.New("is no URL; " + form)
	case u.User != nil || strings.Contains(text, "@"):
		return errors.New("holds a user or password, which do not belong here: spec.jenkins.credentials names a Secret")
	case !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://"):
		return fmt.Errorf("has the scheme %q; %s", u.Scheme, form)
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("has no host; " + form)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return errors.New("has a query or a fragment; " + form)
	}
	return checkHost(u.Hostname())
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// metadata are addresses at which clouds tell secrets of the machine to whoever asks from it. Link-local ones are refused altogether.
var metadata = []string{"metadata.google.internal", "metadata", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"}

func checkHost(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	addr, err := netip.ParseAddr(host)
	addr = addr.Unmap()
	switch {
	case err == nil && (addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified()):
		return fmt.Errorf("has the host %s, which is no place for a Jenkins: it is link-local, multicast or unspecified", host)
	case err != nil && numeric(host):
		return fmt.Errorf("has the host %q, another way to write an address; write it as 192.0.2.1", host)
	}
	for _, m := range metadata {
		if host == m || err == nil && addr.String() == m {
			return fmt.Errorf("has the host %s, the metadata service of a cloud", host)
		}
	}
	return nil
}

// numeric tells whether resolvers may read a host as an IPv4 address in disguise: its last part is a number.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	hex, isHex := strings.CutPrefix(last, "0x")
	return last != "" && strings.Trim(last, "0123456789") == "" || isHex && strings.Trim(hex, "0123456789abcdef") == ""
}

// inside tells whether a host is the cluster's own, or of a private network.
func inside(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsPrivate() || addr.IsLoopback()
	}
	for _, suffix := range []string{".svc", ".cluster.local", ".local", ".internal", ".localhost"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return strings.Count(host, ".") <= 1 // NAME, or NAME.NAMESPACE
}
