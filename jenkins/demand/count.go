package demand

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/scale"
)

// count gathers what the items of a queue need.
type count struct {
	site    *site
	unknown string
	total   int // items that lack an executor
	needs   map[string]*Need
	missed  map[string]*pool.Unmatched
	waited  map[string]string
	cache   map[key]*verdict
}

// key is all that a verdict depends on.
type key struct {
	told       bool
	label, why string
	class      string
	stuck      bool
}

func (c *count) verdict(it *jenkins.Item) *verdict {
	k := key{told: it.Task.Label != nil, why: it.Why, class: it.Task.Class, stuck: it.Stuck}
	if k.told {
		k.label = *it.Task.Label
	}
	if v, ok := c.cache[k]; ok {
		return v
	}
	v := c.site.resolve(it)
	c.cache[k] = &v
	return &v
}

// unhindered is who would serve an item that lacks something else than an executor, as far as its job tells.
func (c *count) unhindered(it *jenkins.Item) (*Need, bool) {
	if !told(it.Task) {
		return nil, false
	}
	free := *it
	free.Why, free.Stuck = waits, false
	v := c.verdict(&free)
	return c.needs[v.pool], v.found
}

func (c *count) blocked(it *jenkins.Item) {
	if n, ok := c.unhindered(it); ok {
		n.Blocked++
	}
}

func (c *count) quiet(it *jenkins.Item) {
	if n, ok := c.unhindered(it); ok {
		n.Soon = append(n.Soon, scale.Soon{At: it.QuietUntil, Builds: 1, Reason: jobName(it.Task)})
	}
}

func (c *count) buildable(it *jenkins.Item) {
	v := c.verdict(it)
	if v.shutdown {
		c.unknown = quieting
		return
	}
	if v.waited != "" {
		c.wait(v.waited, jobName(it.Task))
	}
	if v.waited != "" && !v.found {
		return
	}
	c.total++
	switch {
	case v.found:
		c.needs[v.pool].add(it, v.label)
	case !v.served:
		c.miss(it, v)
	}
}

// wait notes that an item wants a node.
func (c *count) wait(node, job string) {
	why := "a build waits for this very agent"
	if job != "" {
		why = "a build of " + job + " waits for this very agent"
	}
	names := []string{node}
	if pod, _, ok := c.site.agent(node); ok && pod != node {
		names = append(names, pod)
	}
	for _, n := range names {
		if c.waited[n] == "" {
			c.waited[n] = why
		}
	}
}

func (n *Need) add(it *jenkins.Item, label string) {
	n.Queued++
	since := waiting(it)
	if n.Oldest.IsZero() || since.Before(n.Oldest) {
		n.Oldest = since
	}
	if label == NoLabel {
		label = ""
	}
	name := jobName(it.Task)
	n.Items = append(n.Items, Item{ID: it.ID, Job: name, Label: label, Since: since, Why: it.Why})
	if name != "" {
		n.Jobs = append(n.Jobs, Job{Item: it.ID, Name: name, At: it.Since, Since: since})
	}
}

func (c *count) miss(it *jenkins.Item, v *verdict) {
	u := c.missed[v.label]
	if u == nil {
		u = &pool.Unmatched{Label: clean(v.label), Why: clean(it.Why)}
		if v.advice != "" {
			u.Why += ". " + v.advice
		}
		c.missed[v.label] = u
	}
	u.Items++
}

func (c *count) demand() Demand {
	d := Demand{Unknown: c.unknown, Pools: map[string]Need{}, Waited: c.waited}
	for id, n := range c.needs {
		n.Elsewhere = c.total - n.Queued
		slices.SortFunc(n.Items, func(a, b Item) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
		n.Items = slices.Clone(n.Items[:min(len(n.Items), MaxItems)])
		for i, it := range n.Items {
			n.Items[i].Label, n.Items[i].Why = clean(it.Label), clean(it.Why)
		}
		n.Soon = together(n.Soon)
		d.Pools[id] = *n
	}
	for _, u := range c.missed {
		d.Missed += u.Items
		d.Unmatched = append(d.Unmatched, *u)
	}
	slices.SortFunc(d.Unmatched, func(a, b pool.Unmatched) int {
		return cmp.Or(cmp.Compare(b.Items, a.Items), strings.Compare(a.Label, b.Label))
	})
	d.Unmatched = slices.Clip(d.Unmatched[:min(len(d.Unmatched), pool.MaxUnmatched)])
	return d
}

// together makes one of all that ends its quiet period in the same second.
func together(list []scale.Soon) []scale.Soon {
	slices.SortStableFunc(list, func(a, b scale.Soon) int { return a.At.Compare(b.At) })
	var all []scale.Soon
	for _, s := range list {
		if n := len(all); n > 0 && all[n-1].At.Truncate(time.Second).Equal(s.At.Truncate(time.Second)) {
			all[n-1].Builds++
			continue
		}
		all = append(all, s)
	}
	for i, s := range all {
		switch {
		case s.Builds > 1:
			all[i].Reason = fmt.Sprintf("the quiet period of %d builds ends", s.Builds)
		case s.Reason != "":
			all[i].Reason = "the quiet period of " + s.Reason + " ends"
		default:
			all[i].Reason = "the quiet period of a build ends"
		}
	}
	return all
}

// clean makes a text of Jenkins fit for a terminal and a status: without control characters, and not too long.
func clean(text string) string {
	plain := func(r rune) bool { return r >= ' ' && r < 0x7f }
	if len(text) < most && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return shorten(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text))
}

// most is how many characters of a text of Jenkins are shown.
const most = 200

func shorten(text string) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
