package render

import (
	"path"
	"regexp"
	"strings"
)

// remote matches whatever kustomize would take for a URL, a git repository or its shorthands: a scheme or host before a colon, a
// user before an @, a query, github.com.
var remote = regexp.MustCompile(`(?i)^([a-z0-9.+_-]+:|[a-z0-9._-]+@|github\.com/)|://|\?|_git/`)

// local checks that an entry names something inside the tree, and returns its path from the root.
func (k *kustomization) local(entry string, at ...any) (string, bool) {
	p := path.Join(k.dir, entry)
	switch {
	case entry == "":
		k.refuse(at, "is empty; allowed are paths inside the repository")
	case remote.MatchString(entry):
		k.refuse(at, "%q is remote; a build uses the files of the commit and nothing else: copy it into the repository", entry)
	case path.IsAbs(entry):
		k.refuse(at, "%q is absolute; allowed are paths relative to %s", entry, k.dir)
	case p == ".." || strings.HasPrefix(p, "../"):
		k.refuse(at, "%q leaves the repository; allowed are paths inside it", entry)
	case strings.ContainsAny(entry, "\\\n\r\t\x00"):
		k.refuse(at, "%q has a backslash or control character; folders are separated by /", entry)
	default:
		return p, true
	}
	return "", false
}

// localFile checks that an entry names a file in or below the folder of the kustomization, as kustomize requires.
func (k *kustomization) localFile(entry string, at ...any) (string, bool) {
	p, ok := k.local(entry, at...)
	if !ok {
		return "", false
	}
	if k.dir != "." && !strings.HasPrefix(p, k.dir+"/") {
		k.refuse(at, "%q is outside the folder of this kustomization; kustomize reads files only from there: move it, or make a kustomization of its folder and list that as a resource", entry)
		return "", false
	}
	switch k.reads.at(p) {
	case absent:
		k.refuse(at, "%s", k.reads.missing(p, "there is no such file"))
		return "", false
	case folder:
		k.refuse(at, "%q is a folder; allowed are files", entry)
		return "", false
	}
	return p, true
}

// relativeTo gives a path of the tree as it is seen from the kustomization.
func (k *kustomization) relativeTo(p string) string {
	from, to := strings.Split(k.dir, "/"), strings.Split(p, "/")
	if k.dir == "." {
		from = nil
	}
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		from, to = from[1:], to[1:]
	}
	return path.Clean(strings.Repeat("../", len(from)) + strings.Join(to, "/"))
}
