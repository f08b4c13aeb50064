package observability

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const page = "../../docs/observability.md"

var table = regexp.MustCompile(`(?s)(<!-- metrics: [^\n]*-->\n).*(<!-- end of metrics -->)`)

func TestTheManualListsWhatIsServed(t *testing.T) {
	all, helps := served(t), helps(t)
	var b strings.Builder
	b.WriteString("\n| metric | labels | |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		if helps[name] == "" {
			t.Errorf("%s has no help", name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.Join(slices.Sorted(slices.Values(all[name])), ", "), helps[name])
	}
	b.WriteString("\n")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := table.ReplaceAllString(string(text), "${1}"+strings.ReplaceAll(b.String(), "$", "$$")+"${2}")
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" || !table.Match(text) {
		t.Errorf("%s (-want +got):\n%s", page, diff)
	}
}

// Every alert leads to a heading that is there, and every heading of an alert to an alert.
func TestEveryAlertHasItsPlaceInTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	all := rules(t)
	for name, r := range all {
		if want := "docs/alerts.md#" + strings.ToLower(name); r.Annotations["runbook"] != want {
			t.Errorf("%s: runbook %q, want %q", name, r.Annotations["runbook"], want)
		}
		section := regexp.MustCompile(`(?m)^### ` + name + `\n\n\*` + r.Labels["severity"] + `[,.*]`)
		if !section.Match(text) {
			t.Errorf("docs/alerts.md has no section %s that begins with its severity %s", name, r.Labels["severity"])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		if _, ok := all[m[1]]; !ok {
			t.Errorf("docs/alerts.md has a section %s, and there is no such alert", m[1])
		}
	}
}
