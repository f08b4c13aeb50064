package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/jenkins/pool"
)

// explanation is what `majordomo explain -o json` prints.
type explanation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	agentPool
	Supply        int    `json:"supply"`                  // agents that serve builds, or soon will
	NotScaledDown string `json:"notScaledDown,omitempty"` // why not, "" while it is
	NotScaledUp   string `json:"notScaledUp,omitempty"`   // why not further, "" if nothing more is wanted
	Past          *past  `json:"past,omitempty"`          // with --at
}

// past is what was decided at a time that is over.
type past struct {
	At      time.Time    `json:"at"`
	Desired int          `json:"desired"`
	By      pool.Change  `json:"by"`             // the decision in force then
	Then    *pool.Change `json:"then,omitempty"` // the next one
}

func (a *app) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "explain POOL", Short: "Tell why a pool has the agents that it has", GroupID: groupFleet,
		Long: `Tell why a pool did or did not scale: the builds that wait, the agents that there are, each
term of the computation with its reason, the limits and whether they cut, the gates of
scaling down, and when it changes by itself.

A pool is named POOL, or ENV/POOL where several environments have one of that name.`,
		Example: `  majordomo explain linux
  majordomo explain gke/linux -w                    again whenever the decision changes
  majordomo explain gke/linux --at 20m              what was decided twenty minutes ago
  majordomo explain linux --at 2026-11-21T10:40:00Z
  majordomo explain linux -o json | jq -r .notScaledDown`,
		Args: arguments(1, 1, "a pool"), Annotations: codes(),
	}
	s := scopeFlags(c)
	c.ValidArgsFunction = a.completePool(s)
	o := outputFlag(c, asText, asJSON, asYAML, asPath)
	watch := c.Flags().BoolP("watch", "w", false, "go on, and explain again whenever the decision changes")
	at := c.Flags().String("at", "", "a time that is over: 2026-11-21T10:40:00Z, 10:40 (UTC) or 20m for twenty minutes ago")
	c.RunE = func(c *cobra.Command, args []string) error {
		var then time.Time
		if *at != "" {
			var err error
			if then, err = a.pastTime(*at); err != nil {
				return err
			}
		}
		switch {
		case *watch && *at != "":
			return usagef("--watch and --at exclude each other: what is over does not change")
		case *watch && o.form != asText && o.form != asJSON:
			return usagef("--watch does not go with -o %s; allowed: text, json", o.form)
		}
		l, err := a.look(c.Context(), s, args[0])
		if err != nil {
			return err
		}
		p, err := l.one(args[0])
		switch {
		case err != nil:
			return err
		case *watch:
			return a.explainAgain(c.Context(), l, o)
		case *at != "":
			return a.explainPast(p.agentPool, then, o)
		}
		return a.explain(p.agentPool, o, "  ")
	}
	return c
}

// pastTime reads --at.
func (a *app) pastTime(text string) (time.Time, error) {
	now := a.now().UTC()
	t, err := time.Parse(time.RFC3339, text)
	for _, clock := range []string{"15:04", "15:04:05"} {
		if c, wrong := time.Parse(clock, text); wrong == nil {
			t, err = time.Date(now.Year(), now.Month(), now.Day(), c.Hour(), c.Minute(), c.Second(), 0, time.UTC), nil
			if t.After(now) {
				t = t.AddDate(0, 0, -1) // of yesterday
			}
		}
	}
	if ago, wrong := time.ParseDuration(strings.TrimPrefix(text, "-")); wrong == nil {
		t, err = now.Add(-ago), nil
	}
	switch {
	case err != nil:
		return t, usagef("--at %q is no time; want one such as 2026-11-21T10:40:00Z, 10:40 (UTC), or 20m for twenty minutes ago", text)
	case t.After(now):
		return t, usagef("--at %s is not over yet; it is %s", t.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return t.UTC(), nil
}

// explain prints why the pool is as it is.
func (a *app) explain(p agentPool, o *output, indent string) error {
	if o.form == asText {
		a.explainText(p)
		return nil
	}
	doc := a.explanation(p)
	if o.form == asJSON {
		return a.json(doc, indent)
	}
	return a.data(o, doc)
}

func (a *app) explanation(p agentPool) explanation {
	return explanation{
		APIVersion: apiVersion, Kind: "PoolExplanation", agentPool: p, Supply: p.supply(),
		NotScaledDown: p.notDown(), NotScaledUp: p.notUp(),
	}
}

// explainAgain explains now, and whenever something other than the time has changed.
func (a *app) explainAgain(ctx context.Context, l look, o *output) error {
	last := ""
	return l.followPools(ctx, func(p agentPool) error {
		if p.Gone {
			return notFoundf("pool %s was deleted meanwhile", p)
		}
		same := p
		same.Status.Jenkins.LastRead = nil
		if d := same.Status.Decision; d != nil {
			undated := *d
			undated.At = time.Time{}
			same.Status.Decision = &undated
		}
		version := fmt.Sprintf("%+v %+v %+v", same, same.Status.Decision, same.Status.Rollout)
		if version == last {
			return nil
		}
		if last != "" && o.form == asText {
			a.printf("\n")
		}
		last = version
		if err := a.explain(p, o, ""); err != nil {
			return err
		}
		return a.out.Flush()
	})
}

// explainPast prints the decision that was in force at a time.
func (a *app) explainPast(p agentPool, at time.Time, o *output) error {
	was, err := p.at(at)
	if err != nil {
		return err
	}
	if o.form != asText {
		doc := a.explanation(p)
		doc.Past = &was
		return a.data(o, doc)
	}
	t := &layout{app: a}
	t.line(bold, "Pool %s   at %s   desired %d", p, a.clock(at), was.Desired)
	t.part("decided", "%s, %s: %d → %d (%+d): %s", a.clock(was.By.At), span(at.Sub(was.By.At))+" earlier", was.By.From, was.By.To, was.By.To-was.By.From, was.By.Reason)
	if was.Then != nil {
		t.part("then", "%s, %s: %d → %d (%+d): %s", a.clock(was.Then.At), after(at, was.Then.At), was.Then.From, was.Then.To, was.Then.To-was.Then.From, was.Then.Reason)
	} else {
		t.part("then", "nothing changed since; `majordomo explain %s` tells how it is now", p)
	}
	return nil
}

// at returns what was decided at a time. History is newest first.
func (p agentPool) at(t time.Time) (past, error) {
	h := p.Status.History
	for i, c := range h {
		if c.At.After(t) {
			continue
		}
		was := past{At: t, Desired: c.To, By: c}
		if i > 0 {
			was.Then = &h[i-1]
		}
		return was, nil
	}
	if len(h) == 0 {
		return past{}, notFoundf("pool %s has no history yet: the number of its agents has not changed", p)
	}
	return past{}, notFoundf("the history of pool %s goes back to %s only, when it went from %d to %d agents",
		p, h[len(h)-1].At.UTC().Format(time.RFC3339), h[len(h)-1].From, h[len(h)-1].To)
}

// notDown says why there are not fewer agents, "" while some are going because fewer are wanted.
func (p agentPool) notDown() string {
	s := p.Status
	var shut []string
	if s.Decision != nil {
		for _, g := range s.Decision.Gates {
			if !g.Open {
				shut = append(shut, cmp.Or(g.Reason, g.Name+" is shut"))
			}
		}
	}
	least, _ := p.bounds()
	switch {
	case p.Suspend != "":
		return "the pool is suspended: " + p.Suspend
	case s.Decision == nil:
		return cmp.Or(p.condition(pool.Ready).Message, "nothing was decided yet")
	case p.supply() == 0:
		return "there is no agent that could go"
	case s.Queued > 0 && s.Desired >= p.supply():
		return plural(s.Queued, "build waits", "builds wait")
	case p.supply() <= least:
		return fmt.Sprintf("its min is %d%s", least, p.minFrom())
	case len(shut) > 0:
		return strings.Join(shut, "; ")
	case s.Desired < p.supply():
		return ""
	}
	for _, term := range s.Decision.Terms {
		if term.Agents >= p.supply() && term.Reason != "" {
			return term.Reason
		}
	}
	return cmp.Or(s.Decision.Reason, s.Reason)
}

// minFrom says where a min comes from that is not the one of the spec.
func (p agentPool) minFrom() string {
	least, _ := p.bounds()
	switch {
	case p.Floor != nil && p.Floor.Agents == least && least > p.Spec.Min:
		return ", set by hand" + p.Floor.end()
	case least > p.Spec.Min:
		return ", by a schedule"
	}
	return ""
}

func (f floor) end() string {
	var text string
	if f.Until != nil {
		text = " until " + f.Until.UTC().Format(time.RFC3339)
	}
	if f.Reason != "" {
		text += " (" + f.Reason + ")"
	}
	return text
}

// notUp says what keeps the pool from having more agents, "" if no more are wanted.
func (p agentPool) notUp() string {
	if p.Status.Decision == nil {
		return ""
	}
	var cuts []string
	for _, l := range p.Status.Decision.Limits {
		if l.Cut && l.Name != "min" {
			cuts = append(cuts, fmt.Sprintf("%s %d", l.Name, l.Value)+reasonAfter(": ", l.Reason))
		}
	}
	return strings.Join(cuts, "; ")
}

func reasonAfter(sep, reason string) string {
	if reason == "" {
		return ""
	}
	return sep + reason
}
