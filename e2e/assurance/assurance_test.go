// Package assurance checks docs/assurance.md: every fault and bad input that Majordomo promises to survive has a row, and every row names
// a test that exists.
package assurance

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func TestEveryPromiseNamesATestThatExists(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/assurance.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := collect(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range check(string(text), promised(), tests) {
		t.Errorf("docs/assurance.md: %s", problem)
	}
}

// promised lists the ids that have to be there: faults of Kubernetes, Git, Jenkins and what looks and listens, and bad input as YAML, kustomization, repository,
// webhook, option, pool and command line.
func promised() []string {
	var ids []string
	for _, r := range []struct {
		prefix      string
		first, last int
	}{
		{"F", 12, 38},
		{"F", 45, 70},
		{"B-Y ", 1, 25},
		{"B-K ", 26, 51},
		{"B-G ", 52, 63},
		{"B-G ", 65, 69},
		{"B-W ", 70, 82},
		{"B-W ", 86, 86},
		{"B-P ", 88, 108},
		{"B-C ", 109, 109},
	} {
		for n := r.first; n <= r.last; n++ {
			ids = append(ids, fmt.Sprintf("%s%02d", r.prefix, n))
		}
	}
	return ids
}

// check returns what is wrong with the table.
func check(text string, promised []string, tests index) []string {
	var problems []string
	var seen []string
	for _, r := range rows(text) {
		seen = append(seen, r.id)
		if r.what == "" {
			problems = append(problems, fmt.Sprintf("line %d: %s does not say what happens", r.line, r.id))
		}
		if len(r.tests) == 0 {
			problems = append(problems, fmt.Sprintf("line %d: %s names no test", r.line, r.id))
		}
		for _, name := range r.tests {
			if err := tests.find(name); err != nil {
				problems = append(problems, fmt.Sprintf("line %d: %s: %v", r.line, r.id, err))
			}
		}
	}
	for _, id := range promised {
		if !slices.Contains(seen, id) {
			problems = append(problems, id+" has no row")
		}
	}
	return problems
}

func TestProblemsOfTheTableAreFound(t *testing.T) {
	tests := index{"reconciler/plan": {tests: map[string]bool{"TestPrune": true}, names: map[string]bool{"by_UID": true}}}
	for name, test := range map[string]struct{ row, want string }{
		"no test":         {"| F12 | it waits | |", "names no test"},
		"unknown test":    {"| F12 | it waits | `reconciler/plan.TestGone` |", "there is no TestGone in reconciler/plan"},
		"unknown package": {"| F12 | it waits | `reconciler/gone.TestPrune` |", "there is no package reconciler/gone"},
		"unknown subtest": {"| F12 | it waits | `reconciler/plan.TestPrune/by_name` |", `nothing in the tests of reconciler/plan is called "by_name"`},
		"not a test":      {"| F12 | it waits | see the code |", "is no test"},
		"no text":         {"| F12 | | `reconciler/plan.TestPrune` |", "does not say what happens"},
		"id without row":  {"", "F12 has no row"},
		"second of two":   {"| F12 | it waits | `reconciler/plan.TestPrune` `reconciler/plan.TestGone` |", "there is no TestGone"},
		"beyond":          {"| F12 | it waits | `reconciler/plan.TestPrune` |\n| S01 | it waits | |", "S01 names no test"},
		"right":           {"| F12 | it waits | `reconciler/plan.TestPrune/by_UID` |", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(check("| id | what happens | test |\n|---|---|---|\n"+test.row+"\n", []string{"F12"}, tests), "\n")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("check(%q) = %q, want %q in it", test.row, got, test.want)
			}
		})
	}
}
