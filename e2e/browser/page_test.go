package browser_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	patience = 90 * time.Second // how long anything may take on a busy machine
	budget   = 60 << 10         // bytes that all assets of the page may have, compressed
)

// tab is a tab of the browser with storage of its own, which must not complain of anything.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string // of all that it may load

	pictures   string // folder
	mu         sync.Mutex
	complaints []string
	excused    []string // what complaints may contain
	requests   []string
	assets     map[network.RequestID]string
	heads      map[network.RequestID]float64 // bytes of the headers
	sizes      map[string]float64            // of assets, compressed, by URL
}

// watch reports what goes against the policy to the console, which the test reads.
const watch = `addEventListener('securitypolicyviolation', e => console.error('policy violated: ' + e.effectiveDirective + ' ' + e.blockedURI + ' ' + e.sample))`

// open opens a tab of 1280 by 800 on nothing yet.
func open(t *testing.T, origin string) *tab {
	t.Helper()
	needChromium(t)
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx, pictures: t.ArtifactDir(), origin: origin, assets: map[network.RequestID]string{}, heads: map[network.RequestID]float64{}, sizes: map[string]float64{}}
	p.must(chromedp.Do(ctx))
	p.must(chromedp.Listen(ctx, p.hear))
	call(p, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	p.size(1280, 800)
	t.Cleanup(func() {
		p.finish()
		cancel()
	})
	return p
}

// finish fails the test for whatever the page complained of.
func (p *tab) finish() {
	if p.t.Failed() {
		p.picture()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		if !contains(c, p.excused) {
			p.t.Errorf("the page complains: %s", c)
		}
	}
	total := 0.0
	for _, n := range p.sizes {
		total += n
	}
	if total > budget {
		p.t.Errorf("the assets of the page have %.0f bytes, more than %d: %v", total, budget, p.sizes)
	}
}

// picture keeps what was to be seen when the test failed, where go test -artifacts asks for it.
func (p *tab) picture() {
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(p.pictures, "page.png"), png, 0o600)
	}
	if err != nil {
		p.t.Logf("no picture: %v", err)
	}
}

// hear notes what the browser tells.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			var text []string
			for _, a := range e.Args {
				text = append(text, strings.Trim(string(a.Value), `"`)+a.Description)
			}
			p.complain("console: %s", strings.Join(text, " "))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.complain("exception: %s", text)
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Source == "security" {
			p.complain("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *cdpage.EventJavascriptDialogOpening:
		p.complain("dialog: %s", e.Message)
		go func() { // this function must not call the browser
			_, _ = chromedp.Call(p.ctx, cdpage.HandleJavaScriptDialog, cdpage.HandleJavaScriptDialogParams{})
		}()
	case *network.EventRequestWillBeSent:
		p.request(e)
	case *network.EventResponseReceived:
		p.heads[e.RequestID] = e.Response.EncodedDataLength
	case *network.EventLoadingFinished:
		if u, ok := p.assets[e.RequestID]; ok {
			p.sizes[u] = max(p.sizes[u], e.EncodedDataLength-p.heads[e.RequestID]) // a cached one has 0
		}
	}
}

// complain notes a complaint. The caller holds the lock.
func (p *tab) complain(format string, args ...any) {
	p.complaints = append(p.complaints, fmt.Sprintf(format, args...))
}

// request notes what is loaded, and complains of any other host. The caller holds the lock.
func (p *tab) request(e *network.EventRequestWillBeSent) {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		p.complain("request: %v", err)
		return
	}
	if u.Scheme == "data" || u.Scheme == "about" {
		return
	}
	p.requests = append(p.requests, e.Request.Method+" "+u.RequestURI())
	if u.Scheme+"://"+u.Host != p.origin {
		p.complain("request to another host: %s", e.Request.URL)
	}
	if strings.HasPrefix(u.Path, "/assets/") {
		p.assets[e.RequestID] = e.Request.URL
	}
}

// excuse lists what the page may complain of, because the test does it.
func (p *tab) excuse(texts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.excused = append(p.excused, texts...)
}

// asked tells whether the page has sent a request that begins so: "GET /api/v1/state".
func (p *tab) asked(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func contains(text string, any []string) bool {
	for _, a := range any {
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.EmulateViewport(width, height)))
}

// prefer sets media features: prefer("color-scheme", "dark").
func (p *tab) prefer(pairs ...string) {
	p.t.Helper()
	var features []*emulation.MediaFeature
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: "prefers-" + pairs[i], Value: pairs[i+1]})
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// load goes to an address of the origin and waits until the page is alive.
func (p *tab) load(path string) {
	p.t.Helper()
	p.visit(path)
	p.ready()
}

// visit goes to an address of the origin, whether or not the page has a script.
func (p *tab) visit(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(p.origin+path)); err != nil {
		p.t.Fatalf("go to %s: %v", path, err)
	}
}

// ready waits until the script has taken the page over and shows a state.
func (p *tab) ready() {
	p.t.Helper()
	p.until("the page is alive", `document.querySelector('.pulse:not(.is-starting)') || document.querySelector('form input[name=token]')`)
}

// press sends keys one by one, each to what has the focus then. A key that the page takes for itself writes nothing.
func (p *tab) press(keys ...string) {
	p.t.Helper()
	for _, key := range strings.Join(keys, "") {
		var down, up *input.DispatchKeyEventParams
		for _, k := range kb.Encode(key) {
			switch k.Type {
			case kb.KeyUp:
				up = k
			case kb.KeyChar:
				down.Type, down.Text = input.DispatchKeyEventTypeKeyDown, k.Text
			default:
				down = k
			}
		}
		call(p, input.DispatchKeyEvent, *down)
		call(p, input.DispatchKeyEvent, *up)
	}
}

// write types a text into what has the focus.
func (p *tab) write(text string) {
	p.t.Helper()
	p.press(text)
}

// until waits until a JavaScript expression is true.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	var last error
	for time.Now().Before(deadline) {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`!!(`+expression+`)`))
		if ok && err == nil {
			return
		}
		last = err // a page that is just being replaced has no answer
		select {
		case <-tick.C:
		case <-p.t.Context().Done():
			p.t.Fatal(p.t.Context().Err())
		}
	}
	p.t.Fatalf("waited %s until %s: %s is not so (%v); complaints: %q; the page says:\n%.1500s", patience, what, expression, last, p.complaints, p.text())
}

// text is what a person reads.
func (p *tab) text() string {
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ''`))
	if err != nil {
		return err.Error()
	}
	return s
}

// says waits until the page has a text.
func (p *tab) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the page says %q", text), fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// eval is the value of a JavaScript expression.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// click clicks the button or link that has this text, or this name for those who do not see it.
func (p *tab) click(name string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button, a, summary')].find(e => e.checkVisibility() && (e.innerText.trim() === %q || e.getAttribute('aria-label') === %[1]q))`, name)
	p.until(fmt.Sprintf("there is %q to click", name), find)
	eval[any](p, find+`.click()`)
}

// settled waits until the page has asked for all that it shows.
func (p *tab) settled() {
	p.t.Helper()
	p.until("nothing more is asked for", `!document.body.innerText.includes('Asking')`)
}
