package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// hostile are texts that others may have written.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title><svg onload=alert(1)>`, `{{.Secret}}`, `javascript:alert(1)`,
	"\x1b[31mred\x1b[0m\nsecond line", "<!--", "]]>", "<base href=//evil.example>", `<meta http-equiv="refresh" content="0;url=//evil.example">`, "a\u202eb",
}

// written is a state all of whose texts are one.
func written(text string) window.State {
	name := strings.NewReplacer("/", "_").Replace(text) // no name has a slash
	return window.State{
		At: noon, Program: window.Program{Version: text, Revision: text, Leader: true, Alive: text, Phases: []window.Phase{{Name: text}}},
		Source: window.Source{URL: text, Ref: text, Revision: text, Error: text, Commit: &window.Commit{Author: text, Subject: text, URL: text}},
		Environments: []window.Environment{{
			Name: name, Cluster: text, Path: text, State: text, Reason: text, Revision: text, Commit: &window.Commit{Subject: text, URL: text},
			Drift: &status.Drift{Object: text, Manager: text}, Held: &status.Held{Hash: text, Reason: text, Objects: []string{text}},
			Fights: []status.Fight{{Object: text, Manager: text, Fields: []string{text}}}, History: []status.Past{{Revision: text, Result: text}},
			Checks: []status.Condition{{Type: text, Status: text, Reason: text, Message: text}},
		}},
		Pools: []window.Pool{{
			Environment: name, Namespace: name, Name: name, Target: text, Jenkins: text, Labels: []string{text}, Priority: text, State: text, Reason: text,
			Floor: &window.Floor{Reason: text}, NotUp: text, NotDown: text,
			Decision: &window.Decision{
				Reason: text, Terms: []window.Term{{Name: text, Reason: text}}, Limits: []window.Limit{{Name: text, Reason: text}},
				Gates: []window.Gate{{Name: text, Reason: text}}, Next: &noon, Why: text,
			},
			Agents: []window.Agent{{Name: text, Node: text, State: text, Build: text, Reason: text}}, Unmatched: []window.Unmatched{{Label: text, Why: text}},
			History: []window.Change{{Reason: text}}, Rollout: &window.Rollout{Phase: text, Reason: text}, Checks: []window.Check{{Type: text, Message: text}},
		}},
		Masters: []window.Master{{Environment: text, URL: text, Version: text, Reason: text}},
	}
}

// assets are names as the bundle has them.
var assets = &Assets{Script: "/assets/app-1.js", Style: "/assets/app-1.css", Theme: "/assets/theme-1.js", Icon: "/assets/icon-1.svg", Files: http.NotFoundHandler()}

func dressed(o *Options) { o.Assets = assets }

// paths are those of all pages about the first environment and pool of a state.
func paths(s window.State) []string {
	out := []string{"/", "/history", "/health", "/login", "/environments/nothing", "/pools/a/b/nothing"}
	if len(s.Environments) > 0 {
		out = append(out, "/environments/"+escape(s.Environments[0].Name))
	}
	if len(s.Pools) > 0 {
		p := s.Pools[0]
		out = append(out, "/pools/"+escape(p.Environment)+"/"+escape(p.Namespace)+"/"+escape(p.Name))
	}
	return out
}

// escape writes every byte of a name as %XX.
func escape(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		b.WriteString("%")
		b.WriteString(strings.ToUpper(string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15])))
	}
	return b.String()
}

func TestTextsOfOthersAreOnlyTexts(t *testing.T) {
	plain := map[string]string{} // the elements and attributes of a page whose texts are harmless
	for _, p := range paths(written("harmless")) {
		plain[viewOf(p)] = skeleton(t, ask(t, newBench(t, showing(newScene(written("harmless"))), dressed), p).Body.String())
	}
	for _, text := range hostile {
		s := window.Clean(written(text))
		b := newBench(t, showing(newScene(s)), dressed)
		for _, path := range paths(s) {
			w := ask(t, b, path)
			if w.Code != 200 && !strings.HasSuffix(path, "/nothing") {
				t.Errorf("%q: %s: %d", text, path, w.Code)
				continue
			}
			if got := skeleton(t, w.Body.String()); got != plain[viewOf(path)] {
				t.Errorf("%q changes the elements of %s:\n%s\nwant\n%s", text, path, got, plain[viewOf(path)])
			}
		}
	}
}

// viewOf is the view of a path.
func viewOf(path string) string {
	if strings.HasSuffix(path, "/nothing") {
		return path
	}
	return strings.Join(strings.Split(path, "/")[:2], "/")
}

// skeleton is all of a page but its texts: elements, attributes, and where links lead unless that is on this very server.
func skeleton(t *testing.T, page string) string {
	t.Helper()
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(out, " ")
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			out = append(out, "<"+token.Data)
			for _, a := range token.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style":
					t.Errorf("attribute %s=%q", a.Key, a.Val)
				case a.Key != "href" && a.Key != "src":
				case strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//"), strings.HasPrefix(a.Val, "#"), a.Val == "#ZgotmplZ", a.Val == "harmless":
				default:
					if l := strings.ToLower(a.Val); strings.Contains(l, ":") && !strings.HasPrefix(l, "http") || strings.HasPrefix(l, "//") {
						t.Errorf("a link to %q", a.Val)
					}
				}
				out = append(out, a.Key)
			}
		case html.CommentToken:
			t.Errorf("a comment: %s", z.Token().Data)
		}
	}
}

func TestPagesAreWholeWithoutScript(t *testing.T) {
	s := window.State{
		At: noon, Program: window.Program{Leader: true, Version: "1.2.3"},
		Environments: []window.Environment{{
			Name: "gke", State: window.Held, Reason: "3 objects would be deleted", Revision: "3f2c1ab99", Commit: &window.Commit{Subject: "more agents", Author: "Ada"},
			Held: &status.Held{Hash: "h4sh", Objects: []string{"Service a/b"}}, Sync: &status.Sync{Time: noon.Add(-time.Minute)},
		}},
		Pools: []window.Pool{{
			Environment: "gke", Namespace: "jenkins", Name: "linux", State: window.Limited, Reason: "max 5 limits", Desired: 5, NotUp: "max 5", NotDown: "2 builds wait",
			Agents: []window.Agent{{Name: "agent-1", State: "busy", Build: "https://ci.example/job/x/1/"}}, Unmatched: []window.Unmatched{{Label: "arm64", Why: "no such label"}},
		}},
		Masters: []window.Master{{URL: "http://jenkins", Reason: "no answer"}},
	}
	b := newBench(t, showing(newScene(s)), dressed)
	for path, facts := range map[string][]string{
		"/": {
			"1 environment is held", ">gke<", "Held", "3f2c1ab<", "more agents", "3 objects would be deleted", "60s ago", "gke/linux", "Limited", "max 5 limits",
			`<noscript><meta http-equiv="refresh"`, assets.Script, assets.Style, assets.Theme, assets.Icon,
		},
		"/environments/gke":        {"majordomo approve gke h4sh", "Service a/b", "Ada", "majordomo diff gke"},
		"/pools/gke/jenkins/linux": {"Not scaled up further because: max 5.", "Not scaled down because: 2 builds wait.", `href="https://ci.example/job/x/1/"`, "arm64", "no such label"},
		"/health":                  {"1.2.3", "http://jenkins", "no answer"},
		"/history":                 {"Nothing has happened since the history begins"},
		"/login":                   {"majordomo dashboard"},
	} {
		w := ask(t, b, path)
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Content-Security-Policy") != policy || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		for _, fact := range append(facts, "<main", "<nav", "<h1", `<div id="app">`) {
			if !strings.Contains(w.Body.String(), fact) {
				t.Errorf("%s does not say %q:\n%s", path, fact, w.Body)
			}
		}
	}
}

func TestEmptyPagesNameACommand(t *testing.T) {
	leading, standing := window.State{Program: window.Program{Leader: true}}, window.State{}
	for path, command := range map[string]string{
		"/": "majordomo validate", "/environments/nothing": "majordomo status", "/pools/a/b/nothing": "kubectl get agentpools", "/history": "majordomo history", "/health": "majordomo plan",
	} {
		if w := ask(t, newBench(t, showing(newScene(leading))), path); !strings.Contains(w.Body.String(), "<code>"+command) {
			t.Errorf("%s does not name %q:\n%s", path, command, w.Body)
		}
	}
	if w := ask(t, newBench(t, showing(newScene(standing))), "/"); !strings.Contains(w.Body.String(), "kubectl get leases") {
		t.Errorf("a process that stands by: %s", w.Body)
	}
	for _, path := range []string{"/environments/nothing", "/pools/a/b/nothing"} {
		if w := ask(t, newBench(t, showing(newScene(leading))), path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestPagesShowOnlyWhatOneMaySee(t *testing.T) {
	s := window.State{Environments: []window.Environment{{Name: "gke"}, {Name: "vagrant"}}, Pools: []window.Pool{{Environment: "vagrant", Namespace: "x", Name: "y"}}}
	b := guarded(t, newRealm(), showing(newScene(s)))
	for path, want := range map[string]int{"/": 200, "/environments/gke": 200, "/environments/vagrant": 404, "/pools/vagrant/x/y": 404} {
		w := b.call(t, call{path: path, token: "v"})
		if w.Code != want || path == "/" && strings.Contains(w.Body.String(), "vagrant") {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
	if w := b.call(t, call{path: "/environments/gke"}); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "/login?to=") {
		t.Errorf("without a login: %d %v", w.Code, w.Header())
	}
}
