package gittest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSHOptions says how to serve a repository.
type SSHOptions struct {
	HostKey crypto.Signer // ed25519 when nil
	Silent  bool          // accept commands and never answer
}

// SSH serves one repository by an ssh server that runs git-upload-pack, and nothing else.
type SSH struct {
	// URL is the repository's URL.
	URL string
	// KnownHosts is the line that trusts the server.
	KnownHosts []byte
	// Key is a private key that may log in, in PEM form.
	Key string

	config   *ssh.ServerConfig
	silent   bool
	listener net.Listener
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	commands []string
}

// NewKey returns a new ed25519 key, also in PEM form, locked when a pass phrase is given.
func NewKey(t testing.TB, passphrase string) (ssh.PublicKey, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey(), string(pem.EncodeToMemory(block))
}

// ServeSSH serves a repository until the test ends.
func ServeSSH(t testing.TB, r *Repo, o SSHOptions) *SSH {
	t.Helper()
	public, key := NewKey(t, "")
	s := &SSH{Key: key, silent: o.Silent}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if string(k.Marshal()) != string(public.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	if o.HostKey == nil {
		_, o.HostKey, _ = ed25519.GenerateKey(rand.Reader)
	}
	host, err := ssh.NewSignerFromSigner(o.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	s.config.AddHostKey(host)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil { //nolint:noctx // ends with the test
		t.Fatal(err)
	}
	addr := s.listener.Addr().String()
	s.URL = "ssh://git@" + addr + r.Dir
	s.KnownHosts = []byte(knownhosts.Line([]string{knownhosts.Normalize(addr)}, host.PublicKey()) + "\n")
	s.wg.Add(1)
	go s.accept()
	t.Cleanup(s.close)
	return s
}

// Commands returns the commands that clients ran.
func (s *SSH) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

func (s *SSH) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *SSH) accept() {
	defer s.wg.Done()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Add(1)
		go s.serve(c)
	}
}

func (s *SSH) serve(c net.Conn) {
	defer s.wg.Done()
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		ssh.DiscardRequests(requests)
	}()
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			s.session(channel, reqs)
		}()
	}
}

// session runs the first command of a session.
func (s *SSH) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer func() { _ = channel.Close() }()
	for req := range requests {
		if req.Type != "exec" {
			_ = req.Reply(false, nil)
			continue
		}
		var exec struct{ Command string }
		_ = ssh.Unmarshal(req.Payload, &exec)
		s.mu.Lock()
		s.commands = append(s.commands, exec.Command)
		s.mu.Unlock()
		_ = req.Reply(true, nil)
		if s.silent {
			continue
		}
		code := upload(channel, exec.Command)
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
		return
	}
}

// upload runs git-upload-pack on the path of the command.
func upload(channel ssh.Channel, command string) uint32 {
	path, ok := strings.CutPrefix(command, "git-upload-pack '")
	if !ok {
		fmt.Fprintln(channel.Stderr(), "only git-upload-pack is allowed")
		return 1
	}
	cmd := exec.Command("git", "-c", "safe.directory=*", "upload-pack", strings.TrimSuffix(path, "'")) //nolint:noctx // ends with the channel
	cmd.Env = Env()
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return 1
	}
	go func() {
		defer in.Close()
		_, _ = io.Copy(in, channel)
	}()
	if cmd.Wait() != nil {
		return 128
	}
	return 0
}
