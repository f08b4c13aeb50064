package main

import (
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"
)

// cell is one entry of a table.
type cell struct {
	text  string
	style style
}

// table is what people read: columns as wide as their widest entry.
type table struct {
	head []string
	rows [][]cell
}

func (t *table) add(row ...cell) { t.rows = append(t.rows, row) }

// widths returns the width of each column, with least as the smallest.
func (t *table) widths(least []int) []int {
	w := make([]int, len(t.head))
	copy(w, least)
	for i, h := range t.head {
		w[i] = max(w[i], utf8.RuneCountInString(h))
	}
	for _, row := range t.rows {
		for i, c := range row {
			w[i] = max(w[i], utf8.RuneCountInString(c.shown()))
		}
	}
	return w
}

func (c cell) shown() string {
	if text := oneLine(c.text); text != "" {
		return text
	}
	return "-"
}

// print writes the table, with its head if asked for. It returns the widths, for rows that follow later.
func (a *app) print(t *table, head bool, least []int) []int {
	w := t.widths(least)
	if head {
		cells := make([]cell, len(t.head))
		for i, h := range t.head {
			cells[i] = cell{h, bold}
		}
		a.row(cells, w)
	}
	for _, row := range t.rows {
		a.row(row, w)
	}
	return w
}

func (a *app) row(cells []cell, widths []int) {
	const gap = 3
	for i, c := range cells {
		text := c.shown()
		a.printf("%s", a.stdout.paint(c.style, text))
		if i < len(cells)-1 {
			a.printf("%s", strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+gap))
		}
	}
	a.printf("\n")
}

// ago says how long ago a point in time was, "" for never.
func (a *app) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return duration.HumanDuration(a.now().Sub(t)) + " ago"
}

// age is ago without the word, for columns that are called so.
func (a *app) age(t time.Time) string { return strings.TrimSuffix(a.ago(t), " ago") }
