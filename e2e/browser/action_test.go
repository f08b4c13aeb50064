package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"majordomo.dev/e2e/browser/stage"
	"majordomo.dev/reconciler/access"
)

// login logs in as a person does, and ends on the first view.
func (p *tab) login(token string) {
	p.t.Helper()
	p.visit("/login")
	p.until("the page asks for a token", `document.activeElement && document.querySelector('input[name=token]')`)
	eval[any](p, `document.querySelector('input[name=token]').focus()`)
	p.write(token)
	p.press(kb.Enter)
	p.until("the login has led to the page", `location.pathname === '/' && document.querySelector('.pulse.is-live')`)
}

// tabTo presses Tab until the focus is where an expression about the element e is true.
func (p *tab) tabTo(what, expression string) {
	p.t.Helper()
	for range 300 {
		p.press(kb.Tab)
		if eval[bool](p, `(e => !!(`+expression+`))(document.activeElement)`) {
			return
		}
	}
	p.t.Fatalf("Tab does not lead to %s", what)
}

// buttons are the actions that a page offers.
const buttons = `[...document.querySelectorAll('main button')].map(b => b.innerText.trim()).filter(t => /^(Sync now|Suspend|Resume|Approve…|Scale…|Drain|Drain…|Roll back…|End scaling by hand)$/.test(t))`

func TestWhoMayOnlyLookIsOfferedNothingElse(t *testing.T) {
	_, origin := begin(t, "normal")
	for _, token := range []string{"", stage.Reader} {
		p := open(t, origin)
		if token != "" {
			p.login(token)
			p.until("the person is named", `document.body.innerText.includes('rory@example.com')`)
		}
		for _, view := range []string{"/", "/environments/gke", "/pools/gke/jenkins-gke/linux"} {
			p.load(view)
			p.settled()
			if offered := eval[[]string](p, buttons); len(offered) > 0 {
				t.Errorf("%s, token %q: offered are %q", view, token, offered)
			}
		}
	}
}

func TestALoginTakesATokenAndKeepsItFromThePage(t *testing.T) {
	s, origin := begin(t, "normal", closed)
	p := open(t, origin)
	p.excuse("401")
	p.visit("/environments/gke")
	p.until("the page asks for a token", `document.querySelector('input[name=token]')`)
	if text := p.text(); strings.Contains(text, s.State().Environments[0].Commit.Subject) {
		t.Errorf("nobody has logged in, and the page says: %s", text)
	}
	eval[any](p, `document.querySelector('input[name=token]').focus()`)
	p.write("token-of-nobody")
	p.press(kb.Enter)
	p.until("a token that is nobody's is refused", `document.querySelector('[role=alert]')?.innerText.length > 3`)
	p.login(stage.Reader)
	for what, expression := range map[string]string{
		"the page":        `document.documentElement.outerHTML + [...document.querySelectorAll('input')].map(i => i.value).join(' ')`,
		"the address":     `location.href`,
		"cookies":         `document.cookie`,
		"local storage":   `JSON.stringify({...localStorage})`,
		"session storage": `JSON.stringify({...sessionStorage})`,
	} {
		if text := eval[string](p, expression); strings.Contains(text, stage.Reader) {
			t.Errorf("the token is in %s", what)
		}
	}
	p.until("the person is named", `document.body.innerText.includes('rory@example.com')`)
	eval[any](p, `[...document.querySelectorAll('button')].find(b => b.title === 'log out').click()`)
	p.until("the page asks for a token again", `document.querySelector('input[name=token]')`)
}

func TestActionsAreDoneByKeyboardAloneAndOnlyAfterAQuestion(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.login(stage.Admin)

	p.load("/environments/gke")
	p.settled()
	p.tabTo("Sync now", `e.innerText === 'Sync now'`)
	p.press(kb.Enter)
	p.until("a question is asked", `document.querySelector('dialog[open]')`)
	if acts := s.Acts(); len(acts) > 0 {
		t.Errorf("before the answer, %+v was done", acts)
	}
	p.press(kb.Escape)
	p.until("Escape takes it back", `!document.querySelector('dialog') && document.activeElement.innerText === 'Sync now'`)
	p.press(kb.Enter)
	p.tabTo("the answer", `e.type === 'submit' && e.closest('dialog[open]')`)
	p.press(kb.Enter)
	p.until("it is said that it was done", `document.querySelector('[role=status] .notice')?.innerText.includes('sync of gke is noted')`)

	p.tabTo("the held prune", `e.innerText === 'Approve…'`)
	p.press(kb.Enter)
	p.tabTo("the reason", `e.name === 'reason' && e.closest('dialog[open]')`)
	p.write("they are gone for good")
	p.press(kb.Enter)
	p.until("it is said that it was approved", `document.querySelector('[role=status] .notice')?.innerText.includes('approve of gke is noted')`)

	acts := s.Acts()
	if len(acts) != 2 || acts[0].Do != access.Sync || acts[1].Do != access.Approve || acts[1].Who.Name != "ada@example.com" ||
		acts[1].Hash != s.State().Environments[0].Held.Hash || acts[1].Reason != "they are gone for good" {
		t.Errorf("done were %+v", acts)
	}
}

func TestAPoolIsScaledAndAnAgentDrainedFromThePage(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.login(stage.Admin)
	pool := "gke/jenkins-gke/linux"
	p.load("/pools/" + pool)
	p.settled()
	p.click("Scale…")
	p.until("a question is asked", `document.querySelector('dialog[open] input[name=replicas]')`)
	eval[any](p, `document.querySelector('dialog[open] input[name=replicas]').select()`)
	p.write("9")
	eval[any](p, `document.querySelector('dialog[open] input[name=reason]').focus()`)
	p.write("a release")
	p.press(kb.Enter)
	p.until("it is said that it was done", fmt.Sprintf(`document.querySelector('[role=status] .notice')?.innerText.includes('scale of %s is noted')`, pool))
	eval[any](p, `document.querySelector('section[aria-labelledby=agents] tbody button').click()`)
	p.until("a question is asked", `document.querySelector('dialog[open] input[name=reason]')`)
	eval[any](p, `document.querySelector('dialog[open] input[name=reason]').focus()`)
	p.write("a bad disk")
	p.press(kb.Enter)
	p.until("it is said that it was done", fmt.Sprintf(`document.querySelector('[role=status] .notice')?.innerText.includes('drain of %s is noted')`, pool))
	acts := s.Acts()
	if len(acts) != 2 || acts[0].Replicas != 9 || acts[0].For.Hours() != 2 || acts[0].Reason != "a release" || !strings.HasPrefix(acts[1].Agent, "agent-linux-") || acts[1].Reason != "a bad disk" {
		t.Errorf("done were %+v", acts)
	}
}
