package web

import (
	"net/http"
	"time"
)

// github: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
var github = provider{name: "github", verify: verifyGitHub, deliveries: []string{"X-GitHub-Delivery"}, read: readGitHub}

func verifyGitHub(h http.Header, body []byte, k keys, now time.Time) error {
	if h.Get("X-Hub-Signature-256") == "" && h.Get("X-Hub-Signature") != "" {
		return errSHA1
	}
	return signed("X-Hub-Signature-256")(h, body, k, now)
}

func readGitHub(h http.Header, body fields) event { return readHub(h.Get("X-GitHub-Event"), body) }

// readHub reads the form of GitHub's push, which Gitea and Forgejo share.
func readHub(name string, body fields) event {
	var e event
	switch name {
	case "ping":
		e.kind = ping
	case "push":
		e.kind = push
		e.ref(body.text("ref"), body.text("after"))
		e.repositories = body.below("repository").texts("clone_url", "ssh_url", "git_url", "html_url")
	}
	return e
}
