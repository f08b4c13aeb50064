package git

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// knownHosts is a parsed known_hosts file.
type knownHosts []knownHost

type knownHost struct {
	hosts   []string
	key     ssh.PublicKey
	revoked bool
}

// verdict is what known_hosts says of a key.
type verdict int

const (
	keyUnknown verdict = iota
	keyKnown
	keyChanged
	keyRevoked
)

// parseKnownHosts reads the format of ~/.ssh/known_hosts.
func parseKnownHosts(b []byte) (knownHosts, error) {
	var out knownHosts
	for len(bytes.TrimSpace(b)) > 0 {
		marker, hosts, key, _, rest, err := ssh.ParseKnownHosts(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("known_hosts: entry %d cannot be read", len(out)+1)
		}
		if marker == "cert-authority" {
			return nil, errors.New("known_hosts: @cert-authority is not supported; list the host keys themselves")
		}
		out = append(out, knownHost{hosts, key, marker == "revoked"})
		b = rest
	}
	if len(out) == 0 {
		return nil, errors.New("known_hosts holds no host key; `ssh-keyscan HOST` prints them")
	}
	return out, nil
}

// look says whether the key is that of the host.
func (k knownHosts) look(host, port string, key ssh.PublicKey) verdict {
	result := keyUnknown
	for _, e := range k {
		same := bytes.Equal(e.key.Marshal(), key.Marshal())
		switch {
		case e.revoked && same:
			return keyRevoked
		case e.revoked || !e.matches(host, port):
		case same:
			result = keyKnown
		case result == keyUnknown:
			result = keyChanged
		}
	}
	return result
}

// algorithms are those of the keys we know for the host, so that the server shows one of them.
func (k knownHosts) algorithms(host, port string) []string {
	var out []string
	for _, e := range k {
		if e.revoked || !e.matches(host, port) {
			continue
		}
		names := []string{e.key.Type()}
		if e.key.Type() == ssh.KeyAlgoRSA {
			names = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, n := range names {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// matches says whether the entry is about the host: by name, pattern or hash, none negated.
func (e knownHost) matches(host, port string) bool {
	name := knownhosts.Normalize(host + ":" + port)
	if strings.Contains(host, ":") {
		name = knownhosts.Normalize("[" + host + "]:" + port)
	}
	found := false
	for _, p := range e.hosts {
		p, not := strings.CutPrefix(p, "!")
		if !matchHost(p, name) {
			continue
		}
		if not {
			return false
		}
		found = true
	}
	return found
}

// matchHost compares one pattern, perhaps hashed (|1|salt|hash), with a normalised host.
func matchHost(pattern, name string) bool {
	if rest, ok := strings.CutPrefix(pattern, "|1|"); ok {
		salt, sum, _ := strings.Cut(rest, "|")
		s, err1 := base64.StdEncoding.DecodeString(salt)
		h, err2 := base64.StdEncoding.DecodeString(sum)
		mac := hmac.New(sha1.New, s)
		mac.Write([]byte(name))
		return err1 == nil && err2 == nil && hmac.Equal(mac.Sum(nil), h)
	}
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(pattern, name)
	}
	escaped := strings.NewReplacer("[", `\[`, "]", `\]`).Replace(strings.ToLower(pattern))
	ok, err := path.Match(escaped, strings.ToLower(name))
	return ok && err == nil
}
