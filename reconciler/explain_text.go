package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// layout is a text of lines, each with a word in front that says what it is about. Words of others are made safe on the way.
type layout struct {
	*app
	last string
}

const wordWidth = 10

// longSilence is after how long a status is older than one that is looked after: the fleet writes it every few minutes even if nothing changes.
const longSilence = 12 * time.Minute

func (t *layout) line(s style, format string, args ...any) {
	t.printf("%s\n", t.stdout.paint(s, paragraph(fmt.Sprintf(format, args...))))
}

// part prints a line about something; the word is left out where the line before has the same.
func (t *layout) part(word, format string, args ...any) {
	shown := word
	if word == t.last {
		shown = ""
	}
	t.last = word
	pad := strings.Repeat(" ", wordWidth-utf8.RuneCountInString(shown))
	t.printf("  %s%s%s\n", t.stdout.paint(cyan, shown), pad, paragraph(fmt.Sprintf(format, args...)))
}

// paragraph is safe for text whose blanks are meant: columns stay apart.
func paragraph(text string) string {
	return strings.TrimRight(strings.NewReplacer("\n", " ", "\t", " ").Replace(safe(text)), " ")
}

// explainText prints why the pool is as it is, as people read it.
func (a *app) explainText(p agentPool) {
	t := &layout{app: a}
	t.heading(p)
	t.people(p)
	if p.Status.Decision != nil {
		t.inputs(p)
		t.computation(*p.Status.Decision)
		t.gates(p.Status.Decision.Gates)
		t.outlook(p)
	}
	t.jenkins(p)
	t.rest(p)
	if why := p.notUp(); why != "" {
		t.line(plain, "Not scaled up further because: %s.", strings.TrimSuffix(why, "."))
	}
	if why := p.notDown(); why != "" {
		t.line(plain, "Not scaled down because: %s.", strings.TrimSuffix(why, "."))
	} else {
		t.line(plain, "Scaling down: %s, none of them before its build has ended.", plural(p.supply()-p.Status.Desired, "agent goes", "agents go"))
	}
}

func (t *layout) heading(p agentPool) {
	d := p.Status.Decision
	if d == nil {
		t.line(bold, "Pool %s   desired %d", p, p.Status.Desired)
		return
	}
	change := fmt.Sprint(d.To)
	if d.From != d.To {
		change = fmt.Sprintf("%d → %d   (%+d)", d.From, d.To, d.To-d.From)
	}
	t.line(bold, "Pool %s   desired %s   at %s, %s", p, change, t.clock(d.At), before(t.now(), d.At))
	t.part("because", "%s", oneLine(cmp.Or(d.Reason, p.Status.Reason, "no reason is given")))
}

// people says what people have asked of the pool, and what is wrong with it.
func (t *layout) people(p agentPool) {
	for _, problem := range p.Problems {
		t.part("wrong", "%s", oneLine(problem))
	}
	if p.Suspend != "" {
		t.part("suspended", "%s; `majordomo resume %s` ends that", oneLine(p.Suspend), p)
	}
	if p.Drain != "" {
		t.part("drained", "%s; `majordomo drain %s --undo` ends that", oneLine(p.Drain), p)
	}
	if p.Floor != nil {
		t.part("by hand", "at least %s%s; `majordomo scale %s --reset` ends that", plural(p.Floor.Agents, "agent", "agents"), reasonAfter(" ", oneLine(p.Floor.end())), p)
	}
}

func (t *layout) inputs(p agentPool) {
	s := p.Status
	queue := "no build waits for an agent of this pool"
	if s.Queued > 0 {
		queue = plural(s.Queued, "build waits", "builds wait") + " for an agent of this pool"
	}
	if s.OldestQueued != nil {
		queue += ", the oldest for " + span(t.now().Sub(*s.OldestQueued))
	}
	if n := s.Decision.Blocked; n > 0 {
		queue += fmt.Sprintf("; %d wait for something else", n)
	}
	if n := s.Decision.Elsewhere; n > 0 {
		queue += fmt.Sprintf("; %d are for other labels", n)
	}
	t.part("queue", "%s", queue)
	supply := fmt.Sprintf("%s: %d busy, %d idle, %d starting%s", plural(p.supply(), "agent", "agents"), s.Busy, s.Idle, s.Starting, t.ages(p))
	if s.Draining > 0 {
		supply += fmt.Sprintf("; besides, %d draining", s.Draining)
	}
	if s.Offline > 0 {
		supply += fmt.Sprintf("; %d offline or failed", s.Offline)
	}
	if n := p.Spec.Executors; n > 1 {
		supply += fmt.Sprintf("; %d executors each", n)
	}
	t.part("supply", "%s", supply)
}

// ages says how long the first agents have been starting.
func (t *layout) ages(p agentPool) string {
	const most = 3
	var ages []string
	for _, a := range p.Status.Agents {
		if a.State == string(roster.Starting) && !a.Since.IsZero() && len(ages) < most {
			ages = append(ages, span(t.now().Sub(a.Since)))
		}
	}
	if len(ages) == 0 {
		return ""
	}
	if p.Status.Starting > len(ages) {
		ages = append(ages, "…")
	}
	return " (" + strings.Join(ages, ", ") + ")"
}

// computation prints the terms that ask for more agents than the first, and the limits. Those that do not are named, no more: there are many.
func (t *layout) computation(d pool.Decision) {
	most, no := told(d)
	wide, figures := 0, 1
	for _, term := range most {
		wide, figures = max(wide, utf8.RuneCountInString(oneLine(term.Name))), max(figures, len(fmt.Sprint(term.Agents)))
	}
	for _, l := range d.Limits {
		wide, figures = max(wide, utf8.RuneCountInString(oneLine(l.Name))), max(figures, len(fmt.Sprint(l.Value)))
	}
	decisive := decisive(d)
	for _, term := range most {
		mark := " "
		if term.Name == decisive {
			mark = "▸"
		}
		t.part("formula", "%s %-*s  %*d  %s", mark, wide, oneLine(term.Name), figures, term.Agents, oneLine(term.Reason))
	}
	if len(no) > 0 {
		t.part("formula", "  no more by %s", strings.Join(no, ", "))
	}
	for _, l := range d.Limits {
		note := oneLine(l.Reason)
		if l.Cut {
			verb := "limits"
			if l.Name == "min" {
				verb = "raises"
			}
			note = strings.TrimSuffix("← "+verb+": "+note, ": ")
		}
		t.part("limits", "  %-*s  %*d  %s", wide, oneLine(l.Name), figures, l.Value, note)
	}
}

// told returns the terms that are shown each, and the names of the others.
func told(d pool.Decision) (most []pool.Term, no []string) {
	for i, term := range d.Terms {
		if i == 0 || term.Agents > d.Terms[0].Agents || term.Name == d.Term {
			most = append(most, term)
		} else {
			no = append(no, oneLine(term.Name))
		}
	}
	return most, no
}

// decisive is the term that set the decision; where a limit did, the term that it cut.
func decisive(d pool.Decision) string {
	var largest pool.Term
	for _, term := range d.Terms {
		if term.Name == d.Term {
			return term.Name
		}
		if term.Agents > largest.Agents {
			largest = term
		}
	}
	return largest.Name
}

// gates prints which conditions for scaling down hold, and why others do not.
func (t *layout) gates(gates []pool.Gate) {
	var open []string
	for _, g := range gates {
		if g.Open {
			open = append(open, oneLine(g.Name))
		}
	}
	if len(open) > 0 {
		t.marked("gates", green, "✔", strings.Join(open, ", "))
	}
	for _, g := range gates {
		if !g.Open {
			t.marked("gates", red, "✗", strings.TrimSpace(oneLine(g.Name)+": "+oneLine(g.Reason)))
		}
	}
}

// marked is part for text that is safe already, with a mark in a colour.
func (t *layout) marked(word string, s style, mark, text string) {
	shown := word
	if word == t.last {
		shown = ""
	}
	t.last = word
	t.printf("  %s%s%s %s\n", t.stdout.paint(cyan, shown), strings.Repeat(" ", wordWidth-len(shown)), t.stdout.paint(s, mark), text)
}

func (t *layout) outlook(p agentPool) {
	d := p.Status.Decision
	switch {
	case d.Next == nil:
		t.part("next", "nothing changes by itself")
	case d.Next.After(t.now()):
		t.part("next", "at %s, in %s%s", t.clock(*d.Next), span(d.Next.Sub(t.now())), reasonAfter(": ", oneLine(d.NextReason)))
	default:
		t.part("next", "now%s", reasonAfter(": ", oneLine(d.NextReason)))
	}
	if d.Spec != "" {
		t.part("rests on", "%s", oneLine(d.Spec))
	}
}

func (t *layout) jenkins(p agentPool) {
	j := p.Status.Jenkins
	switch {
	case j.Error != "" && j.LastRead != nil:
		t.part("jenkins", "not known: %s; read last %s, %s", oneLine(j.Error), t.clock(*j.LastRead), before(t.now(), *j.LastRead))
	case j.Error != "":
		t.part("jenkins", "not known: %s", oneLine(j.Error))
	case j.LastRead != nil:
		t.part("jenkins", "%s at %s answers %s", oneLine(cmp.Or(j.Version, "version unknown")), oneLine(p.Spec.Jenkins.URL), oneLine(cmp.Or(j.User, "nobody")))
		if t.now().Sub(*j.LastRead) > longSilence {
			t.part("stale", "all this was written %s, and should be newer: does `majordomo run` still run?", before(t.now(), *j.LastRead))
		}
	default:
		t.part("jenkins", "%s was not read yet", oneLine(p.Spec.Jenkins.URL))
	}
}

// rest is what concerns the pool beside the number of its agents.
func (t *layout) rest(p agentPool) {
	if r := p.Status.Rollout; r != nil && r.Phase != "" && r.Phase != "Complete" {
		t.part("rollout", "%s: %d of %d agents have the new template%s", oneLine(r.Phase), r.Updated, r.Total, reasonAfter("; ", oneLine(r.Reason)))
	}
	for _, c := range p.Status.Conditions {
		if c.Type == pool.Ready && c.Status == "False" && p.Suspend+p.Drain+p.Status.Jenkins.Error == "" {
			t.part("not ready", "%s: %s", oneLine(c.Reason), oneLine(c.Message))
		}
	}
	for _, u := range p.Status.Unmatched {
		t.part("no pool", "serves %q, for which %s%s", oneLine(u.Label), plural(u.Items, "build waits", "builds wait"), reasonAfter(": ", oneLine(u.Why)))
	}
}

// clock gives a time of the last day as 10:41:05Z, another with its date.
func (a *app) clock(t time.Time) string {
	t = t.UTC()
	if age := a.now().Sub(t); age < 12*time.Hour && age > -12*time.Hour {
		return t.Format("15:04:05Z")
	}
	return t.Format(time.RFC3339)
}

// span is a length of time in words, never a negative one: clocks differ.
func span(d time.Duration) string { return duration.HumanDuration(max(d, 0)) }

func before(now, t time.Time) string { return span(now.Sub(t)) + " ago" }

func after(then, t time.Time) string { return span(t.Sub(then)) + " later" }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
