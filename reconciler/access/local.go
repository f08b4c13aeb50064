package access

import (
	"net/netip"
	"strings"
)

// Loopback tells whether an address, with or without a port, is of the machine itself: localhost, 127.0.0.0/8 or ::1. No name but
// localhost is: what another one leads to is up to whoever answers for it.
func Loopback(address string) bool {
	host := address
	if i := strings.LastIndexByte(host, ':'); i >= 0 && (strings.IndexByte(host, ':') == i || strings.HasPrefix(host, "[")) && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return false
		}
		host = inner
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}

// OwnPath returns the path of this very site to go on to after a login, "/" for whatever leads elsewhere or could be read so.
func OwnPath(to string) string {
	const most = 2048
	if len(to) > most || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/login") || strings.HasPrefix(to, "/api/") {
		return "/"
	}
	for _, r := range to {
		if r <= ' ' || r == '\\' || r == 0x7f || r > 0x7e {
			return "/"
		}
	}
	return to
}
