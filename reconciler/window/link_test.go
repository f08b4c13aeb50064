package window

import (
	"strings"
	"testing"
)

func TestAddressesOfCommits(t *testing.T) {
	sha := strings.Repeat("3f2c1ab9", 5)
	for repository, want := range map[string]string{
		"https://github.com/acme/fleet.git":             "https://github.com/acme/fleet/commit/" + sha,
		"https://REDACTED@github.com/acme/fleet/":       "https://github.com/acme/fleet/commit/" + sha,
		"ssh://git@GitHub.com:22/acme/fleet.git":        "https://github.com/acme/fleet/commit/" + sha,
		"git@github.com:acme/fleet.git":                 "https://github.com/acme/fleet/commit/" + sha,
		"https://gitlab.com/acme/ops/fleet":             "https://gitlab.com/acme/ops/fleet/-/commit/" + sha,
		"https://bitbucket.org/acme/fleet.git":          "https://bitbucket.org/acme/fleet/commits/" + sha,
		"https://codeberg.org/acme/fleet":               "https://codeberg.org/acme/fleet/commit/" + sha,
		"https://git.acme.example/ops/fleet":            "",
		"https://github.com.evil.example/acme/fleet":    "",
		"https://github.com/acme":                       "",
		"/srv/fleet.git":                                "",
		"":                                              "",
		"javascript:alert(1)//github.com/acme/fleet":    "",
		"https://github.com/acme/fl eet\"><script>.git": "https://github.com/acme/fl%20eet%22%3E%3Cscript%3E/commit/" + sha,
	} {
		if got := CommitURL(repository, sha); got != want {
			t.Errorf("CommitURL(%q) = %q, want %q", repository, got, want)
		}
	}
	for _, hash := range []string{"", "3f2c1ab", strings.Repeat("Z", 40), sha + "/../x"} {
		if got := CommitURL("https://github.com/acme/fleet", hash); got != "" {
			t.Errorf("a hash %q: %q", hash, got)
		}
	}
}
