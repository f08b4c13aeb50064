package web

import (
	"errors"
	"net/http"
	"time"
)

// provider is how one kind of Git server signs and says what happened.
type provider struct {
	name string
	// verify checks the body, unread, against the secrets.
	verify func(h http.Header, body []byte, k keys, now time.Time) error
	// deliveries are the headers that name a delivery, the first that is there counts.
	deliveries []string
	// read says what happened. It is called with verified bodies only.
	read func(h http.Header, body fields) event
}

// Why a delivery has no provider.
var (
	errNobody  = errors.New("not a webhook of GitHub, GitLab, Gitea, Forgejo or Bitbucket, and no header X-Signature")
	errSeveral = errors.New("headers of two kinds of Git server at once")
)

// identify tells the provider by its headers. Gitea and Forgejo send GitHub's headers beside their own; otherwise those of two
// providers contradict each other.
func identify(h http.Header) (provider, error) {
	has := func(names ...string) bool {
		for _, n := range names {
			if len(h.Values(n)) > 0 {
				return true
			}
		}
		return false
	}
	var found []provider
	if has("X-Gitea-Event", "X-Gitea-Signature", "X-Forgejo-Event", "X-Forgejo-Signature") {
		found = append(found, gitea)
	} else if has("X-GitHub-Event", "X-Hub-Signature-256") {
		found = append(found, github)
	}
	if has("X-Gitlab-Event", "X-Gitlab-Token", "Webhook-Signature") {
		found = append(found, gitlab)
	}
	if has("X-Event-Key") {
		found = append(found, bitbucket)
	}
	if has("X-Signature") {
		found = append(found, generic)
	}
	switch len(found) {
	case 0:
		return provider{name: "unknown"}, errNobody
	case 1:
		return found[0], nil
	}
	return provider{name: "unknown"}, errSeveral
}

// delivery returns what the sender calls this delivery, "" if it says nothing.
func (p provider) delivery(h http.Header) string {
	for _, name := range p.deliveries {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// signed returns a provider's check of one header of the form "sha256=HEX".
func signed(header string) func(http.Header, []byte, keys, time.Time) error {
	return func(h http.Header, body []byte, k keys, _ time.Time) error {
		text, err := single(h, header)
		if err != nil {
			return err
		}
		return k.prefixed(body, text)
	}
}
