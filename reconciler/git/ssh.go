package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// minRSA is the shortest RSA key that is accepted, of hosts and our own.
const minRSA = 2048

// overSSH makes the remote speak ssh, with our key and to known hosts only.
func (w *wire) overSSH(o Options) error {
	signer, err := parseKey(o.Auth)
	if err != nil {
		return err
	}
	known, err := parseKnownHosts(o.Auth.KnownHosts)
	if err != nil {
		return err
	}
	port := cmp.Or(w.port, "22")
	addr := net.JoinHostPort(w.host, port)
	config := &ssh.ClientConfig{
		User:              cmp.Or(w.user, o.Auth.Username, "git"),
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyAlgorithms: known.algorithms(w.host, port),
		HostKeyCallback:   func(_ string, _ net.Addr, key ssh.PublicKey) error { return w.checkHostKey(known, port, key) },
	}
	w.dial = func(g *guard) (session, error) { return w.dialSSH(g, addr, config) }
	return nil
}

// checkHostKey accepts only a known, strong, not revoked key.
func (w *wire) checkHostKey(known knownHosts, port string, key ssh.PublicKey) error {
	fingerprint := key.Type() + " " + ssh.FingerprintSHA256(key)
	if weak(key) {
		return w.errorf(HostKey, "give the server an ed25519 key", "the host key %s is shorter than %d bits", fingerprint, minRSA)
	}
	switch known.look(w.host, port, key) {
	case keyKnown:
		return nil
	case keyRevoked:
		return w.errorf(HostKey, "do not connect; ask who runs the server", "the host key %s is revoked in known_hosts", fingerprint)
	case keyChanged:
		return w.errorf(HostKey, "if who runs the server confirms the change, replace the line in known_hosts",
			"the host key is %s, not the one in known_hosts: the server was changed, or somebody is in between", fingerprint)
	}
	return w.errorf(HostKey, "if who runs the server confirms it, add it to known_hosts",
		"the host key %s is not in known_hosts", fingerprint)
}

// weak says that a key is too short to trust.
func weak(key ssh.PublicKey) bool {
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return false
	}
	r, ok := c.CryptoPublicKey().(*rsa.PublicKey)
	return ok && r.N.BitLen() < minRSA
}

// parseKey reads the private key. Its errors hold nothing of it.
func parseKey(a Auth) (ssh.Signer, error) {
	pem := []byte(a.SSHKey.Reveal())
	signer, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if a.Passphrase.IsZero() {
			return nil, errors.New("the ssh key has a pass phrase, which is not given")
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, []byte(a.Passphrase.Reveal()))
		if err != nil {
			return nil, errors.New("the pass phrase does not open the ssh key")
		}
	}
	if err != nil {
		return nil, errors.New("the ssh key cannot be read; give a private key in PEM or OpenSSH form")
	}
	if weak(signer.PublicKey()) {
		return nil, fmt.Errorf("the ssh key is shorter than %d bits; make one with ssh-keygen -t ed25519", minRSA)
	}
	return signer, nil
}

// sshSession is git-upload-pack run by the server.
type sshSession struct {
	*wire
	*guard
	client *ssh.Client
	run    *ssh.Session
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	unhook func() bool
}

// dialSSH connects, logs in and starts git-upload-pack on the server.
func (w *wire) dialSSH(g *guard, addr string, config *ssh.ClientConfig) (session, error) {
	conn, err := (&net.Dialer{Timeout: w.limits.IdleTimeout}).DialContext(g.ctx, "tcp", addr)
	if err != nil {
		return nil, dialError(w.address, err)
	}
	s := &sshSession{wire: w, guard: g, stderr: &tail{}}
	s.unhook = context.AfterFunc(g.ctx, func() { _ = conn.Close() })
	err = g.patient(func() error {
		c, channels, requests, err := ssh.NewClientConn(conn, addr, config)
		if err == nil {
			s.client = ssh.NewClient(c, channels, requests)
		}
		return err
	})
	if err != nil {
		s.unhook()
		_ = conn.Close()
		return nil, w.handshakeError(g, err)
	}
	if err := g.patient(s.start); err != nil {
		s.close()
		return nil, w.errorf(AuthFailed, "check that this key may read the repository", "the server does not run git-upload-pack: %w", err)
	}
	return s, nil
}

// start runs git-upload-pack.
func (s *sshSession) start() (err error) {
	if s.run, err = s.client.NewSession(); err != nil {
		return err
	}
	s.run.Stderr = s.stderr
	if s.in, err = s.run.StdinPipe(); err != nil {
		return err
	}
	out, err := s.run.StdoutPipe()
	if err != nil {
		return err
	}
	s.out = bufio.NewReader(&sshReader{s, s.reader(out)})
	return s.run.Start("git-upload-pack " + shellQuote(s.path))
}

// shellQuote makes s one word for the shell that may run on the other side.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}

func (w *wire) handshakeError(g *guard, err error) error {
	var own *Error
	switch {
	case g.ctx.Err() != nil:
		return err
	case errors.As(err, &own):
		return own // from checkHostKey
	case strings.Contains(err.Error(), "unable to authenticate"):
		return w.errorf(AuthFailed, "add the public key to the server, and check the user name", "the ssh key is not accepted")
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return w.errorf(HostKey, "add the server's host key to known_hosts; ssh-keyscan prints it",
			"the server has no host key of a kind that known_hosts holds for it")
	}
	return w.errorf(Unreachable, "check that an ssh server runs there", "no ssh connection: %w", err)
}

func (s *sshSession) close() {
	s.unhook()
	if s.run != nil {
		_ = s.run.Close()
	}
	_ = s.client.Close()
	_ = s.client.Wait()
}

// refs implements session.
func (s *sshSession) refs() (io.Reader, error) { return s.out, nil }

// ask implements session.
func (s *sshSession) ask(request []byte) (io.Reader, error) {
	err := s.patient(func() error {
		_, err := s.in.Write(request)
		return err
	})
	return s.out, err
}

// sshReader adds what the server wrote to stderr when the answer ends without a word.
type sshReader struct {
	s *sshSession
	r io.Reader
}

// Read implements io.Reader.
func (r *sshReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if !errors.Is(err, io.EOF) || n > 0 {
		return n, err
	}
	_ = r.s.patient(r.s.run.Wait) // so that stderr is whole
	said := r.s.clean.clean(r.s.stderr.String())
	if said == "" {
		return n, err
	}
	if isNotFound(strings.ToLower(said)) {
		return n, r.s.errorf(NotFound, "check the path, and that this key may read it", "no such repository: %s", said)
	}
	return n, r.s.errorf(ServerError, "ask who runs the server", "it says: %s", said)
}

// tail keeps the first few KiB of what is written to it.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := int(4*KiB) - t.b.Len(); room > 0 {
		t.b.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
