package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/secret"
)

// minKey is the shortest secret that signs, in bytes.
const minKey = 32

// payload is what a webhook of anybody's own gets.
type payload struct {
	APIVersion  string          `json:"apiVersion"` // majordomo.dev/v1alpha1
	Kind        string          `json:"kind"`       // Notification
	ID          string          `json:"id"`
	Sent        time.Time       `json:"sent"` // refuse what is older than some minutes
	Event       string          `json:"event"`
	Severity    notice.Severity `json:"severity"`
	Environment string          `json:"environment,omitempty"`
	Pool        string          `json:"pool,omitempty"`
	Revision    string          `json:"revision,omitempty"`
	Title       string          `json:"title"`
	Text        string          `json:"text"`
	At          time.Time       `json:"at"`
	URL         string          `json:"url,omitempty"` // of the page about it
}

// signed is the request to a webhook, signed as the webhooks are that Majordomo takes itself: over the body, which has the time in it, so
// that nobody can send it again later.
func signed(c call, key secret.String, m notice.Message, link string, now time.Time) (call, error) {
	id := "msg_" + rand.Text()
	body, err := json.Marshal(payload{
		APIVersion: "majordomo.dev/v1alpha1", Kind: "Notification", ID: id, Sent: now.UTC(), Event: m.Event, Severity: m.Severity,
		Environment: m.Environment, Pool: m.Pool, Revision: m.Revision, Title: m.Title, Text: m.Text, At: m.At.UTC(), URL: link,
	})
	if err != nil {
		return call{}, fmt.Errorf("no JSON: %w", err)
	}
	c.body, c.hide = body, []string{key.Reveal()}
	c.header = map[string]string{
		"X-Signature": "sha256=" + hex.EncodeToString(mac(key, body)), "X-Delivery-Id": id, "X-Timestamp": strconv.FormatInt(now.Unix(), 10),
	}
	return c, nil
}

func mac(key secret.String, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = h.Write(body)
	return h.Sum(nil)
}
