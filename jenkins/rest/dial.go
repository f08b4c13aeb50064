package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// outOfBounds are addresses where no Jenkins is, but where machines and clouds keep secrets of their own.
var outOfBounds = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),      // link-local, metadata of most clouds
	netip.MustParsePrefix("64:ff9b::a9fe:0/112"), // the same, translated to IPv6
	netip.MustParsePrefix("fe80::/10"),           // link-local
	netip.MustParsePrefix("fd00:ec2::254/128"),   // metadata of AWS
	netip.MustParsePrefix("100.100.100.200/32"),  // metadata of Alibaba
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("ff00::/8"),
}

// AddressError is about an address that is never asked.
type AddressError struct{ Address netip.Addr }

// Error says which.
func (e *AddressError) Error() string {
	return fmt.Sprintf("address %s is link-local, multicast or of a cloud's metadata; want that of a Jenkins", e.Address)
}

func forbidden(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	return slices.ContainsFunc(outOfBounds, func(p netip.Prefix) bool { return p.Contains(a) })
}

// transport makes the connections. Addresses are judged after names were resolved, so no name leads to one that is out of bounds.
func transport(o *Options) *http.Transport {
	d := &net.Dialer{Timeout: o.Connect, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if forbidden(a.Addr()) {
			return &AddressError{Address: a.Addr()}
		}
		return nil
	}}
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots(o.CA)},
		TLSHandshakeTimeout:    o.Connect,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        20 * time.Second, // Jenkins closes them after 30: a change must not meet one that is just being closed
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// roots are the system's certificate authorities and ours.
func roots(ca []byte) *x509.CertPool {
	if len(ca) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(ca)
	return pool
}
