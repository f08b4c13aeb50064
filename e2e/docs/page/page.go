// Package page takes the documents of the repository apart: headings, links and code.
package page

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Page is a document in Markdown, as far as tests look at it.
type Page struct {
	File    string
	Anchors []string
	Links   []Text
	Spans   []Text // code within a line
	Code    []Text // lines of blocks of code
}

// Text is a part of a line.
type Text struct {
	Line int
	Text string
}

var (
	heading  = regexp.MustCompile(`^(#{1,6}) +(.+?) *#*$`)
	linkForm = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)(?: "[^"]*")?\)`)
	codeForm = regexp.MustCompile("`([^`]+)`")
	markup   = regexp.MustCompile("[`*]|\\[([^\\]]*)\\]\\([^)]*\\)")
)

// Read takes a document apart. A block of code is one between fences, or indented by four spaces after an empty line.
func Read(file, text string) Page {
	p := Page{File: file}
	fence, indented, empty, list := "", false, true, false
	for i, l := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(l)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
				continue
			}
			p.Code = append(p.Code, Text{i + 1, trimmed})
			continue
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			continue
		case trimmed == "":
			empty = true
			continue
		}
		list = list && (strings.HasPrefix(l, " ") || !empty) || item.MatchString(l)
		depth := 4
		if list {
			depth = 6 // what belongs to an element of a list is indented anyway
		}
		indented = strings.HasPrefix(l, strings.Repeat(" ", depth)) && (indented || empty)
		empty = false
		if indented {
			p.Code = append(p.Code, Text{i + 1, trimmed})
			continue
		}
		p.line(i+1, l)
	}
	return p
}

var item = regexp.MustCompile(`^ *([-*]|[0-9]+\.) `)

func (p *Page) line(n int, l string) {
	if h := heading.FindStringSubmatch(l); h != nil {
		anchor := Slug(markup.ReplaceAllString(h[2], "$1"))
		for same, i := anchor, 1; slices.Contains(p.Anchors, anchor); i++ {
			anchor = same + "-" + string(rune('0'+i))
		}
		p.Anchors = append(p.Anchors, anchor)
	}
	for _, m := range codeForm.FindAllStringSubmatch(l, -1) {
		p.Spans = append(p.Spans, Text{n, m[1]})
	}
	for _, m := range linkForm.FindAllStringSubmatch(codeForm.ReplaceAllString(l, "x"), -1) {
		p.Links = append(p.Links, Text{n, m[1]})
	}
}

// All reads all documents of the repository, by their paths.
func All(root fs.FS) (map[string]Page, error) {
	all := map[string]Page{}
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "testdata", "vendor", "node_modules"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(file) != ".md":
			return nil
		}
		text, err := fs.ReadFile(root, file)
		all[file] = Read(file, string(text))
		return err
	})
	return all, err
}
