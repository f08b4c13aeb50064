package web

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeIsInTroubleshooting keeps docs and answers in line: each code has its row, and each row is of a code.
func TestEveryCodeIsInTroubleshooting(t *testing.T) {
	data, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(data), "\n## The dashboard and its API\n")
	part, _, _ = strings.Cut(part, "\n## ")
	rows := map[string]bool{}
	for line := range strings.Lines(part) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") && len(cells) == 3 {
			rows[strings.TrimPrefix(cells[0], "| ")+" "+cells[1]] = true
		}
	}
	for status, code := range codes {
		row := "`" + code + "` " + strconv.Itoa(status)
		if !rows[row] {
			t.Errorf("docs/troubleshooting.md has no row for %s", row)
		}
		delete(rows, row)
	}
	for row := range rows {
		t.Errorf("docs/troubleshooting.md has a row for %s, which is no answer", row)
	}
}
