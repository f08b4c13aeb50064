package git

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"majordomo.dev/reconciler/git/gittest"
	"majordomo.dev/reconciler/secret"
)

func TestSSHHostMustBeKnown(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	s := gittest.ServeSSH(t, r, gittest.SSHOptions{})
	host := strings.Fields(string(s.KnownHosts))[0]
	other, _ := gittest.NewKey(t, "")
	same, _, _, _, err := ssh.ParseAuthorizedKey(bytes.TrimPrefix(s.KnownHosts, []byte(host+" ")))
	if err != nil {
		t.Fatal(err)
	}
	line := func(k ssh.PublicKey, hosts ...string) string { return knownhosts.Line(hosts, k) + "\n" }
	for _, tt := range []struct{ name, known, want string }{
		{"as it is", string(s.KnownHosts), ""},
		{"hashed", line(same, knownhosts.HashHostname(host)), ""},
		{"by pattern", "[127.0.0.*]:* " + strings.TrimPrefix(string(s.KnownHosts), host+" "), ""},
		{"among others, with a comment", "# ours\n" + line(other, "example.com") + string(s.KnownHosts), ""},
		{"another key for it", line(other, host), "not the one in known_hosts"},
		{"only another host", line(same, "example.com"), "is not in known_hosts"},
		{"another port", line(same, "[127.0.0.1]:1"), "is not in known_hosts"},
		{"hash of another host", line(same, knownhosts.HashHostname("example.com")), "is not in known_hosts"},
		{"excluded from a pattern", "![127.0.0.1]:*,[127.0.0.*]:* " + strings.TrimPrefix(string(s.KnownHosts), host+" "), "is not in known_hosts"},
		{"revoked", "@revoked * " + strings.TrimPrefix(string(s.KnownHosts), host+" ") + string(s.KnownHosts), "revoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := open(t, Options{URL: s.URL, Auth: Auth{SSHKey: secret.New(s.Key), KnownHosts: []byte(tt.known)}})
			_, err := m.Head(t.Context())
			if tt.want == "" {
				if err != nil {
					t.Errorf("Head: %v", err)
				}
				return
			}
			wantReason(t, err, HostKey)
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "SHA256:") {
				t.Errorf("error %q, want %q and the fingerprint", err, tt.want)
			}
		})
	}
}

func TestSSHShortRSAKeysAreRefused(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	r := gittest.NewRepo(t)
	s := gittest.ServeSSH(t, r, gittest.SSHOptions{HostKey: short})
	_, err = open(t, Options{URL: s.URL, Auth: Auth{SSHKey: secret.New(s.Key), KnownHosts: s.KnownHosts}}).Head(t.Context())
	wantReason(t, err, HostKey)

	own := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(short)})
	_, err = New(Options{URL: s.URL, Auth: Auth{SSHKey: secret.New(string(own)), KnownHosts: s.KnownHosts}})
	if err == nil || !strings.Contains(err.Error(), "shorter than 2048 bits") {
		t.Errorf("New with a short key of our own: %v, want a refusal", err)
	}
}

func TestSSHFailures(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	s := gittest.ServeSSH(t, r, gittest.SSHOptions{})
	silent := gittest.ServeSSH(t, r, gittest.SSHOptions{Silent: true})
	_, stranger := gittest.NewKey(t, "")
	mute, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed below
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	auth := Auth{SSHKey: secret.New(s.Key), KnownHosts: s.KnownHosts}
	quick := Limits{IdleTimeout: 50 * time.Millisecond}
	for _, tt := range []struct {
		name   string
		o      Options
		reason Reason
	}{
		{"key not accepted", Options{URL: s.URL, Auth: Auth{SSHKey: secret.New(stranger), KnownHosts: s.KnownHosts}}, AuthFailed},
		{"no such repository", Options{URL: strings.Replace(s.URL, "repo.git", "none.git", 1), Auth: auth}, NotFound},
		{"no such branch", Options{URL: s.URL, Ref: "none", Auth: auth}, RefNotFound},
		{"nobody listens", Options{URL: "ssh://git@127.0.0.1:1/x", Auth: auth}, Unreachable},
		{"no such host", Options{URL: "git@no..such.host:x.git", Auth: auth}, Unreachable},
		{"no handshake", Options{URL: "ssh://git@" + mute.Addr().String() + "/x", Auth: auth, Limits: quick}, Timeout},
		{"no answer", Options{URL: silent.URL, Limits: quick, Auth: Auth{SSHKey: secret.New(silent.Key), KnownHosts: silent.KnownHosts}}, Timeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(t, tt.o).Head(t.Context())
			wantReason(t, err, tt.reason)
		})
	}
}

func TestSSHKeyWithPassphrase(t *testing.T) {
	_, locked := gittest.NewKey(t, "open sesame canary")
	for _, tt := range []struct{ key, passphrase, want string }{
		{locked, "open sesame canary", ""},
		{locked, "", "has a pass phrase, which is not given"},
		{locked, "wrong canary", "does not open"},
		{"canary, not a key", "", "cannot be read"},
	} {
		_, err := New(Options{URL: "git@example.com:x.git", Auth: Auth{
			SSHKey: secret.New(tt.key), Passphrase: secret.New(tt.passphrase), KnownHosts: []byte(exampleHost),
		}})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("passphrase %q: %v, want %q", tt.passphrase, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("error %q shows the secret", err)
		}
	}
}

const exampleHost = "example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"

func TestSSHPathIsOneWordForTheRemoteShell(t *testing.T) {
	r := gittest.NewRepo(t)
	s := gittest.ServeSSH(t, r, gittest.SSHOptions{})
	m := open(t, Options{URL: "ssh://git@" + strings.Split(s.URL, "@")[1] + "/it's $(x) `y`!", Auth: Auth{SSHKey: secret.New(s.Key), KnownHosts: s.KnownHosts}})
	if _, err := m.Head(t.Context()); err == nil {
		t.Fatal("Head of a path that does not exist succeeded")
	}
	want := `/it'\''s $(x) ` + "`y`" + `'\!''`
	if got := s.Commands(); len(got) != 1 || !strings.HasPrefix(got[0], "git-upload-pack '") || !strings.HasSuffix(got[0], want) {
		t.Errorf("commands = %q, want the path as one word ending in %s", got, want)
	}
}
