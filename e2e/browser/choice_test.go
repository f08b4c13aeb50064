package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestWhatAPersonChoosesIsInTheAddressAndSurvivesAReload(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
	p.load("/pools/gke/jenkins-gke/linux")
	p.click("6 h")
	p.click("local time")
	p.click("Agent") // the column
	p.until("the choices are in the address", `(q => q.get('range') === '6h' && q.get('tz') === 'utc' && q.get('sort') === 'name')(new URLSearchParams(location.search))`)
	p.must(chromedp.Do(p.ctx, chromedp.Reload()))
	p.ready()
	p.until("the choices are there", `[...document.querySelectorAll('[aria-pressed=true]')].some(b => b.innerText.trim() === '6 h') && [...document.querySelectorAll('button')].some(b => b.innerText.trim() === 'UTC') && document.querySelector('th[aria-sort=ascending]')?.innerText.trim() === 'Agent'`)
	p.must(chromedp.Do(p.ctx, chromedp.NavigateBack()))
	p.until("Back takes the last step back", `new URLSearchParams(location.search).get('range') !== '6h'`)
}

func TestTimesAreThoseOfTheClockThatIsChosen(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"}) // half an hour off everywhere
	p.load("/history")
	const minutes = `(() => { const t = document.querySelector('main time'); const m = /\d:(\d\d)/.exec(t?.innerText ?? ''); return m ? (Number(m[1]) - new Date(t.dateTime).getUTCMinutes() + 60) % 60 : -1 })()`
	p.until("times are local", minutes+` === 30`)
	p.click("local time")
	p.until("times are of UTC", minutes+` === 0`)
}

func TestWhoWantsNoMotionGetsNone(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	p.prefer("reduced-motion", "reduce")
	for _, view := range views {
		p.load(view)
		for _, e := range eval[[]string](p, `[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e); return [s.animationDuration, s.transitionDuration].some(d => d.split(',').some(x => parseFloat(x) > 0.011)) }).map(e => e.outerHTML.slice(0, 100))`) {
			t.Errorf("%s: something moves: %s", view, e)
		}
	}
}

func TestTheThemeThatAPersonChoosesStays(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	p.prefer("color-scheme", "light")
	p.load("/")
	const shade = `(c => { const [r, g, b] = c.match(/[\d.]+/g).map(Number); return (r + g + b) / 3 })(getComputedStyle(document.body).backgroundColor)`
	for range 3 {
		if eval[string](p, `document.documentElement.dataset.theme ?? ''`) == "dark" {
			break
		}
		eval[any](p, `document.querySelector('button[aria-label^="theme:"]').click()`)
		p.until("the button has acted", `true`)
	}
	p.until("the page is dark", shade+` < 90`)
	p.load("/health")
	p.until("it stays dark", shade+` < 90`)
}
