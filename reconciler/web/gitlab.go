package web

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gitlab: https://docs.gitlab.com/user/project/integrations/webhooks. A secret token comes as it is; a signing token, which newer
// versions have, signs id, time and body in the way of https://www.standardwebhooks.com.
var gitlab = provider{
	name: "gitlab", verify: verifyGitLab, deliveries: []string{"Webhook-Id", "Idempotency-Key", "X-Gitlab-Event-UUID"}, read: readGitLab,
}

// maxAge is how far the time of a signed delivery may be from ours.
const maxAge = 5 * time.Minute

var errOld = errors.New("the delivery is signed for another time; it is old, or a clock is wrong")

func verifyGitLab(h http.Header, body []byte, k keys, now time.Time) error {
	signature, err := single(h, "Webhook-Signature")
	if err != nil {
		return err
	}
	if signature != "" {
		return verifyStandard(h, signature, body, k, now)
	}
	token, err := single(h, "X-Gitlab-Token")
	switch {
	case err != nil:
		return err
	case token == "":
		return errUnsigned
	}
	return k.token(token)
}

// verifyStandard checks a signature list "v1,BASE64 v1,BASE64" over "ID.TIME.BODY".
func verifyStandard(h http.Header, signatures string, body []byte, k keys, now time.Time) error {
	id, err1 := single(h, "Webhook-Id")
	stamp, err2 := single(h, "Webhook-Timestamp")
	if err := firstError(err1, err2); err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" {
		return errForged
	}
	content := append([]byte(id+"."+stamp+"."), body...)
	ok := 0
	for s := range strings.FieldsSeq(signatures) {
		version, text, _ := strings.Cut(s, ",")
		sent, err := base64.StdEncoding.DecodeString(text)
		if version != "v1" || err != nil {
			continue
		}
		for _, s := range k {
			key, _ := signingKey(s.Reveal()) // newKeys has checked
			ok |= subtle.ConstantTimeCompare(mac(key, content), sent)
		}
	}
	if err := verdict(ok); err != nil {
		return err
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return errOld
	}
	return nil
}

func readGitLab(h http.Header, body fields) event {
	var e event
	name := h.Get("X-Gitlab-Event")
	if name == "System Hook" {
		name = body.text("event_name")
	}
	switch name {
	case "Push Hook", "Tag Push Hook", "push", "tag_push":
		e.kind = push
		e.ref(body.text("ref"), body.text("after"))
		e.repositories = append(body.below("project").texts("git_http_url", "git_ssh_url", "web_url"),
			body.below("repository").texts("git_http_url", "git_ssh_url")...)
	}
	return e
}
