package world

import (
	"fmt"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// Hostile are the texts that somebody may have put into a commit, a job, a label or a name, to see what the page does with them. Each of those
// with a script would call alert or set window.pwned.
var Hostile = []string{
	`<script>window.pwned=1;alert(1)</script>`,
	`"><img src=x onerror="window.pwned=2;alert(2)">`,
	`' onmouseover='window.pwned=3' x='`,
	`<svg/onload=window.pwned=4>`,
	`</textarea></title></style></script><script>window.pwned=5</script>`,
	`{{constructor.constructor('window.pwned=6')()}} ${window.pwned=7} <%= 7*7 %> #{7*7}`,
	`javascript:window.pwned=8`,
	"\u202egnp.exe\u202c \u2066evil\u2069 \u200b\ufeff",
	"\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x00 \r\n \t",
	`&lt;b&gt;not bold&lt;/b&gt; &#x3c;script&#x3e; <b>bold</b>`,
	`__proto__`,
	`--><!--<a href="javascript:window.pwned=9">click</a>`,
	"Zalgo \u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030c 日本語 العربية 👩‍👩‍👧‍👦",
	`..%2f..%2fetc/passwd?x=1#frag`,
	strings.Repeat("long", 1024),
}

// Links are addresses that a page must not make a link of.
var Links = []string{
	`javascript:window.pwned=10`, "java\nscript:window.pwned=11", `data:text/html,<script>window.pwned=12</script>`, `vbscript:x`, ` javascript:window.pwned=13`,
	`//evil.example/x`, `file:///etc/passwd`, `https:javascript:window.pwned=14`,
}

func nasty(i int) string { return Hostile[i%len(Hostile)] }

// hostile is a world where every text that comes from outside is an attack. Names of environments, namespaces and pools are what Kubernetes
// allows, and as long as it allows; all else is free.
func hostile(now time.Time) *World {
	w := start(now)
	w.State.Source.Error = nasty(0)
	w.State.Source.Commit = &window.Commit{Revision: strings.Repeat("a", 40), Author: nasty(1), Subject: nasty(0), Time: now.Add(-time.Hour), URL: Links[0]}
	for i := range Hostile {
		name := fmt.Sprintf("env-%d-%s", i, strings.Repeat("n", 40))
		w.State.Environments = append(w.State.Environments, nastyEnvironment(name, i, now))
		f := farm{
			environment: name, namespace: strings.Repeat("s", 63), name: fmt.Sprintf("pool-%d-%s", i, strings.Repeat("p", 200)), target: nasty(i + 1),
			jenkins: Links[i%len(Links)], labels: []string{nasty(i), nasty(i + 2)}, min: 1, max: 10, period: time.Hour, phase: float64(i) / 10, builds: 8, job: "x",
		}
		w.add(f)
		w.State.Masters = append(w.State.Masters, window.Master{Environment: name, Namespace: f.namespace, URL: Links[i%len(Links)], Reason: nasty(i), Version: nasty(i + 1), LastRead: now})
		w.note(window.Entry{
			At: now.Add(-time.Duration(i+1) * time.Minute), Kind: window.Synced, Environment: name, Text: nasty(i), Revision: nasty(i + 1), Actor: nasty(i + 2),
		})
	}
	for i := range w.State.Pools {
		nastyPool(&w.State.Pools[i], i, now)
	}
	return w.done()
}

func nastyEnvironment(name string, i int, now time.Time) window.Environment {
	return window.Environment{
		Name: name, Cluster: nasty(i), Path: nasty(i + 1), State: window.Stalled, Reason: nasty(i), Revision: strings.Repeat("b", 40),
		Commit:  &window.Commit{Revision: strings.Repeat("b", 40), Author: nasty(i + 3), Subject: nasty(i + 4), Time: now.Add(-time.Hour), URL: Links[i%len(Links)]},
		Next:    now.Add(time.Minute),
		Objects: status.Objects{Total: 3, Ready: 1, Failed: 1, Refused: 1},
		Sync:    &status.Sync{Time: now.Add(-time.Minute), Trigger: status.Trigger(nasty(i)), Duration: status.Duration(time.Second)},
		Repairs: 7, Drift: &status.Drift{Time: now.Add(-time.Minute), Object: nasty(i), Fields: []string{nasty(i + 1)}, Manager: nasty(i + 2)},
		Fights:  []status.Fight{{Object: nasty(i), Manager: nasty(i + 1), Fields: []string{nasty(i + 2)}}},
		Held:    &status.Held{Hash: nasty(i), Reason: nasty(i + 1), Objects: []string{nasty(i + 2), nasty(i + 3)}},
		History: []status.Past{{Revision: nasty(i), Time: now.Add(-time.Minute), Result: nasty(i + 1), Changes: 1}},
		Checks:  []status.Condition{{Type: nasty(i), Status: "False", Reason: nasty(i + 1), Message: nasty(i + 2), LastTransitionTime: now}},
	}
}

func nastyPool(p *window.Pool, i int, now time.Time) {
	p.State, p.Reason, p.NotDown, p.NotUp, p.Priority = window.Stalled, nasty(i), nasty(i+1), nasty(i+2), nasty(i+3)
	p.Floor = &window.Floor{Agents: 2, Reason: nasty(i)}
	p.Rollout = &window.Rollout{Phase: "Progressing", Updated: 1, Total: 2, Reason: nasty(i + 1)}
	p.Unmatched = []window.Unmatched{{Label: nasty(i), Items: 3, Why: nasty(i + 1)}, {Label: nasty(i + 2), Items: 1, Why: nasty(i)}}
	p.Decision.Reason, p.Decision.Why, p.Decision.Rests, p.Decision.Term = nasty(i), nasty(i+1), nasty(i+2), nasty(i+3)
	for j := range p.Decision.Terms {
		p.Decision.Terms[j].Name, p.Decision.Terms[j].Reason = nasty(i+j), nasty(i+j+1)
	}
	for j := range p.Agents {
		a := &p.Agents[j]
		a.Name, a.Node, a.Build, a.Reason = nasty(i+j), nasty(i+j+1), Links[(i+j)%len(Links)], nasty(i+j+2)
	}
	for j := range p.History {
		p.History[j].Reason = nasty(i + j)
	}
	p.Checks = []window.Check{{Type: nasty(i), Status: nasty(i + 1), Reason: nasty(i + 2), Message: nasty(i + 3), Since: now}}
}
