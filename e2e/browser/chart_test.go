package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/input"

	"majordomo.dev/reconciler/window"
)

func TestChartsGoOnWithEachLook(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.load("/pools/gke/jenkins-gke/linux")
	p.until("the chart is drawn", `document.querySelector('.u-over')`)
	s.Change(func(state *window.State) {
		for i := range state.Pools {
			state.Pools[i].Queued = 777
		}
	})
	eval[any](p, `window.begun = Date.now()`)
	p.until("a look is later than those before", `Date.now() - window.begun > 1100`)
	s.Look()
	p.says("at most 777 builds waited")
}

func TestDraggingOverAChartZoomsIntoIt(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	p.size(1440, 1000)
	p.load("/pools/gke/jenkins-gke/linux")
	p.until("the chart is drawn", `document.querySelector('.u-over')?.getBoundingClientRect().width > 200`)
	at := eval[[]float64](p, `(e => { e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return [r.left, r.width, r.top + r.height / 2] })(document.querySelector('.u-over'))`)
	left, width, y := at[0], at[1], at[2]
	move := func(kind input.DispatchMouseEventType, part float64) {
		call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: left + width*part, Y: y, Button: input.MouseButtonLeft, ClickCount: 1})
	}
	move("mouseMoved", 0.25)
	move("mousePressed", 0.25)
	move("mouseMoved", 0.3)
	move("mouseMoved", 0.5)
	move("mouseReleased", 0.5)
	const shown = `(q => Number(q.get('to')) - Number(q.get('from')))(new URLSearchParams(location.search))`
	p.until("a quarter of the hour is in the address", shown+` > 600 && `+shown+` < 1200`)
	p.until("the chart is that of the address", `document.querySelector('.u-over')`)
	p.click("1 h")
	p.until("the hour is back", `!new URLSearchParams(location.search).has('from')`)
}
