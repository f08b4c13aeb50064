package notify

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/secret"
)

func TestSlackGetsPlainTextInBlocks(t *testing.T) {
	s := serve(t, reply{200, map[string]string{"Content-Type": "text/html"}, "ok"})
	p, n := s.chat(config.Slack)
	if err := send(t, p, n); err != nil {
		t.Fatal(err)
	}
	var got any
	r := s.last(&got)
	want := object{
		"text": "🔴 gke: failed", "mrkdwn": false, "unfurl_links": false, "unfurl_media": false,
		"blocks": []any{
			object{"type": "header", "text": object{"type": "plain_text", "emoji": false, "text": "🔴 gke: failed"}},
			object{"type": "section", "text": object{
				"type": "plain_text", "emoji": false,
				"text": `@everyone &lt;!channel&gt; &lt;https://evil.example|click&gt; [click](https://evil.example) *bold* &amp; "quoted" &lt;at&gt;you&lt;/at&gt;`,
			}},
			object{"type": "context", "elements": []any{object{"type": "mrkdwn", "text": "<https://majordomo.example.com/environments/gke|Open the dashboard>"}}},
		},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.method != http.MethodPost || r.uri != secretPath || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %v", r.method, r.uri, r.header)
	}
}

func TestSlackTextsStayWithinItsLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("<", 5000), strings.Repeat("ü", 5000), strings.Repeat("x", 5000)} {
		for _, limit := range []int{150, 3000} {
			if got := slackText(text, limit); len(got) > limit || len(got) < limit/3 {
				t.Errorf("%d bytes of %.5s…, want up to %d", len(got), text, limit)
			}
		}
	}
}

func TestTeamsGetsAnAdaptiveCardOfTextRuns(t *testing.T) {
	s := serve(t, reply{status: 202})
	p, n := s.chat(config.Teams)
	if err := send(t, p, n); err != nil {
		t.Fatal(err)
	}
	var got any
	s.last(&got)
	want := object{"type": "message", "attachments": []any{object{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": object{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "msteams": object{"width": "Full"},
			"body": []any{
				object{"type": "RichTextBlock", "inlines": []any{object{"type": "TextRun", "text": "🔴 gke: failed", "weight": "bolder", "size": "medium", "color": "attention"}}},
				object{"type": "RichTextBlock", "inlines": []any{object{"type": "TextRun", "text": hostile}}},
			},
			"actions": []any{object{"type": "Action.OpenUrl", "title": "Open the dashboard", "url": "https://majordomo.example.com/environments/gke"}},
		},
	}}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiscordPingsNobodyAndFormatsNothing(t *testing.T) {
	s := serve(t, reply{status: 204})
	p, n := s.chat(config.Discord)
	if err := send(t, p, n); err != nil {
		t.Fatal(err)
	}
	var got any
	s.last(&got)
	want := object{
		"username": "Majordomo", "allowed_mentions": object{"parse": []any{}}, "embeds": []any{object{
			"title": `🔴 gke\: failed`, "color": float64(0xd13438), "timestamp": "2026-03-02T12:00:00Z", "url": "https://majordomo.example.com/environments/gke",
			"description": `\@everyone \<!channel\> \<https\://evil.example\|click\> \[click\]\(https\://evil.example\) \*bold\* & "quoted" \<at\>you\</at\>`,
		}},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := discordText(strings.Repeat("*", 5000), 2000); len(got) > 2000 || len(got) < 1000 {
		t.Errorf("a description of %d bytes", len(got))
	}
}

func TestAWebhookIsSignedWithItsTime(t *testing.T) {
	s := serve(t, reply{status: 200})
	p, n := s.chat(config.Webhook)
	if err := send(t, p, n); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	r := s.last(&got)
	id, _ := got["id"].(string)
	want := map[string]any{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "Notification", "id": id, "sent": "2026-03-02T12:00:00Z", "event": "failed", "severity": "error",
		"environment": "gke", "revision": strings.Repeat("a", 40), "title": "gke: failed", "text": hostile, "at": "2026-03-02T12:00:00Z",
		"url": "https://majordomo.example.com/environments/gke",
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(id, "msg_") {
		t.Errorf("(-want +got):\n%s", diff)
	}
	key := secret.New(strings.Repeat("k", 32))
	for name, want := range map[string]string{
		"X-Signature": "sha256=" + hex.EncodeToString(mac(key, r.body)), "X-Delivery-Id": id, "X-Timestamp": "1772452800",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestLinksLeadToThePageAboutIt(t *testing.T) {
	p := Place{Dashboard: "https://host/majordomo/"}
	for _, test := range []struct{ env, pool, want string }{
		{"gke", "", "https://host/majordomo/environments/gke"},
		{"gke", "gke/ci/linux", "https://host/majordomo/pools/gke/ci/linux"},
		{"", "", "https://host/majordomo/"},
	} {
		if got := p.link(test.env, test.pool); got != test.want {
			t.Errorf("link(%q, %q) = %s, want %s", test.env, test.pool, got, test.want)
		}
	}
	if got := (Place{}).link("gke", ""); got != "" {
		t.Errorf("without a dashboard the link is %s", got)
	}
}

// TestAnswersOfTheServices gives the answers that the services give, and wants why, whether for good, and when to try again.
func TestAnswersOfTheServices(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		answer reply
		want   string // "" for taken
		final  bool
		after  time.Duration
	}{
		"slack takes it":              {config.Slack, reply{200, nil, "ok"}, "", false, 0},
		"slack, payload refused":      {config.Slack, reply{400, nil, "invalid_payload"}, "the answer is 400 Bad Request: invalid_payload", true, 0},
		"slack, webhook gone":         {config.Slack, reply{404, nil, "no_service"}, "the answer is 404 Not Found: no_service", true, 0},
		"slack, channel archived":     {config.Slack, reply{410, nil, "channel_is_archived"}, "the answer is 410 Gone: channel_is_archived", true, 0},
		"slack, action prohibited":    {config.Slack, reply{403, nil, "action_prohibited"}, "the answer is 403 Forbidden: action_prohibited", true, 0},
		"slack, too many":             {config.Slack, reply{429, map[string]string{"Retry-After": "30"}, "rate_limited"}, "429 Too Many Requests", false, 30 * time.Second},
		"slack, own fault":            {config.Slack, reply{500, nil, "rollup_error"}, "the answer is 500 Internal Server Error: rollup_error", false, 0},
		"a captive portal":            {config.Slack, reply{200, nil, "<html>log in</html>"}, "the answer is not that of Slack: <html>log in</html>", true, 0},
		"teams takes it":              {config.Teams, reply{202, nil, ""}, "", false, 0},
		"teams, workflow is off":      {config.Teams, reply{400, nil, `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"off"}}`}, "WorkflowTriggerIsNotEnabled", true, 0},
		"teams, too many":             {config.Teams, reply{429, map[string]string{"Retry-After": "Mon, 02 Mar 2026 12:01:00 GMT"}, ""}, "429", false, time.Minute},
		"discord takes it":            {config.Discord, reply{204, nil, ""}, "", false, 0},
		"discord, too many":           {config.Discord, reply{429, nil, `{"message": "You are being rate limited.", "retry_after": 1.5, "global": false}`}, "rate limited", false, 1500 * time.Millisecond},
		"discord, too many, in head":  {config.Discord, reply{429, map[string]string{"Retry-After": "2"}, `{"retry_after": 1.5}`}, "429", false, 2 * time.Second},
		"discord, unknown webhook":    {config.Discord, reply{404, nil, `{"message": "Unknown Webhook", "code": 10015}`}, "Unknown Webhook", true, 0},
		"webhook, away for a while":   {config.Webhook, reply{503, map[string]string{"Retry-After": "7"}, ""}, "the answer is 503 Service Unavailable", false, 7 * time.Second},
		"webhook, Retry-After absurd": {config.Webhook, reply{503, map[string]string{"Retry-After": "1e300"}, ""}, "503", false, patience},
		"webhook, redirect":           {config.Webhook, reply{308, map[string]string{"Location": "https://elsewhere.example/canary"}, ""}, "the answer is a redirect to elsewhere.example, which is not followed; put the final URL in its place", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answer)
			p, n := s.chat(test.kind)
			err := send(t, p, n)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f, ok := err.(*failure) //nolint:errorlint // it is what callers get
			if !ok || !strings.Contains(f.text, test.want) || f.final != test.final || f.after != test.after {
				t.Errorf("error %+v, want %q, final %v, after %s", err, test.want, test.final, test.after)
			}
			if len(s.requests()) != 1 {
				t.Errorf("%d requests", len(s.requests()))
			}
		})
	}
}

func TestMessagesForEverySeverityAreBuilt(t *testing.T) {
	for _, severity := range []notice.Severity{notice.Info, notice.Warning, notice.Error} {
		m := notice.Message{Severity: severity, Title: "t"}
		if titled(m) == " t" {
			t.Errorf("severity %s has no icon", severity)
		}
	}
}
