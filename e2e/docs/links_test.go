package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"majordomo.dev/e2e/docs/page"
)

// broken returns what is wrong with the links between pages.
func broken(root fs.FS, all map[string]page.Page) []string {
	var out []string
	for file, p := range all {
		for _, l := range p.Links {
			if strings.Contains(l.Text, "://") || strings.HasPrefix(l.Text, "mailto:") {
				continue
			}
			target, anchor, _ := strings.Cut(l.Text, "#")
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if _, err := fs.Stat(root, to); err != nil {
				out = append(out, fmt.Sprintf("%s:%d: there is no %s", file, l.Line, to))
				continue
			}
			if anchor != "" && !slices.Contains(all[to].Anchors, anchor) {
				out = append(out, fmt.Sprintf("%s:%d: %s has no heading #%s", file, l.Line, to, anchor))
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	fsys := os.DirFS(root)
	all, err := page.All(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d pages, want all", len(all))
	}
	for _, problem := range broken(fsys, all) {
		t.Error(problem)
	}
}

func TestTheIndexLeadsToEveryPage(t *testing.T) {
	all, err := page.All(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for file := range all {
		named := slices.ContainsFunc(all["docs/README.md"].Links, func(l page.Text) bool { return path.Join("docs", l.Text) == file })
		if strings.HasPrefix(file, "docs/") && file != "docs/README.md" && !named {
			t.Errorf("docs/README.md does not lead to %s", file)
		}
	}
}

// filePath is how pages name a file of the repository.
var filePath = regexp.MustCompile(`^(docs|e2e|manifests|overlays|reconciler|jenkins/jenkinstest|\.ci)/[A-Za-z0-9_./-]*$`)

// examples are paths that a reader makes.
var examples = []string{"overlays/staging", "manifests/access/staging"}

func TestEveryFileThatIsNamedExists(t *testing.T) {
	fsys := os.DirFS(root)
	all, err := page.All(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for file, p := range all {
		for _, s := range p.Spans {
			if file == "docs/assurance.md" || !filePath.MatchString(s.Text) || strings.HasSuffix(s.Text, "/...") || slices.Contains(examples, s.Text) {
				continue // that page names tests, which another test looks at
			}
			if _, err := fs.Stat(fsys, strings.TrimSuffix(s.Text, "/")); err != nil {
				t.Errorf("%s:%d: there is no %s", file, s.Line, s.Text)
			}
		}
	}
}

var (
	makeCall = regexp.MustCompile(`^make( .*)?$`)
	goRun    = regexp.MustCompile(`^go run (\./\S+)`)
	applied  = regexp.MustCompile(`^kubectl (?:.* )?-k (\S+)`)
)

// fromRoot returns a path that a page names, by its folder where the path leads upwards.
func fromRoot(file, named string) string {
	if strings.HasPrefix(named, "../") {
		return path.Join(path.Dir(file), named)
	}
	return path.Clean(named)
}

// Commands of majordomo itself are looked at beside its sources, in reconciler.
func TestCommandsNameWhatThereIs(t *testing.T) {
	fsys := os.DirFS(root)
	all, err := page.All(fsys)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := fs.ReadFile(fsys, "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for file, p := range all {
		for _, s := range slices.Concat(p.Spans, p.Code) {
			text, _, _ := strings.Cut(s.Text, " #")
			for _, command := range strings.Split(text, "&&") {
				command = strings.TrimSpace(command)
				if makeCall.MatchString(command) {
					for _, word := range strings.Fields(command)[1:] {
						if !strings.ContainsAny(word, "=.-") && !strings.Contains(string(rules), "\n"+word+":") {
							t.Errorf("%s:%d: make has no %s", file, s.Line, word)
						}
					}
				}
				for _, form := range []*regexp.Regexp{goRun, applied} {
					m := form.FindStringSubmatch(command)
					if m == nil || slices.Contains(examples, m[1]) {
						continue
					}
					if _, err := fs.Stat(fsys, fromRoot(file, m[1])); err != nil {
						t.Errorf("%s:%d: %s: there is no %s", file, s.Line, command, m[1])
					}
				}
			}
		}
	}
}
