package web

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// Assets is what pages load beside themselves: addresses below /assets/, and what serves them.
type Assets struct {
	Script, Style, Theme, Icon string
	Files                      http.Handler
}

// page is what a template shows. The script of the page takes its place; without one it is all there is.
type page struct {
	Title       string
	View        string
	Assets      *Assets
	Live        bool // it shows a state, and is asked for again
	State       window.State
	Environment *window.Environment
	Pool        *window.Pool
	Missing     string // what there is not
	Entries     []window.Entry
	OIDC        string // where the login at the organisation begins
}

//go:embed pages
var pageFiles embed.FS

// views are the pages, each with the frame around it.
var views = func() map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range []string{"overview", "environment", "pool", "history", "health", "login"} {
		t := template.New(name).Funcs(functions)
		out[name] = template.Must(t.ParseFS(pageFiles, "pages/frame.html", "pages/"+name+".html"))
	}
	return out
}()

// policy is what a page may do: run and load what this server has under its own address, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// entriesShown is how many entries of the timeline a page has.
const entriesShown = 200

// pageRoutes adds the pages, and what they load.
func (h *Handler) pageRoutes() {
	for path, fill := range map[string]func(*http.Request, *page) error{
		"/": h.overview, "/environments/{env}": h.environment, "/pools/{env}/{namespace}/{pool}": h.pool, "/history": h.past, "/health": h.health,
	} {
		h.routes.handle(http.MethodGet, path, h.page(fill))
	}
	h.routes.handle(http.MethodGet, "/login", h.loginPage)
	if a := h.o.Assets; a != nil && a.Files != nil {
		h.routes.handle(http.MethodGet, "/assets/{name}", a.Files.ServeHTTP)
	}
}

// page serves a view of the state as far as who asks may see it.
func (h *Handler) page(fill func(*http.Request, *page) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := h.seen(r.Context())
		p := &page{Live: true, State: s}
		if err == nil {
			err = fill(r, p)
		}
		if err != nil {
			h.unknowable(w, r, err)
			return
		}
		h.render(w, p)
	}
}

func (h *Handler) render(w http.ResponseWriter, p *page) {
	p.Assets = h.o.Assets
	var out bytes.Buffer
	if err := views[p.View].ExecuteTemplate(&out, "frame", p); err != nil {
		panic(err) // templates and values are our own
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	if p.Missing != "" {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write(out.Bytes())
}

func (h *Handler) overview(_ *http.Request, p *page) error {
	p.View = "overview"
	return nil
}

func (h *Handler) environment(r *http.Request, p *page) error {
	name := r.PathValue("env")
	p.View, p.Title = "environment", status.Clean(name, 100)
	i := slices.IndexFunc(p.State.Environments, func(e window.Environment) bool { return e.Name == name })
	if i < 0 {
		p.Missing = p.Title
		return nil
	}
	p.Environment = &p.State.Environments[i]
	return h.entries(r, p, timeline.Filter{Environment: name})
}

func (h *Handler) pool(r *http.Request, p *page) error {
	key := r.PathValue("env") + "/" + r.PathValue("namespace") + "/" + r.PathValue("pool")
	p.View, p.Title = "pool", status.Clean(key, 200)
	i := slices.IndexFunc(p.State.Pools, func(p window.Pool) bool { return p.Key() == key })
	if i < 0 {
		p.Missing = p.Title
		return nil
	}
	p.Pool = &p.State.Pools[i]
	return nil
}

func (h *Handler) past(r *http.Request, p *page) error {
	p.View, p.Title = "history", "History"
	return h.entries(r, p, timeline.Filter{})
}

func (h *Handler) health(_ *http.Request, p *page) error {
	p.View, p.Title = "health", "Health"
	return nil
}

// entries adds what has happened, as far as who asks may see it.
func (h *Handler) entries(r *http.Request, p *page, f timeline.Filter) error {
	if h.o.Past == nil {
		return nil
	}
	sees, err := h.hindsight(r.Context())
	if err != nil {
		return err
	}
	f.Limit, f.Sees = entriesShown, sees
	p.Entries, _ = h.o.Past.Entries(f)
	return nil
}

// loginPage leads to a login: the script of the page offers all of them.
func (h *Handler) loginPage(w http.ResponseWriter, r *http.Request) {
	p := &page{View: "login", Title: "Log in"}
	if slices.Contains(h.logins(r), "oidc") {
		p.OIDC = "/login/oidc?to=" + url.QueryEscape(access.OwnPath(cmp.Or(r.URL.Query().Get("to"), "/")))
	}
	h.render(w, p)
}
