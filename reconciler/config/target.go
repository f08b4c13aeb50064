package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Target reads the URL of a server that notifications go to. What it says of a wrong one does not repeat it: it may be a secret.
func Target(text string) (*url.URL, error) {
	const form = "wanted is https://HOST, with port and path if there are"
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("is empty; " + form)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, errors.New("has a space or a line break in it; " + form)
	case err != nil:
		return nil, errors.New("is no URL; " + form)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("does not begin with https://; " + form)
	case u.User != nil:
		return nil, errors.New("holds a user or password, which end up in logs of others; " + form)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("has no host; " + form)
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errors.New("has a fragment, which is never sent; " + form)
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		return nil, errors.New("is http, which anybody on the way can read; " + form)
	}
	return u, checkTargetHost(u.Hostname())
}

// Loopback tells whether a host is, by its name, the machine itself.
func Loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// metadata are the names and addresses at which clouds tell secrets of the machine to whoever asks from it.
var metadata = []string{"metadata.google.internal", "metadata", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"}

func checkTargetHost(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "" || strings.ContainsFunc(host, control):
		return errors.New("has no host")
	case slices.Contains(metadata, host) || err == nil && OutOfBounds(addr):
		return fmt.Errorf("has the host %s, which is link-local, multicast, unspecified or of a cloud's metadata: no place for a notification", host)
	case err != nil && numeric(host):
		return fmt.Errorf("has the host %q, another way to write an address; write it as 192.0.2.1", host)
	}
	return nil
}

// numeric tells whether resolvers may read a host as an IPv4 address in disguise: its last part is a number.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	hex, isHex := strings.CutPrefix(last, "0x")
	return last != "" && strings.Trim(last, "0123456789") == "" || isHex && strings.Trim(hex, "0123456789abcdef") == ""
}

// OutOfBounds tells of an address that no notification goes to, whatever name it was found under.
func OutOfBounds(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	return a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || slices.Contains(metadata, a.String()) ||
		translated.Contains(a)
}

// translated are link-local addresses of IPv4 as IPv6 reaches them.
var translated = netip.MustParsePrefix("64:ff9b::a9fe:0/112")

func control(r rune) bool { return r < ' ' || r == 0x7f }
