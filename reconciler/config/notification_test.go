package config

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const notified = fleetHead + "environments:\n- {name: gke, path: overlays/gke}\n- {name: vagrant, path: overlays/vagrant}\nnotifications:\n"

func TestNotificationsLoad(t *testing.T) {
	fleet, err := ParseFleet("fleet.yaml", []byte(notified+`
- name: team-chat
  slack: {webhookFrom: {file: slack-url}}
  environments: [gke]
  events: [failed, applied]
- name: teams
  teams: {webhookFrom: {file: teams-url}, caFrom: {file: ca.crt}}
- name: discord
  discord: {webhookFrom: {file: discord-url}}
- name: hook
  webhook: {urlFrom: {file: hook-url}, secretFrom: {file: hook-key}}
- name: mail
  email: {server: "smtp.example.com:465", from: majordomo@example.com, to: [ops@example.com], username: majordomo, passwordFrom: {file: smtp}}
- name: local-mail
  email: {server: "localhost:25", tls: none, from: majordomo@example.com, to: [ops@example.com]}
- name: github
  github: {repository: acme/fleet, tokenFrom: {file: github-token}}
- name: gitlab
  gitlab: {repository: acme/ops/fleet, tokenFrom: {file: t}, url: "https://gitlab.example.com/"}
- name: gitea
  gitea: {repository: acme/fleet.git-mirror, tokenFrom: {file: t}, url: "http://127.0.0.1:3000"}
`))
	usual := []string{Failed, Recovered, Held}
	want := []Notification{
		{Name: "team-chat", Kind: Slack, Environments: []string{"gke"}, On: []string{Failed, Applied}, Hook: Hook{URL: "slack-url"}},
		{Name: "teams", Kind: Teams, On: usual, Hook: Hook{URL: "teams-url"}, CA: "ca.crt"},
		{Name: "discord", Kind: Discord, On: usual, Hook: Hook{URL: "discord-url"}},
		{Name: "hook", Kind: Webhook, On: usual, Hook: Hook{URL: "hook-url", Key: "hook-key"}},
		{Name: "mail", Kind: Email, On: usual, Mail: Mail{
			Server: "smtp.example.com:465", TLS: ImplicitTLS, From: "majordomo@example.com", To: []string{"ops@example.com"}, Username: "majordomo", Password: "smtp",
		}},
		{Name: "local-mail", Kind: Email, On: usual, Mail: Mail{Server: "localhost:25", TLS: NoTLS, From: "majordomo@example.com", To: []string{"ops@example.com"}}},
		{Name: "github", Kind: GitHub, Commits: Commits{API: "https://api.github.com", Repository: "acme/fleet", Token: "github-token"}},
		{Name: "gitlab", Kind: GitLab, Commits: Commits{API: "https://gitlab.example.com", Repository: "acme/ops/fleet", Token: "t"}},
		{Name: "gitea", Kind: Gitea, Commits: Commits{API: "http://127.0.0.1:3000", Repository: "acme/fleet.git-mirror", Token: "t"}},
	}
	if diff := cmp.Diff(want, fleet.Notifications); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestNotificationsThatAreWrongAreRefused(t *testing.T) {
	slack := "slack: {webhookFrom: {file: u}}"
	commits := func(kind, fields string) string {
		return "{name: a, " + kind + ": {tokenFrom: {file: t}" + fields + "}}"
	}
	for name, test := range map[string]struct{ entry, want string }{
		"no name":               {"{" + slack + "}", `fleet.yaml:7: .notifications[0].name: is missing`},
		"nowhere":               {"{name: a}", ".notifications[0]: names 0 places to go to; wanted is exactly one of slack,"},
		"two places":            {"{name: a, " + slack + ", teams: {webhookFrom: {file: u}}}", ".notifications[0]: names 2 places to go to"},
		"misspelt":              {"{name: a, slak: {}}", `.notifications[0].slak: unknown field; did you mean "slack"?`},
		"no file":               {"{name: a, slack: {webhookFrom: {}}}", ".notifications[0].slack.webhookFrom.file: is missing; it names a file in the directory of --notify-secrets-dir"},
		"a URL in Git":          {"{name: a, slack: {webhook: 'https://hooks.slack.com/x'}}", ".notifications[0].slack.webhook: unknown field"},
		"a path":                {"{name: a, slack: {webhookFrom: {file: ../git/token}}}", `.notifications[0].slack.webhookFrom.file: "../git/token" is no plain file name`},
		"dots":                  {"{name: a, slack: {webhookFrom: {file: ..data}}}", `is no plain file name`},
		"unknown environment":   {"{name: a, " + slack + ", environments: [gkee]}", `.notifications[0].environments[0]: no environment "gkee" in the fleet; did you mean "gke"?`},
		"environment twice":     {"{name: a, " + slack + ", environments: [gke, gke]}", `.notifications[0].environments[1]: "gke" is there twice`},
		"no environments":       {"{name: a, " + slack + ", environments: []}", ".notifications[0].environments: is empty; name at least one environment"},
		"unknown event":         {"{name: a, " + slack + ", events: [fail]}", `.notifications[0].events[0]: is "fail"; allowed: failed, recovered, held, applied, fight, pool, jenkins`},
		"event twice":           {"{name: a, " + slack + ", events: [failed, failed]}", `.notifications[0].events[1]: "failed" is there twice`},
		"no events":             {"{name: a, " + slack + ", events: []}", ".notifications[0].events: is empty"},
		"events of commits":     {"{name: a, github: {repository: a/b, tokenFrom: {file: t}}, events: [failed]}", ".notifications[0].events: has no meaning for the status of commits"},
		"quiet without cron":    {"{name: a, " + slack + ", quiet: [{duration: 1h}]}", ".notifications[0].quiet[0].cron: has not five fields; wanted: minute hour day month weekday"},
		"quiet by a short form": {"{name: a, " + slack + ", quiet: [{cron: '@daily', duration: 1h}]}", ".notifications[0].quiet[0].cron: has not five fields"},
		"quiet by a bad cron":   {"{name: a, " + slack + ", quiet: [{cron: '99 20 * * *', duration: 1h}]}", ".notifications[0].quiet[0].cron: "},
		"quiet with a zone in":  {"{name: a, " + slack + ", quiet: [{cron: 'TZ=UTC 0 20 * *', duration: 1h}]}", ".notifications[0].quiet[0].cron: has not five fields"},
		"quiet nowhere":         {"{name: a, " + slack + ", quiet: [{cron: '0 20 * * *', duration: 1h, timezone: Europe/Berlinn}]}", ".notifications[0].quiet[0].timezone: "},
		"quiet for ever":        {"{name: a, " + slack + ", quiet: [{cron: '0 20 * * *', duration: 73h}]}", ".notifications[0].quiet[0].duration: is \"73h\"; allowed are values such as 11h or 30m, up to 72h0m0s"},
		"quiet for no time":     {"{name: a, " + slack + ", quiet: [{cron: '0 20 * * *', duration: 0s}]}", ".notifications[0].quiet[0].duration: "},
		"no key":                {"{name: a, webhook: {urlFrom: {file: u}}}", ".notifications[0].webhook.secretFrom.file: is missing"},
		"repository":            {commits("github", ", repository: 'https://github.com/a/b'"), ".notifications[0].github.repository: is \"https://github.com/a/b\"; allowed is OWNER/NAME"},
		"repository with query": {commits("github", ", repository: 'a/b?x'"), "allowed is OWNER/NAME"},
		"repository going up":   {commits("gitlab", ", repository: 'a/../b'"), "allowed is OWNER/NAME"},
		"no URL of Gitea":       {commits("gitea", ", repository: a/b"), ".notifications[0].gitea.url: is missing; it is that of the Gitea server"},
		"http":                  {commits("github", ", repository: a/b, url: 'http://git.example.com'"), ".notifications[0].github.url: is http, which anybody on the way can read"},
		"user and password":     {commits("github", ", repository: a/b, url: 'https://u:canary@git.example.com'"), ".notifications[0].github.url: holds a user or password"},
		"metadata":              {commits("github", ", repository: a/b, url: 'https://169.254.169.254'"), "has the host 169.254.169.254, which is link-local"},
		"metadata by name":      {commits("github", ", repository: a/b, url: 'https://Metadata.google.internal.'"), "has the host metadata.google.internal, which is"},
		"an address as number":  {commits("github", ", repository: a/b, url: 'https://0x7f000001'"), "another way to write an address"},
		"query":                 {commits("github", ", repository: a/b, url: 'https://git.example.com/?x=1'"), "has a query"},
		"fragment":              {commits("github", ", repository: a/b, url: 'https://git.example.com/#x'"), "has a fragment"},
		"scheme":                {commits("github", ", repository: a/b, url: 'file:///etc/passwd'"), "does not begin with https://"},
	} {
		t.Run(name, func(t *testing.T) { refuseNotification(t, test.entry, test.want) })
	}
	twice := "- {name: a, " + slack + "}\n- {name: a, " + slack + "}\n"
	if _, err := ParseFleet("fleet.yaml", []byte(notified+twice)); err == nil || !strings.Contains(err.Error(), `fleet.yaml:8: .notifications[1].name: "a" is also the name of notifications[0]; names are unique`) {
		t.Errorf("a name twice: %v", err)
	}
	var b strings.Builder
	for i := range MaxNotifications + 1 {
		fmt.Fprintf(&b, "- {name: n%d, %s}\n", i, slack)
	}
	if _, err := ParseFleet("fleet.yaml", []byte(notified+b.String())); err == nil || !strings.Contains(err.Error(), ".notifications: has 21 entries; allowed are up to 20") {
		t.Errorf("21 notifications: %v", err)
	}
}

func TestMailThatIsWrongIsRefused(t *testing.T) {
	mail := func(fields string) string {
		return "{name: a, email: {from: a@b.example, to: [c@d.example]" + fields + "}}"
	}
	many := strings.Repeat("c@d.example,", 21)
	for name, test := range map[string]struct{ entry, want string }{
		"no port":               {mail(", server: smtp.example.com"), `.notifications[0].email.server: is "smtp.example.com"; allowed is HOST:PORT`},
		"mail in the clear":     {mail(", server: 'smtp.example.com:25', tls: none"), ".notifications[0].email.tls: is none, which would send letters and password in the clear"},
		"tls":                   {mail(", server: 'smtp.example.com:25', tls: ssl"), `.notifications[0].email.tls: is "ssl"; allowed: starttls, implicit, none`},
		"user without password": {mail(", server: 'smtp.example.com:25', username: u"), ".notifications[0].email: has one of username and passwordFrom"},
		"metadata by mail":      {mail(", server: '169.254.169.254:25'"), ".notifications[0].email.server: has the host 169.254.169.254"},
		"no recipient":          {"{name: a, email: {server: 'h:25', from: a@b.example}}", ".notifications[0].email.to: has 0 addresses; allowed are 1 to 20"},
		"many recipients":       {"{name: a, email: {server: 'h:25', from: a@b.example, to: [" + many + "]}}", ".notifications[0].email.to: has 21 addresses"},
		"a header in a sender":  {`{name: a, email: {server: 'h:25', from: "a@b.example\r\nBcc: x@y.example", to: [c@d.example]}}`, ".notifications[0].email.from: \"a@b.example\\r\\nBcc: x@y.example\" is no e-mail address"},
		"a header in a recipient": {
			`{name: a, email: {server: 'h:25', from: a@b.example, to: ["c@d.example>\r\nDATA"]}}`, ".notifications[0].email.to[0]: ",
		},
		"a name in a sender": {`{name: a, email: {server: 'h:25', from: "Ops <a@b.example>", to: [c@d.example]}}`, "allowed is NAME@HOST alone"},
	} {
		t.Run(name, func(t *testing.T) { refuseNotification(t, test.entry, test.want) })
	}
}

func refuseNotification(t *testing.T, entry, want string) {
	t.Helper()
	_, err := ParseFleet("fleet.yaml", []byte(notified+"- "+entry+"\n"))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
		t.Errorf("%s\ngives %v\nwant %s", entry, err, want)
	}
}

func TestTheExampleOfThePageIsRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/notifications.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\nnotifications:\n")
	example, _, found := strings.Cut(rest, "```\n")
	fleet, err := ParseFleet("docs/notifications.md", []byte(notified+example))
	if !found || err != nil || len(fleet.Notifications) < 6 {
		t.Errorf("%d notifications, %v", len(fleet.Notifications), err)
	}
}

func TestHostsThatMayBeToldSecrets(t *testing.T) {
	for repo, want := range map[string]string{
		"https://git.example.com/a/b": "git.example.com", "git@git.example.com:a/b": "git.example.com", "ssh://git@git.example.com:22/a": "git.example.com", "/srv/git": "",
	} {
		o := Options{Repo: repo}
		if got := strings.Join(o.Trusted(), " "); got != want {
			t.Errorf("Trusted of %s: %q, want %q", repo, got, want)
		}
	}
}

func TestOptionsOfNotificationsAreChecked(t *testing.T) {
	for name, test := range map[string]struct{ setting, value, want string }{
		"a URL as host":         {"notify-hosts", "https://git.example.com", `notify-hosts: "https://git.example.com" is no host`},
		"a port":                {"notify-hosts", "git.example.com:443", "is no host"},
		"metadata":              {"notify-hosts", "169.254.169.254", "is no host"},
		"hosts":                 {"notify-hosts", "git.example.com,127.0.0.1,::1", ""},
		"dashboard of nowhere":  {"dashboard-url", "majordomo.example.com", "dashboard-url: is no address of a page"},
		"dashboard with script": {"dashboard-url", "javascript:alert(1)", "dashboard-url: is no address of a page"},
		"dashboard":             {"dashboard-url", "https://majordomo.example.com/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := Default()
			o.Repo = "/srv/git"
			if err := o.Set(test.setting, test.value); err != nil {
				t.Fatal(err)
			}
			err := o.Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
