package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"majordomo.dev/reconciler/window"
)

// silence switches the scripts of the page off.
func (p *tab) silence() {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// TestThePageTellsTheSameWithAndWithoutItsScript shows that what the script shows is in what the server sends, and the other way round.
func TestThePageTellsTheSameWithAndWithoutItsScript(t *testing.T) {
	s, origin := begin(t, "normal")
	state := s.State()
	p, silent := open(t, origin), open(t, origin)
	silent.silence()
	for path, facts := range told(state) {
		p.load(path)
		p.settled()
		eval[any](p, "document.querySelectorAll('details').forEach(d => d.open = true)")
		p.tells(path+" with its script", p.text(), facts)
		silent.visit(path)
		text, err := chromedp.Run(silent.ctx, chromedp.Text(chromedp.CSS("body")))
		silent.must(err)
		silent.tells(path+" without a script", text, facts)
	}
	if n := silent.asked("GET /api/"); n > 0 {
		t.Errorf("%d requests to the API without a script", n)
	}
}

// tells checks that all facts are in a text.
func (p *tab) tells(what, text string, facts []string) {
	p.t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	for _, fact := range facts {
		if !strings.Contains(text, strings.Join(strings.Fields(fact), " ")) {
			p.t.Errorf("%s does not say %q; it says:\n%s", what, fact, text)
		}
	}
}

// told lists what each page has to tell of a state.
func told(s window.State) map[string][]string {
	pages := map[string][]string{"/health": {s.Program.Version, s.Source.URL}}
	for _, e := range s.Environments {
		facts := []string{e.Name, e.State, e.Revision[:7], e.Commit.Author, e.Commit.Subject}
		pages["/"] = append(pages["/"], facts...)
		own := append(facts, e.Reason, e.Drift.Object, e.Drift.Manager)
		for _, c := range e.Checks {
			own = append(own, c.Type, c.Reason, c.Message)
		}
		if e.Held != nil {
			own = append(own, e.Held.Hash, e.Held.Objects[0])
		}
		for _, f := range e.Fights {
			own = append(own, f.Object, f.Manager)
		}
		pages["/environments/"+e.Name] = own
	}
	for _, p := range s.Pools {
		pages["/"] = append(pages["/"], p.Name, p.State, p.Reason)
		own := []string{p.Name, p.State, p.Reason, p.Target}
		for _, a := range p.Agents {
			own = append(own, a.Name, a.State)
		}
		for _, u := range p.Unmatched {
			own = append(own, u.Label, u.Why)
		}
		if p.Decision != nil {
			own = append(own, p.Decision.Terms[0].Reason)
		}
		for _, c := range p.Checks {
			own = append(own, c.Type, c.Reason, c.Message)
		}
		own = append(own, "majordomo explain "+p.Environment+"/"+p.Name, fmt.Sprint(p.Waits.Count), fmt.Sprint(p.Startups.Count))
		pages["/pools/"+p.Key()] = own
	}
	return pages
}
