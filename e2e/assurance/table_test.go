package assurance

import "strings"

// row is one line of the table.
type row struct {
	line  int
	id    string
	what  string
	tests []string // PACKAGE.TestName or PACKAGE.TestName/subtest
}

// rows reads the lines of the tables whose first column is called id.
func rows(text string) []row {
	var out []row
	inside := false
	for i, line := range strings.Split(text, "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case cells[0] == "id":
			inside = true
		case !inside || strings.HasPrefix(cells[0], "--"):
		default:
			cells = append(cells, "", "")
			out = append(out, row{line: i + 1, id: cells[0], what: cells[1], tests: names(cells[2])})
		}
	}
	return out
}

// names takes a cell apart: tests are separated by spaces, in backquotes or without.
func names(cell string) []string { return strings.Fields(strings.ReplaceAll(cell, "`", " ")) }
