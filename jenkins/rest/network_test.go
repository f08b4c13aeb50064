package rest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"majordomo.dev/jenkins"
)

// F45.
func TestNobodyListens(t *testing.T) {
	f := newFake(t)
	c := f.client()
	snapshot(t, c)
	f.Close()
	_, err := c.Snapshot(t.Context())
	got := faultIn(t, err, jenkins.Unreachable, "refused")
	if got.Status != 0 || got.Err == nil {
		t.Errorf("fault %+v, want no status and a cause", got)
	}
	for _, act := range []error{c.Park(t.Context(), "a", "x"), c.Unpark(t.Context(), "a", "x"), c.Forget(t.Context(), "a"), c.CancelQuietDown(t.Context())} {
		wantFault(t, act, jenkins.Unreachable, "refused") // gojenkins's own POSTs panic here
	}
	password := open(t, f.URL, func(o *Options) { o.Token, o.Password = Secret{}, NewSecret(canary) })
	wantFault(t, password.CancelQuietDown(t.Context()), jenkins.Unreachable, "refused")
}

// F45.
func TestNameWithoutAddress(t *testing.T) {
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "jenkins.example.com", IsNotFound: true}}
	}}
	_, err := open(t, "http://jenkins.example.com", func(o *Options) { o.Transport = tr }).Snapshot(t.Context())
	wantFault(t, err, jenkins.Unreachable, "the name jenkins.example.com has no address (no such host)")
}

// F45: what a connection may do wrong after it came about.
func TestConnectionsThatBreak(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nX-Jenkins: 2.263.4\r\nX-Jenkins-Session: 1\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		answer string
		reason jenkins.Reason
		say    string
	}{
		"closed without an answer":   {"", jenkins.Unreachable, "connection was lost"},
		"closed in the status line":  {"HTTP/1.1 2", jenkins.Unreachable, "did not get through"},
		"closed in the headers":      {head, jenkins.Unreachable, "connection was lost"},
		"closed in the body":         {head + "Content-Length: 100\r\n\r\n" + `{"_class":"hudson.model.Queue","items":[]}`, jenkins.Unreachable, "connection was lost"},
		"closed in a chunk":          {head + "Transfer-Encoding: chunked\r\n\r\n2a\r\n" + `{"_class":"hudson.model.Queue","items":[]}`, jenkins.Unreachable, "connection was lost"},
		"no HTTP":                    {"SSH-2.0-OpenSSH_9.6\r\n", jenkins.Unreachable, "did not get through"},
		"no HTTP, with our request":  {canary + "\r\n\r\n", jenkins.Unreachable, "did not get through"},
		"headers without end":        {head + "X: " + strings.Repeat("x", 1<<20), jenkins.Unreachable, "did not get through"},
		"two different lengths":      {head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", jenkins.Unreachable, ""},
		"a chunk of nonsense":        {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", jenkins.BadAnswer, "cannot be read"},
		"compression that is none":   {head + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", jenkins.Unreachable, ""},
		"a status that is none":      {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", jenkins.BadAnswer, "999"},
		"an informative answer only": {"HTTP/1.1 100 Continue\r\n\r\n", jenkins.Unreachable, "connection was lost"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, "http://"+speak(t, c.answer)).Snapshot(t.Context())
			wantFault(t, err, c.reason, c.say)
		})
	}
}

// speak listens, reads a request from each connection, answers and closes.
func speak(t *testing.T, answer string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 8192))
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// F45: a Jenkins that takes the request and then nothing, or stops in the middle, is not one that is down.
func TestJenkinsThatHangs(t *testing.T) {
	for name, begin := range map[string]string{
		"F45 before the headers":      "",
		"F45 in the headers":          "HTTP/1.1 200 OK\r\nX-Jenk",
		"F45 in the body":             "HTTP/1.1 200 OK\r\nX-Jenkins: 2.263.4\r\nX-Jenkins-Session: 1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"_class\":",
		"F45 in a page of no success": "HTTP/1.1 418 Teapot\r\nContent-Length: 100\r\n\r\n<html>",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, "http://jenkins", func(o *Options) { o.Transport = pipes(t, begin) })
				start := time.Now()
				_, err := c.Snapshot(t.Context())
				if strings.Contains(begin, "418") {
					wantFault(t, err, jenkins.BadAnswer, "418")
				} else {
					wantFault(t, err, jenkins.Hung, "within 15s")
				}
				if took := time.Since(start); took != DefaultTimeout {
					t.Errorf("it took %s, want %s", took, DefaultTimeout)
				}
			})
		})
	}
}

// pipes is a transport whose connections lead to a server that answers with begin and then keeps silent.
func pipes(t *testing.T, begin string) http.RoundTripper {
	t.Helper()
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 8192))
			_, _ = theirs.Write([]byte(begin))
			_, _ = theirs.Read(make([]byte, 1)) // until the client hangs up
			theirs.Close()
		}()
		return ours, nil
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// The caller that gives up is no fault of Jenkins; one whose time is up is.
func TestCallerWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "http://jenkins", func(o *Options) { o.Transport = pipes(t, "") })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := c.Snapshot(ctx)
		if f := (*jenkins.Fault)(nil); errors.As(err, &f) || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled and no fault", err)
		}
		short, cancelShort := context.WithTimeout(t.Context(), time.Second)
		defer cancelShort()
		_, err = c.Snapshot(short)
		wantFault(t, err, jenkins.Hung)
	})
}

// F45: an address that swallows packets is unreachable, not hung.
func TestConnectionThatNeverComesAbout(t *testing.T) {
	f := newFake(t)
	c := f.client(func(o *Options) { o.Connect = time.Nanosecond })
	_, err := c.Snapshot(t.Context())
	wantFault(t, err, jenkins.Unreachable, "no connection came about within 1ns")
}

// A certificate authority of the tests.
func authority(t *testing.T, change ...func(*x509.Certificate)) (ca *x509.Certificate, key *ecdsa.PrivateKey, text []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	for _, c := range change {
		c(ca)
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return ca, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// secured is a fake Jenkins with TLS whose certificate change may spoil.
func secured(t *testing.T, ca *x509.Certificate, key *ecdsa.PrivateKey, change func(*x509.Certificate, *tls.Config)) *httptest.Server {
	t.Helper()
	f := newFake(t)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	config := &tls.Config{MinVersion: tls.VersionTLS10} //nolint:gosec // what the client has to refuse
	change(leaf, config)
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &own.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: own}}
	s := httptest.NewUnstartedServer(f)
	s.TLS = config
	s.Config.ErrorLog = log.New(&bytes.Buffer{}, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// F45, S12.
func TestTLS(t *testing.T) {
	ca, key, text := authority(t)
	other, otherKey, _ := authority(t)
	for name, c := range map[string]struct {
		ca     *x509.Certificate
		key    *ecdsa.PrivateKey
		change func(*x509.Certificate, *tls.Config)
		say    string // "" for success
	}{
		"right":             {ca, key, func(*x509.Certificate, *tls.Config) {}, ""},
		"another authority": {other, otherKey, func(*x509.Certificate, *tls.Config) {}, "authority that is not known"},
		"expired":           {ca, key, func(c *x509.Certificate, _ *tls.Config) { c.NotAfter = time.Now().Add(-time.Minute) }, "has expired"},
		"not valid yet":     {ca, key, func(c *x509.Certificate, _ *tls.Config) { c.NotBefore = time.Now().Add(time.Minute) }, "not valid yet"},
		"another name": {ca, key, func(c *x509.Certificate, _ *tls.Config) {
			c.IPAddresses, c.DNSNames = nil, []string{"example.com"}
		}, "for another name"},
		"for clients": {ca, key, func(c *x509.Certificate, _ *tls.Config) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, "not valid"},
		"TLS 1.1": {ca, key, func(_ *x509.Certificate, t *tls.Config) { t.MaxVersion = tls.VersionTLS11 }, "TLS 1.2 or later"},
	} {
		t.Run(name, func(t *testing.T) {
			s := secured(t, c.ca, c.key, c.change)
			_, err := open(t, s.URL, func(o *Options) { o.CA = text }).Snapshot(t.Context())
			if c.say == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFault(t, err, jenkins.Unreachable, c.say)
		})
	}
	old, oldKey, oldText := authority(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	_, err := open(t, secured(t, old, oldKey, func(*x509.Certificate, *tls.Config) {}).URL, func(o *Options) { o.CA = oldText }).Snapshot(t.Context())
	wantFault(t, err, jenkins.Unreachable, "has expired")
	_, err = open(t, "https://"+newFake(t).Listener.Addr().String()).Snapshot(t.Context())
	wantFault(t, err, jenkins.Unreachable, "does not speak TLS")
	s := secured(t, ca, key, func(*x509.Certificate, *tls.Config) {})
	_, err = open(t, strings.Replace(s.URL, "https", "http", 1)).Snapshot(t.Context())
	wantFault(t, err, jenkins.BadAnswer, "400")
}

// S05: names are judged by their addresses, whatever they look like.
func TestAddressesOutOfBounds(t *testing.T) {
	for _, a := range []string{
		"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "64:ff9b::169.254.169.254",
		"224.0.0.1", "ff02::1",
	} {
		if !forbidden(netip.MustParseAddr(a)) {
			t.Errorf("forbidden(%s) = false", a)
		}
	}
	for _, a := range []string{"127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "100.100.100.201", "8.8.8.8", "fd00::1", "2001:db8::1"} {
		if forbidden(netip.MustParseAddr(a)) {
			t.Errorf("forbidden(%s) = true", a)
		}
	}
	tr := transport(&Options{Connect: time.Second})
	_, err := tr.DialContext(t.Context(), "tcp", "169.254.169.254:80")
	if e := (*AddressError)(nil); !errors.As(err, &e) {
		t.Errorf("dialing the metadata service: %v, want an AddressError", err)
	}
	f := newFake(t)
	moved := transport(&Options{Connect: time.Second})
	dial := moved.DialContext
	moved.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, "[fe80::1%1]:80")
	}
	_, err = f.client(func(o *Options) { o.Transport = moved }).Snapshot(t.Context()) // as if a name had resolved to it
	wantFault(t, err, jenkins.Unreachable, "link-local")
}

// F47: redirects are never followed, and the credentials go nowhere else.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var leaked []*http.Request
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked = append(leaked, r) }))
	defer other.Close()
	for location, c := range map[string]struct {
		reason jenkins.Reason
		say    string
	}{
		other.URL + "/authorize?client_id=1&redirect_uri=" + canary: {jenkins.AuthLost, "a login"},
		"/login?from=%2Fqueue":                           {jenkins.AuthLost, "/login"},
		"http://user:" + canary + "@portal.example.com/": {jenkins.AuthLost, "portal.example.com"},
		"https://ci.example.com" + queuePath:             {jenkins.BadAnswer, "https://ci.example.com"},
		"://":                                            {jenkins.AuthLost, "no URL"},
		"":                                               {jenkins.AuthLost, "redirect"},
	} {
		for _, status := range []int{301, 302, 303, 307, 308, 304} {
			f := newFake(t)
			f.handle("GET "+queuePath, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Location"] = []string{location}
				w.WriteHeader(status)
			})
			_, err := f.client().Snapshot(t.Context())
			if got := faultIn(t, err, c.reason, c.say); got.Status != status || strings.Contains(got.Text, "client_id") {
				t.Errorf("%d to %q: %+v", status, location, got)
			}
			if got := f.requests(); len(got) != 1 {
				t.Errorf("%d to %q: requests %v, want one", status, location, got)
			}
		}
	}
	if len(leaked) > 0 {
		t.Errorf("the other host was asked: %v", leaked)
	}
}
