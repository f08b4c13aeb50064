package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// router finds what serves a path. It takes the path as it was sent: nothing is cleaned and nothing redirected.
type router struct {
	exact    map[string]methods
	patterns []pattern
}

// methods are what a path takes.
type methods map[string]http.HandlerFunc

// pattern is a path with variables: /pools/{env}/{namespace}/{pool}. Each stands for one part of the path, which is not empty.
type pattern struct {
	path    string
	parts   []string
	methods methods
}

// handle has a method of a path, or of a pattern, served.
func (r *router) handle(method, path string, serve http.HandlerFunc) {
	if r.exact == nil {
		r.exact = map[string]methods{}
	}
	if !strings.Contains(path, "{") {
		if r.exact[path] == nil {
			r.exact[path] = methods{}
		}
		r.exact[path][method] = serve
		return
	}
	i := slices.IndexFunc(r.patterns, func(p pattern) bool { return p.path == path })
	if i < 0 {
		i = len(r.patterns)
		r.patterns = append(r.patterns, pattern{path: path, parts: strings.Split(path, "/"), methods: methods{}})
	}
	r.patterns[i].methods[method] = serve
}

// find returns what a request's path takes, nil for nothing, and notes the variables of the path in the request.
func (r *router) find(q *http.Request) methods {
	if m, ok := r.exact[q.URL.Path]; ok {
		return m
	}
	parts := strings.Split(q.URL.Path, "/")
	for _, p := range r.patterns {
		if p.matches(parts) {
			for i, name := range p.parts {
				if variable(name) {
					q.SetPathValue(strings.Trim(name, "{}"), parts[i])
				}
			}
			return p.methods
		}
	}
	return nil
}

func (p pattern) matches(parts []string) bool {
	return slices.EqualFunc(p.parts, parts, func(want, is string) bool { return want == is || variable(want) && is != "" })
}

func variable(part string) bool { return strings.HasPrefix(part, "{") }

// routed is a route as lists name it.
type routed struct{ method, path string }

// list names all routes, in a fixed order.
func (r *router) list() []routed {
	var out []routed
	add := func(path string, m methods) {
		for _, method := range slices.Sorted(maps.Keys(m)) {
			out = append(out, routed{method, path})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(r.exact)) {
		add(path, r.exact[path])
	}
	for _, p := range r.patterns {
		add(p.path, p.methods)
	}
	return out
}

// dispatch finds the route by the path as it was sent.
func (h *Handler) dispatch(w http.ResponseWriter, r *http.Request) {
	takes := h.routes.find(r)
	if takes == nil {
		decline(w, r, http.StatusNotFound, "not found")
		return
	}
	method := r.Method
	if method == http.MethodHead && takes[method] == nil {
		method = http.MethodGet
	}
	serve := takes[method]
	if serve == nil {
		allowed := strings.Join(slices.Sorted(maps.Keys(takes)), ", ")
		w.Header().Set("Allow", allowed)
		decline(w, r, http.StatusMethodNotAllowed, "this path takes "+allowed+" only")
		return
	}
	h.guard(serve)(w, r)
}
