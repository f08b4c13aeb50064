package web

import (
	"net/url"
	"strings"
)

// ports are those that a URL need not name.
var ports = map[string]string{"http": "80", "https": "443", "ssh": "22", "git": "9418"}

// normal brings a repository's URL to the form in which two are compared, character by character: "host/path" in lower case without
// scheme, user, default port and ".git". It is "" for what is no URL of a server.
func normal(text string) string {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
	if !ok {
		return short(text)
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Hostname() == "" || ports[u.Scheme] == "" {
		return ""
	}
	host := u.Hostname()
	if p := u.Port(); p != "" && p != ports[u.Scheme] {
		host += ":" + p
	}
	return join(host, u.Path)
}

// short reads ssh's "user@host:path".
func short(text string) string {
	host, path, ok := strings.Cut(text, ":")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = host[i+1:]
	}
	if !ok || host == "" || strings.Contains(host, "/") {
		return ""
	}
	return join(host, path)
}

func join(host, path string) string {
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if path == "" {
		return ""
	}
	return strings.ToLower(host + "/" + path)
}
