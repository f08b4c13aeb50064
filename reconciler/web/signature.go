package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"majordomo.dev/reconciler/secret"
)

// minSecret is the shortest secret allowed, in bytes.
const minSecret = 32

// keys are the secrets that are valid now.
type keys []secret.String

func newKeys(secrets []secret.String) (keys, error) {
	for i, s := range secrets {
		text := s.Reveal()
		if len(text) < minSecret {
			return nil, fmt.Errorf("webhook secret %d has %d bytes; at least %d are needed (openssl rand -hex 32 makes one)", i+1, len(text), minSecret)
		}
		if strings.TrimSpace(text) != text {
			return nil, fmt.Errorf("webhook secret %d begins or ends with white space, which its sender would not have; remove it", i+1)
		}
		if _, err := signingKey(text); err != nil {
			return nil, fmt.Errorf("webhook secret %d: %w", i+1, err)
		}
	}
	return secrets, nil
}

// whsec is how signing tokens of the standard that GitLab follows begin.
const whsec = "whsec_"

// signingKey is the key by which deliveries of GitLab that are signed with a secret are verified.
func signingKey(text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(text, whsec)
	if !ok {
		return []byte(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(rest)
	if err != nil || len(key) < minSecret {
		return nil, fmt.Errorf("after %s there have to be at least %d bytes in base64", whsec, minSecret)
	}
	return key, nil
}

// Why a delivery is not believed. What exactly was wrong is of use to an attacker only.
var (
	errUnsigned = errors.New("no sha256 signature; set the secret at the sender")
	errSHA1     = errors.New("signed with sha1 only; this server takes sha256")
	errForged   = errors.New("the signature does not match")
	errTwice    = errors.New("a header that must occur once is there twice")
)

// single returns the one value of a header, "" if absent.
func single(h http.Header, name string) (string, error) {
	v := h.Values(name)
	if len(v) > 1 {
		return "", fmt.Errorf("%w: %s", errTwice, name)
	}
	return strings.Join(v, ""), nil
}

// hexMAC verifies an HMAC-SHA256 in lower-case hex over the body. Every secret is tried, whichever fits.
func (k keys) hexMAC(body []byte, text string) error {
	sent, err := hex.DecodeString(text)
	if err != nil || len(sent) != sha256.Size || strings.ToLower(text) != text {
		return errForged
	}
	ok := 0
	for _, s := range k {
		ok |= subtle.ConstantTimeCompare(mac([]byte(s.Reveal()), body), sent)
	}
	return verdict(ok)
}

// prefixed verifies a signature of the form "sha256=HEX".
func (k keys) prefixed(body []byte, text string) error {
	rest, ok := strings.CutPrefix(text, "sha256=")
	switch {
	case text == "":
		return errUnsigned
	case strings.HasPrefix(text, "sha1="):
		return errSHA1
	case !ok:
		return errForged
	}
	return k.hexMAC(body, rest)
}

// token compares a secret that was sent as it is, in a time that tells neither content nor length.
func (k keys) token(text string) error {
	sent, ok := sha256.Sum256([]byte(text)), 0
	for _, s := range k {
		want := sha256.Sum256([]byte(s.Reveal()))
		ok |= subtle.ConstantTimeCompare(want[:], sent[:])
	}
	return verdict(ok)
}

func mac(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write(data)
	return m.Sum(nil)
}

func verdict(ok int) error {
	if ok == 1 {
		return nil
	}
	return errForged
}
