package browser_test

// layout lists what a person could not read: a page that scrolls sideways, text that is cut off without a sign of it, or that something else
// covers, and boxes that leave the screen. What scrolls by itself, as a wide table does, may be as wide as it likes.
const layout = `(() => {
  const out = [], wide = innerWidth
  const say = (what, e, more = '') => out.push(what + ': <' + e.tagName.toLowerCase() + (e.className ? ' class="' + (e.className.baseVal ?? e.className) + '"' : '') + '> ' + (e.textContent || '').trim().slice(0, 60) + ' ' + more)
  const root = document.scrollingElement
  if (root.scrollWidth > wide) out.push('the page is ' + root.scrollWidth + ' px wide on a screen of ' + wide)
  const hidden = e => !e.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })
  const veiled = e => { // for screen readers only
    for (; e && e !== document.body; e = e.parentElement) { const r = e.getBoundingClientRect(); if (r.width <= 1 || r.height <= 1) return true }
    return false
  }
  const scrolls = e => { for (; e && e !== document.documentElement; e = e.parentElement) { const s = getComputedStyle(e); if (/auto|scroll/.test(s.overflowX) || /auto|scroll/.test(s.overflowY)) return e } return null }
  const block = e => { while (e && getComputedStyle(e).display === 'inline') e = e.parentElement; return e } // within it, text flows
  const cuts = e => { for (; e && e !== document.body; e = e.parentElement) { const s = getComputedStyle(e); if (/hidden|clip/.test(s.overflowX) && s.display !== 'inline') return e } return null }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let n; (n = walker.nextNode()) && out.length < 20;) {
    const e = n.parentElement
    if (!n.textContent.trim() || hidden(e) || veiled(e) || e.closest('svg, script, style, noscript, option')) continue
    const edge = cuts(e), cut = edge?.getBoundingClientRect()
    if (edge && edge.scrollWidth > edge.clientWidth + 1 && !/ellipsis/.test(getComputedStyle(edge).textOverflow) && getComputedStyle(edge).webkitLineClamp === 'none') say('cut off', e)
    const range = document.createRange()
    range.selectNodeContents(n)
    const box = scrolls(e), frame = box?.getBoundingClientRect()
    for (const r of range.getClientRects()) {
      if (r.width < 2 || r.height < 2) continue
      const x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2
      if (frame && (x < frame.left || x > frame.right || y < frame.top || y > frame.bottom)) continue
      if (cut && (x < cut.left || x > cut.right || y < cut.top || y > cut.bottom)) continue
      if (!box && !edge && (r.right > wide + 1 || r.left < -1)) { say('leaves the screen', e, Math.round(r.left) + '..' + Math.round(r.right)); break }
      if (x < 0 || y < 0 || x >= wide || y >= innerHeight) continue
      const over = document.elementFromPoint(x, y)
      if (over && over !== e && !e.contains(over) && !over.contains(e) && block(over) !== block(e) && getComputedStyle(over).pointerEvents !== 'none') { say('covered', e, 'by <' + over.tagName.toLowerCase() + ' class="' + (over.className.baseVal ?? over.className) + '">'); break }
    }
  }
  return out
})()`

// readable fails the test for what a person could not read at this width.
func (p *tab) readable(what string) {
	p.t.Helper()
	for _, problem := range eval[[]string](p, layout) {
		p.t.Errorf("%s: %s", short(what), problem)
	}
}
