package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"majordomo.dev/e2e/browser/stage"
	"majordomo.dev/reconciler/window"
)

// commit lets an environment arrive at a commit with this subject.
func commit(s *stage.Stage, subject string) {
	s.Change(func(state *window.State) {
		e := &state.Environments[0]
		e.Revision = "feedc0de" + e.Revision[8:]
		e.Commit = &window.Commit{Revision: e.Revision, Author: "Ada Okafor", Subject: subject, Time: time.Now()}
	})
}

func TestAChangeIsOnThePageWithoutLoadingItAnew(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.load("/")
	p.until("the page is live", `document.querySelector('.pulse.is-live')`)
	eval[bool](p, `window.same = true`)
	commit(s, "gke: one more agent")
	p.says("gke: one more agent")
	s.Add(window.Entry{Kind: window.Synced, Environment: "gke", Text: "7 objects changed to commit feedc0d"})
	p.says("7 objects changed to commit feedc0d")
	s.Change(func(state *window.State) {
		for i := range state.Pools {
			state.Pools[i].Queued, state.Pools[i].State, state.Pools[i].Reason = 987, window.Limited, "987 builds wait for 6 agents"
		}
	})
	p.says("987 builds wait for 6 agents")
	if !eval[bool](p, `window.same === true`) {
		t.Error("the page was loaded anew")
	}
}

func TestALostConnectionIsSaidAndNothingIsMissedAfterwards(t *testing.T) {
	s, server := begin(t, "normal")
	w := lay(t, server[len("http://"):])
	p := open(t, "http://"+w.address)
	p.excuse("ERR_")
	p.load("/")
	p.until("the page is live", `document.querySelector('.pulse.is-live')`)
	w.cut()
	p.until("the banner says since when", `/Stale since \d/.test(document.querySelector('.banner')?.innerText ?? '')`)
	for _, text := range []string{"first of the silence", "second of the silence", "third of the silence"} {
		s.Add(window.Entry{Kind: window.Synced, Environment: "gke", Text: text})
	}
	commit(s, "while nobody could see it")
	w.mend()
	p.until("the banner goes", `!document.querySelector('.banner') && document.querySelector('.pulse.is-live')`)
	p.says("while nobody could see it")
	for _, text := range []string{"first of the silence", "second of the silence", "third of the silence"} {
		p.until(text+" is there once", `document.querySelector('main').innerText.split('`+text+`').length === 2`)
	}
}

func TestWhereTheStreamDoesNotComeThroughThePageAsks(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.excuse("ERR_BLOCKED_BY_CLIENT")
	call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/api/v1/stream*", Block: true}}})
	p.load("/")
	p.until("the page says that it asks", `document.querySelector('.pulse.is-polling')`)
	commit(s, "without a stream")
	p.says("without a stream")
	if eval[bool](p, `!!document.querySelector('.banner')`) {
		t.Error("the page calls the state stale, which it asks for")
	}
}

func TestPauseHoldsThePageStill(t *testing.T) {
	s, origin := begin(t, "normal")
	p := open(t, origin)
	p.load("/")
	p.until("the page is live", `document.querySelector('.pulse.is-live')`)
	p.click("Pause")
	p.until("the page is paused", `document.querySelector('.pulse.is-paused')`)
	commit(s, "during the pause")
	asked := p.asked("GET /api/v1/")
	p.until("some seconds go by", `(window.began ??= performance.now()) + 3000 < performance.now()`)
	if text := p.text(); contains(text, []string{"during the pause"}) || p.asked("GET /api/v1/") != asked {
		t.Errorf("the page has gone on during the pause: %s", text)
	}
	p.click("Go on")
	p.says("during the pause")
}
