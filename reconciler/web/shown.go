package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// functions are the functions of templates. They return text, never markup.
var functions = template.FuncMap{
	"at": func(t any, now time.Time) moment {
		if p, ok := t.(*time.Time); ok {
			t = *p
		}
		at, _ := t.(time.Time)
		return moment{at.UTC(), now}
	},
	"short": func(revision string) string { return revision[:min(7, len(revision))] },
	"sign":  sign,
	"took":  func(d status.Duration) string { return time.Duration(d).String() },
	"bytes": func(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) },
	"empty": func(text, command string) emptiness { return emptiness{text, command} },
	"figures": func(p window.Pool) []figure {
		return []figure{
			{"wait", fmt.Sprint(p.Queued)},
			{"busy", fmt.Sprint(p.Busy)},
			{"idle", fmt.Sprint(p.Idle)},
			{"starting", fmt.Sprint(p.Starting)},
			{"draining", fmt.Sprint(p.Draining)},
			{"offline", fmt.Sprint(p.Offline)},
			{"wanted", fmt.Sprint(p.Desired)},
			{"min–max", fmt.Sprintf("%d–%d", p.Min, p.Max)},
		}
	},
}

// emptiness says why there is nothing, and which command helps.
type emptiness struct{ Text, Command string }

type figure struct{ Name, Value string }

// moment is a point in time as people and programs read it.
type moment struct{ at, now time.Time }

// Known tells whether there is one.
func (m moment) Known() bool { return !m.at.IsZero() }

// Machine is the moment for programs.
func (m moment) Machine() string { return m.at.Format(time.RFC3339) }

// Text is the moment in whole.
func (m moment) Text() string { return m.at.Format("2006-01-02 15:04:05 UTC") }

// Ago is how long ago it was, or how far off it is.
func (m moment) Ago() string {
	if ago := m.now.Sub(m.at); ago >= 0 {
		return duration.HumanDuration(ago) + " ago"
	}
	return "in " + duration.HumanDuration(m.at.Sub(m.now))
}

// sign is the class of a word: letters only, whatever the word is.
func sign(word string) string {
	return "is-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(word))
}

// check is a condition as a table has it.
type check struct {
	Type, Status, Reason, Message string
	Since                         moment
}

// Conditions are those of what the page is about.
func (p *page) Conditions() struct{ Rows []check } {
	var rows []check
	if p.Environment != nil {
		for _, c := range p.Environment.Checks {
			rows = append(rows, check{c.Type, c.Status, c.Reason, c.Message, moment{c.LastTransitionTime.UTC(), p.State.At}})
		}
	}
	if p.Pool != nil {
		for _, c := range p.Pool.Checks {
			rows = append(rows, check{c.Type, c.Status, c.Reason, c.Message, moment{c.Since.UTC(), p.State.At}})
		}
	}
	return struct{ Rows []check }{rows}
}

// Headline says in one sentence whether anything is wrong.
func (p *page) Headline() string {
	var bad []string
	count := func(n int, one, many string) {
		if n == 1 {
			bad = append(bad, "1 "+one)
		} else if n > 1 {
			bad = append(bad, fmt.Sprintf("%d %s", n, many))
		}
	}
	environments, pools := map[string]int{}, map[string]int{}
	for _, e := range p.State.Environments {
		environments[e.State]++
	}
	for _, one := range p.State.Pools {
		pools[one.State]++
	}
	for _, word := range []string{window.Stalled, window.Held, window.Unknown} {
		count(environments[word], "environment is "+strings.ToLower(word), "environments are "+strings.ToLower(word))
	}
	for _, word := range []string{window.Stalled, window.Waiting} {
		count(pools[word], "pool is "+strings.ToLower(word), "pools are "+strings.ToLower(word))
	}
	switch {
	case len(bad) > 0:
		return strings.Join(bad, ", ") + "."
	case len(p.State.Environments) == 0:
		return "Nothing to look after yet."
	}
	return "All is as Git says."
}
