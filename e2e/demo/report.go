package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// report is what the audience reads.
type report struct {
	out   io.Writer
	color bool
	acts  []*act
}

// act is one step as it went.
type act struct {
	title   string
	told    bool     // something that was seen
	results []string // what the summary says of it
	state   string   // "" until it has ended
}

func newReport(out *os.File) *report {
	return &report{out: out, color: term.IsTerminal(int(out.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (r *report) paint(code, text string) string {
	if !r.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (r *report) bold(text string) string { return r.paint("1", text) }

func (r *report) line(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// prepared tells of one part of the stage that is ready.
func (r *report) prepared(what string, took time.Duration, format string, args ...any) {
	r.line("  %-11s %-8s %s", what, since(took), fmt.Sprintf(format, args...))
}

// begin opens a step: what is done, and what should come of it.
func (r *report) begin(s step) {
	r.acts = append(r.acts, &act{title: s.title})
	r.line("\n%s", r.bold(fmt.Sprintf("%d. %s", len(r.acts), s.title)))
	r.wrapped("do", s.does)
	r.wrapped("expect", s.expects)
}

// tell says what happened; what is measured is told by measured.
func (r *report) tell(format string, args ...any) {
	a := r.acts[len(r.acts)-1]
	word := "saw"
	if a.told {
		word = ""
	}
	a.told = true
	r.wrapped(word, fmt.Sprintf(format, args...))
}

// measured says what happened and how much of what that took; it becomes a row of the summary.
func (r *report) measured(what string, took string) {
	a := r.acts[len(r.acts)-1]
	a.results = append(a.results, what+"\t"+took)
	r.tell("%s: %s", what, took)
}

// quote shows the output of a command.
func (r *report) quote(command, output string) {
	r.line("    %s", r.paint("36", "$ "+command))
	for l := range strings.Lines(strings.TrimRight(output, "\n")) {
		r.line("    %s", strings.TrimRight(l, "\n"))
	}
}

// end closes a step.
func (r *report) end(err error) {
	a := r.acts[len(r.acts)-1]
	if err != nil {
		a.state = "FAILED"
		r.line("  %s %v", r.paint("31;1", "✗"), err)
		return
	}
	a.state = "ok"
	r.line("  %s as expected", r.paint("32", "✔"))
}

// wrapped prints text beside a word, broken at 100 columns.
func (r *report) wrapped(word, text string) {
	const indent, width = 10, 100
	line := fmt.Sprintf("  %-*s", indent-2, word)
	used := indent
	for i, w := range strings.Fields(text) {
		if i > 0 && used+1+len(w) > width {
			r.line("%s", line)
			line, used = strings.Repeat(" ", indent-1), indent-1
		}
		if i > 0 || used < indent {
			line += " "
			used++
		}
		line += w
		used += len(w)
	}
	r.line("%s", line)
}

// summary is the table at the end.
func (r *report) summary() {
	r.line("\n%s", r.bold("Summary"))
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	for i, a := range r.acts {
		fmt.Fprintf(w, "  %d\t%s\t%s\n", i+1, a.title, a.state)
		for _, row := range a.results {
			fmt.Fprintf(w, "  \t  %s\n", row)
		}
	}
	_ = w.Flush()
}

// since prints a duration the way people read it.
func since(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
