package notify

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/status"
)

type object = map[string]any

// hook returns the request that brings a message to a chat or webhook.
func (p Place) hook(n config.Notification, m notice.Message) (call, error) {
	u, err := p.secret(n.Hook.URL)
	if err != nil {
		return call{}, err
	}
	c := call{url: u.Reveal()}
	link := p.link(m.Environment, m.Pool)
	switch n.Kind {
	case config.Slack:
		c.body = slackBody(m, link)
	case config.Teams:
		c.body = teamsBody(m, link)
	case config.Discord:
		c.body = discordBody(m, link)
	case config.Webhook:
		key, err := p.secret(n.Hook.Key)
		if err != nil {
			return call{}, err
		}
		return signed(c, key, m, link, p.now())
	}
	return c, nil
}

// icons stand before titles, for those who tell by shape, and read out by screen readers.
var icons = map[notice.Severity]string{notice.Error: "🔴", notice.Warning: "🟠", notice.Info: "🟢"}

func titled(m notice.Message) string { return icons[m.Severity] + " " + m.Title }

// slackEscape is what Slack asks of all texts; no mention, channel or link comes through it.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackText escapes a text and keeps it within a limit, which counts after escaping.
func slackText(text string, limit int) string {
	for n := limit; ; n = n * 3 / 4 {
		if out := slackEscape.Replace(status.Clean(text, n)); len(out) <= limit {
			return out
		}
	}
}

// slackBody is the payload of an incoming webhook of Slack. Texts are plain_text, in which nothing is formatted.
func slackBody(m notice.Message, link string) object {
	plain := func(text string, limit int) object {
		return object{"type": "plain_text", "text": slackText(text, limit), "emoji": false}
	}
	blocks := []object{{"type": "header", "text": plain(titled(m), 150)}}
	if m.Text != "" {
		blocks = append(blocks, object{"type": "section", "text": plain(m.Text, 3000)})
	}
	if link != "" {
		blocks = append(blocks, object{"type": "context", "elements": []object{{"type": "mrkdwn", "text": "<" + slackEscape.Replace(link) + "|Open the dashboard>"}}})
	}
	return object{"text": slackText(titled(m), 300), "mrkdwn": false, "unfurl_links": false, "unfurl_media": false, "blocks": blocks}
}

// slackAnswer judges an answer of Slack, which says ok with a status of 200.
func slackAnswer(a answer, now time.Time) error {
	if a.status == http.StatusOK && strings.TrimSpace(string(a.body)) != "ok" {
		return finally("the answer is not that of Slack: %s", a.text())
	}
	return a.judge(now)
}

// teamsBody is the payload for a workflow of Teams that posts what a webhook brings. Texts are runs, in which nothing is formatted.
func teamsBody(m notice.Message, link string) object {
	colours := map[notice.Severity]string{notice.Error: "attention", notice.Warning: "warning", notice.Info: "good"}
	run := func(text string, more object) object {
		r := object{"type": "TextRun", "text": text}
		for k, v := range more {
			r[k] = v
		}
		return object{"type": "RichTextBlock", "inlines": []object{r}}
	}
	card := object{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "msteams": object{"width": "Full"},
		"body": []object{run(status.Clean(titled(m), 300), object{"weight": "bolder", "size": "medium", "color": colours[m.Severity]}), run(m.Text, nil)},
	}
	if link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": "Open the dashboard", "url": link}}
	}
	return object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}}
}

// discordBody is the payload of a webhook of Discord. In an embed nobody is pinged; allowed_mentions says so for all of it.
func discordBody(m notice.Message, link string) object {
	colours := map[notice.Severity]int{notice.Error: 0xd13438, notice.Warning: 0xf7a600, notice.Info: 0x2e8b57}
	embed := object{
		"title": discordText(titled(m), 256), "description": discordText(m.Text, 2000), "color": colours[m.Severity],
		"timestamp": m.At.UTC().Format(time.RFC3339),
	}
	if link != "" {
		embed["url"] = link
	}
	return object{"username": "Majordomo", "embeds": []object{embed}, "allowed_mentions": object{"parse": []string{}}}
}

// discordText escapes what Discord would take for formatting, and keeps the text within a limit, which counts after escaping.
func discordText(text string, limit int) string {
	escape := func(text string) string {
		var b strings.Builder
		for _, r := range text {
			if strings.ContainsRune("\\*_~`|>#[]()<@:-+", r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	for n := limit; ; n = n * 3 / 4 {
		if out := escape(status.Clean(text, n)); len(out) <= limit {
			return out
		}
	}
}

// discordAnswer judges an answer of Discord, which says in the body when to come back.
func discordAnswer(a answer, now time.Time) error {
	err := a.judge(now)
	var limit struct {
		After float64 `json:"retry_after"`
	}
	if f, ok := err.(*failure); ok && a.status == http.StatusTooManyRequests && f.after == 0 && json.Unmarshal(a.body, &limit) == nil { //nolint:errorlint // judge returns it bare
		f.after = min(time.Duration(min(max(limit.After, 0), 1e6)*float64(time.Second)), patience)
	}
	return err
}
