package web

import "net/http"

// bitbucket is Bitbucket Cloud and Data Center: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads,
// https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
var bitbucket = provider{
	name: "bitbucket", verify: signed("X-Hub-Signature"), deliveries: []string{"X-Request-UUID", "X-Request-Id"}, read: readBitbucket,
}

func readBitbucket(h http.Header, body fields) event {
	e := event{repositories: bitbucketURLs(body.below("repository"))}
	switch h.Get("X-Event-Key") {
	case "diagnostics:ping":
		e.kind = ping
	case "repo:push": // Cloud
		e.kind = push
		for _, c := range body.list("push", "changes") {
			if after := c.below("new"); after != nil {
				e.ref(fullRef(after), "")
			} else if before := c.below("old"); before != nil {
				e.gone = append(e.gone, fullRef(before))
			}
		}
	case "repo:refs_changed": // Data Center
		e.kind = push
		for _, c := range body.list("changes") {
			e.ref(c.text("ref", "id"), c.text("toHash"))
		}
	}
	return e
}

// fullRef names a branch or tag of Bitbucket Cloud as Git does.
func fullRef(f fields) string {
	name := f.text("name")
	switch {
	case name == "":
		return ""
	case f.text("type") == "tag":
		return "refs/tags/" + name
	}
	return "refs/heads/" + name
}

func bitbucketURLs(repository fields) []string {
	urls := repository.below("links", "html").texts("href")
	for _, l := range repository.list("links", "clone") {
		urls = append(urls, l.texts("href")...)
	}
	return urls
}
