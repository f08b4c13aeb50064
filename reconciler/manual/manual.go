// Package manual writes the pages of a program's manual: as roff, which man reads, as Markdown, which browsers show.
package manual

import "strings"

// Page is one page of the manual.
type Page struct {
	Name    string // by which man finds it, such as majordomo-sync
	Section int    // of the manual: 1 holds commands, 5 files and settings
	Title   string // as a person says it, such as majordomo sync
	Short   string // what it is, in one line
	Usage   string // one line; "" where there is nothing to type
	About   string // paragraphs; indented lines stay as they are
	Parts   []Part
	See     []Page // further pages; of each the name and the section count
}

// Part is a section of a page.
type Part struct {
	Title string
	Code  string // lines that stay as they are
	Items []Item
}

// Item is a word with what it means.
type Item struct {
	Term, Text string
}

// File returns the name of the page's file below a directory of man pages.
func (p Page) File() string {
	section := string(rune('0' + p.Section))
	return "man" + section + "/" + p.Name + "." + section
}

// paragraph is text to be filled, or lines that stay as they are.
type paragraph struct {
	lines    []string
	verbatim bool
}

// paragraphs splits a text at blank lines, and where indented lines begin or end.
func paragraphs(text string) []paragraph {
	var all []paragraph
	open := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "" {
			open = false
			continue
		}
		verbatim := strings.HasPrefix(line, "  ")
		if last := len(all) - 1; open && all[last].verbatim == verbatim {
			all[last].lines = append(all[last].lines, line)
			continue
		}
		all, open = append(all, paragraph{[]string{line}, verbatim}), true
	}
	return all
}
