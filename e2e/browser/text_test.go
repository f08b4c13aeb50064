package browser_test

import (
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

// TestWithoutAScriptThePageTellsTheSame shows that what the script shows is in what the server sends.
func TestWithoutAScriptThePageTellsTheSame(t *testing.T) {
	s, origin := begin(t, "normal")
	state := s.State()
	p := open(t, origin)
	p.silence()
	for path, facts := range told(state) {
		p.visit(path)
		text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS("body")))
		p.must(err)
		text = strings.Join(strings.Fields(text), " ")
		for _, fact := range facts {
			if !strings.Contains(text, strings.Join(strings.Fields(fact), " ")) {
				t.Errorf("%s without a script does not say %q; it says:\n%s", path, fact, text)
			}
		}
	}
	if n := p.asked("GET /api/"); n > 0 {
		t.Errorf("%d requests to the API without a script", n)
	}
}

// told lists what each page has to tell of a state.
func told(s window.State) map[string][]string {
	pages := map[string][]string{"/health": {s.Program.Version, s.Source.URL}}
	for _, e := range s.Environments {
		facts := []string{e.Name, e.State, e.Revision[:7], e.Commit.Author, e.Commit.Subject}
		pages["/"] = append(pages["/"], facts...)
		own := append(facts, e.Reason, e.Drift.Object, e.Drift.Manager)
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
		pages["/pools/"+p.Key()] = own
	}
	return pages
}
