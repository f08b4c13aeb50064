package web

import (
	"net/http"
	"time"
)

// gitea is Gitea and Forgejo: https://docs.gitea.com/usage/webhooks, https://forgejo.org/docs/latest/user/webhooks
var gitea = provider{
	name: "gitea", verify: verifyGitea, deliveries: []string{"X-Forgejo-Delivery", "X-Gitea-Delivery"}, read: readGitea,
}

// verifyGitea takes a delivery if it is signed and no signature on it is wrong: one forged beside a good one is no good sign.
func verifyGitea(h http.Header, body []byte, k keys, _ time.Time) error {
	found := false
	for _, name := range []string{"X-Forgejo-Signature", "X-Gitea-Signature"} {
		text, err := single(h, name)
		if err != nil {
			return err
		}
		if text == "" {
			continue
		}
		found = true
		if err := k.hexMAC(body, text); err != nil {
			return err
		}
	}
	if !found {
		return errUnsigned
	}
	if text, err := single(h, "X-Hub-Signature-256"); err != nil || text != "" {
		return firstError(err, k.prefixed(body, text))
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func readGitea(h http.Header, body fields) event {
	name := h.Get("X-Forgejo-Event")
	if name == "" {
		name = h.Get("X-Gitea-Event")
	}
	return readHub(name, body)
}
