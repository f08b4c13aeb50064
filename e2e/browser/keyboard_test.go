package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// reach walks through the page by Tab: what has the focus is noted, and whether one sees that it has.
const reach = `(() => {
  const e = document.activeElement
  if (!e || e === document.body) return 'end'
  window.reached ??= new Set()
  if (window.reached.has(e)) return 'again'
  window.reached.add(e)
  const s = getComputedStyle(e), seen = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none'
  return seen ? '' : 'unseen: ' + e.outerHTML.slice(0, 200)
})()`

// missed lists what can be used and was not reached.
const missed = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility() && !window.reached.has(e)).map(e => e.outerHTML.slice(0, 200))`

func TestTabReachesEverythingAndShowsWhereItIs(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	for _, view := range []string{"/", "/environments/gke", "/pools/gke/jenkins-gke/arm", "/history", "/health"} {
		p.load(view)
		p.settled()
		for range 400 {
			p.press(kb.Tab)
			where := eval[string](p, reach)
			if where == "end" || where == "again" {
				break
			}
			if where != "" {
				t.Errorf("%s: the focus cannot be seen: %s", view, where)
			}
		}
		for _, e := range eval[[]string](p, missed) {
			t.Errorf("%s: Tab does not reach %s", view, e)
		}
	}
}

func TestKeysLeadToPlaces(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	p.load("/health")
	p.press(kb.Tab)
	p.until("the first stop leads to the content", `document.activeElement.getAttribute('href') === '#main'`)
	p.press(kb.Enter)
	p.until("the content has the focus", `document.activeElement.id === 'main'`)
	for _, way := range []struct{ keys, path, focus string }{
		{"ge", "/", "environments"}, {"gh", "/history", ""}, {"gp", "/", "pools"}, {"gt", "/health", ""}, {"go", "/", ""},
	} {
		p.write(way.keys)
		p.until(way.keys+" leads to "+way.path, `location.pathname === '`+way.path+`'`)
		if way.focus != "" {
			p.until(way.keys+" leads to "+way.focus, `document.activeElement.id === '`+way.focus+`'`)
		}
	}
	p.press("/")
	p.until("/ leads to the filter", `document.activeElement.matches('input[type=search]')`)
	p.write("vag")
	p.until("the filter narrows the view down", `!document.querySelector('main').innerText.includes('overlays') && document.querySelectorAll('main h3 a[href^="/environments/"]').length === 1`)
	p.until("the filter is in the address", `new URLSearchParams(location.search).get('q') === 'vag'`)
	p.press(kb.Tab)
	p.press("?")
	p.until("? opens the help", `document.querySelector('dialog[open]')?.innerText.includes('this help')`)
	p.press(kb.Escape)
	p.until("Escape closes it", `!document.querySelector('dialog[open]')`)
}
