package browser_test

import (
	"net/url"
	"strings"
	"testing"
)

// inert collects what would show that a text of somebody else has become more than text.
const inert = `({
  pwned: window.pwned ?? null,
  handlers: [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].filter(a => /^on/i.test(a.name) || /^\s*(javascript|data|vbscript):/i.test(a.value)).map(a => e.tagName + ' ' + a.name + '=' + a.value)),
  strange: [...document.querySelectorAll('img, iframe, object, embed, base, textarea, meta[http-equiv], b')].filter(e => !(e.tagName === 'B' && e.textContent !== 'bold' || e.outerHTML === '<meta http-equiv="refresh" content="15">')).map(e => e.outerHTML),
  scripts: [...document.scripts].map(s => s.src || 'inline: ' + s.textContent.slice(0, 80)),
  links: [...document.querySelectorAll('a[href], area[href], link[href], form[action]')].map(e => e.href || e.action).filter(l => URL.canParse(l)),
})`

func TestHostileTextsStayText(t *testing.T) {
	s, origin := begin(t, "hostile")
	state := s.State()
	pages := []string{"/", "/history", "/health"}
	for i := range state.Environments[:3] {
		pages = append(pages, "/environments/"+state.Environments[i].Name, "/pools/"+state.Pools[i].Key())
	}
	for _, script := range []bool{true, false} {
		p := open(t, origin)
		if !script {
			p.silence()
		}
		for _, page := range pages {
			p.visit(page)
			if script {
				p.ready()
			}
			found := eval[struct {
				Pwned                             any
				Handlers, Strange, Scripts, Links []string
			}](p, inert)
			if found.Pwned != nil {
				t.Errorf("%s: a text ran as a script: %v", short(page), found.Pwned)
			}
			for _, h := range append(found.Handlers, found.Strange...) {
				t.Errorf("%s: a text became an element or a handler: %s", short(page), short(h))
			}
			for _, src := range found.Scripts {
				if !strings.HasPrefix(src, origin+"/assets/") {
					t.Errorf("%s: a script that is not the page's own: %s", short(page), src)
				}
			}
			for _, l := range found.Links {
				if u, err := url.Parse(l); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
					t.Errorf("%s: a link that is no web address: %s", short(page), l)
				}
			}
		}
		if script {
			p.says(`<script>window.pwned=1;alert(1)</script>`)
		}
	}
}
