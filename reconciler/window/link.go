package window

import (
	"net/url"
	"regexp"
	"strings"
)

// forges are the hosts whose addresses of commits are known, with what stands between the repository and the commit.
var forges = map[string]string{"github.com": "/commit/", "gitlab.com": "/-/commit/", "bitbucket.org": "/commits/", "codeberg.org": "/commit/"}

// scp is the form of an address that ssh has: git@github.com:acme/fleet.git.
var scp = regexp.MustCompile(`^(?:[\w.-]+@)?([\w.-]+):([^:/].*)$`)

var revision = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// CommitURL returns the address of a commit on the web, "" where that is not known.
func CommitURL(repository, hash string) string {
	host, path := "", ""
	if u, err := url.Parse(repository); err == nil && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if m := scp.FindStringSubmatch(repository); m != nil {
		host, path = m[1], m[2]
	}
	between, known := forges[strings.ToLower(host)]
	path = strings.Trim(strings.TrimSuffix(strings.TrimRight(path, "/"), ".git"), "/")
	if !known || !strings.Contains(path, "/") || !revision.MatchString(hash) {
		return ""
	}
	return (&url.URL{Scheme: "https", Host: strings.ToLower(host), Path: "/" + path + between + hash}).String()
}
