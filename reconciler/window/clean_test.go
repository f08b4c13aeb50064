package window

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/status"
)

func TestEveryTextIsCleaned(t *testing.T) {
	const dirty, cleaned = "a\x1b[31mred\x1b[0m\nb\u202e https://bob:pw@git.example/x", "ared b https://REDACTED@git.example/x"
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	s := State{
		At: at, Source: Source{Commit: &Commit{Subject: dirty, Time: at}},
		Environments: []Environment{{Name: "gke", Held: &status.Held{Objects: []string{dirty}}, Checks: []status.Condition{{Message: dirty, LastTransitionTime: at}}}},
		Pools:        []Pool{{Labels: []string{dirty}, Decision: &Decision{At: at, Terms: []Term{{Name: dirty, Agents: 3}}}, Unmatched: []Unmatched{{Label: dirty}}}},
	}
	want := State{
		At: at, Source: Source{Commit: &Commit{Subject: cleaned, Time: at}},
		Environments: []Environment{{Name: "gke", Held: &status.Held{Objects: []string{cleaned}}, Checks: []status.Condition{{Message: cleaned, LastTransitionTime: at}}}},
		Pools:        []Pool{{Labels: []string{cleaned}, Decision: &Decision{At: at, Terms: []Term{{Name: cleaned, Agents: 3}}}, Unmatched: []Unmatched{{Label: cleaned}}}},
	}
	if diff := cmp.Diff(want, Clean(s)); diff != "" {
		t.Errorf("Clean (-want +got):\n%s", diff)
	}
	if s.Environments[0].Held.Objects[0] != dirty {
		t.Error("Clean changed what it was given")
	}
}

func TestLinksLeadOnlyToTheWeb(t *testing.T) {
	for link, want := range map[string]string{
		"http://jenkins:8080/job/x/1/": "http://jenkins:8080/job/x/1/", "https://ci.example/job/x/": "https://ci.example/job/x/",
		"javascript:alert(1)": "", "data:text/html,x": "", "JavaScript://x/%0aalert(1)": "", "//evil.example": "", "/job/x": "", "": "",
		"http://bob:pw@ci.example/": "", "http:///x": "", "http://[::1": "", "vbscript:x": "", "https://x/" + strings.Repeat("a", 2000): "",
	} {
		if got := Link(link); got != want {
			t.Errorf("Link(%q) = %q, want %q", link, got, want)
		}
	}
}
