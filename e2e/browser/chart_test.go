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

// TestChartsAreDrawn looks at the pixels: areas in the colours of what agents do, and lines across the whole width.
func TestChartsAreDrawn(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	for _, theme := range []string{"light", "dark"} {
		p.prefer("color-scheme", theme)
		p.load("/pools/gke/jenkins-gke/linux")
		p.until("two charts are there", `document.querySelectorAll('canvas').length === 2`)
		p.until("both have areas and lines in "+theme, `[...document.querySelectorAll('canvas')].every(c => {
			const { data, width, height } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
			const colours = new Set(), columns = new Set();
			for (let i = 0; i < data.length; i += 4) {
				if (data[i + 3] < 200) continue;
				colours.add(data[i] >> 4 << 8 | data[i + 1] >> 4 << 4 | data[i + 2] >> 4);
				columns.add(i / 4 % width);
			}
			return colours.size > 8 && columns.size > width / 2 && height > 100;
		})`)
	}
}
