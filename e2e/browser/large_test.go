package browser_test

import "testing"

func TestAPoolOf500AgentsCanBeUsed(t *testing.T) {
	s, origin := begin(t, "agents")
	pool := s.State().Pools[0]
	p := open(t, origin)
	p.load("/pools/" + pool.Key())
	p.until("the agents are there", `document.querySelectorAll('#agents ~ *, section[aria-labelledby=agents] tbody tr').length > 0 && document.querySelector('section[aria-labelledby=agents]').innerText.includes('500')`)
	if n := eval[int](p, `document.querySelectorAll('*').length`); n > 8000 {
		t.Errorf("the page has %d elements", n)
	}
	const first = `document.querySelector('section[aria-labelledby=agents] tbody tr').innerText`
	p.click("Agent")
	p.until("they are sorted by name", `document.querySelector('section[aria-labelledby=agents] th[aria-sort=ascending]')`)
	up := eval[string](p, first)
	p.click("Agent")
	p.until("they are sorted the other way", `document.querySelector('section[aria-labelledby=agents] th[aria-sort=descending]')`)
	if down := eval[string](p, first); down == up {
		t.Errorf("the first agent is %q both ways", up)
	}
	last := pool.Agents[len(pool.Agents)-1]
	eval[any](p, `document.querySelector('section[aria-labelledby=agents] input[type=search]').focus()`)
	p.write(last.Name)
	p.until("one agent is left", `document.querySelectorAll('section[aria-labelledby=agents] tbody tr').length === 1 && `+first+`.includes('`+last.Name+`')`)
}

func TestFiftyEnvironmentsCanBeOverlooked(t *testing.T) {
	_, origin := begin(t, "environments")
	p := open(t, origin)
	p.load("/")
	const cards = `document.querySelectorAll('main h3 a[href^="/environments/"]').length`
	p.until("all are there", cards+` === 50`)
	p.press("/")
	p.until("the filter has the focus", `document.activeElement.matches('input[type=search]')`)
	p.write("stalled")
	p.until("those that are stalled are left", cards+` === 3`)
	for _, width := range []int64{320, 1440} {
		p.size(width, 3000)
		p.readable("filtered")
	}
}

func TestAnEmptyWorldNamesTheCommandsThatFillIt(t *testing.T) {
	_, origin := begin(t, "empty")
	p := open(t, origin)
	for view, command := range map[string]string{
		"/": "majordomo validate", "/environments/nobody": "majordomo status", "/pools/a/b/c": "kubectl get agentpools",
	} {
		p.excuse("404")
		p.load(view)
		p.says(command)
	}
	p.load("/")
	p.says("kubectl get agentpools")
	p.accessible("an empty world")
}
