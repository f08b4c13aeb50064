package web

import (
	"reflect"
	"slices"
	"strings"

	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/window"
)

// operation is one thing to ask for, as the OpenAPI document has it.
type operation struct {
	method, path string
	summary      string
	query        [][3]string // name, type, description
	body         any         // a value of the type, or a schema
	answers      map[string]any
	also         string // other type of content of the answer
}

// markup is the answer of pages, and words are that of health and metrics.
type (
	markup struct{}
	words  struct{}
)

// operations are all that the server answers, but for the actions.
func operations() []operation {
	ok := func(v any) map[string]any { return map[string]any{"200": v} }
	span := [][3]string{{"from", "integer", "Unix seconds"}, {"to", "integer", "Unix seconds"}, {"format", "string", "json or csv"}}
	return append([]operation{
		{method: "get", path: "/", summary: "The page: everything at one look.", answers: ok(markup{})},
		{method: "get", path: "/environments/{env}", summary: "The page of an environment.", answers: ok(markup{})},
		{method: "get", path: "/pools/{env}/{namespace}/{pool}", summary: "The page of a pool.", answers: ok(markup{})},
		{method: "get", path: "/history", summary: "The page of what has happened.", answers: ok(markup{})},
		{method: "get", path: "/health", summary: "The page of Majordomo itself.", answers: ok(markup{})},
		{method: "get", path: "/login", summary: "The page that leads to a login.", answers: ok(markup{})},
		{method: "get", path: "/login/oidc", summary: "Go to the provider to log in.", query: [][3]string{{"to", "string", "page to come back to"}}, answers: map[string]any{"303": words{}}},
		{
			method: "get", path: "/login/oidc/callback", summary: "Come back from the provider.", answers: ok(markup{}),
			query: [][3]string{{"state", "string", "as it was given to the provider"}, {"code", "string", "of the provider"}, {"error", "string", "of the provider"}},
		},
		{method: "get", path: "/assets/{name}", summary: "A file of the page. What is under a name never changes.", answers: ok(words{})},
		{method: "get", path: "/healthz", summary: "Whether the loop makes progress: 503 if only a restart helps.", answers: ok(words{})},
		{method: "get", path: "/readyz", summary: "Whether the process has seen its repository and clusters.", answers: ok(words{})},
		{method: "get", path: "/metrics", summary: "Metrics in the form of Prometheus.", answers: ok(words{})},
		{method: "post", path: "/hooks/git", summary: "A signed webhook of a Git host: the repository is looked at now.", body: map[string]any{"type": "object"}, answers: map[string]any{"202": words{}}},
		{method: "get", path: "/api/v1/openapi.json", summary: "This document.", answers: ok(map[string]any{"type": "object"})},
		{method: "get", path: "/api/v1/state", summary: "Everything at one moment. With If-None-Match, 304 where nothing has changed.", answers: ok(window.State{})},
		{method: "get", path: "/api/v1/environments", summary: "The statuses of the environments.", answers: ok(List{})},
		{method: "get", path: "/api/v1/pools", summary: "The specs and statuses of the pools.", answers: ok(map[string]any{"type": "object"})},
		{method: "get", path: "/api/v1/environments/{env}/plan", summary: "What a sync would do now. Nothing is written; secret values are masked.", answers: ok(Plan{})},
		{
			method: "get", path: "/api/v1/history", summary: "What became of a pool, at most 2,000 points.", also: "text/csv", answers: ok(window.Series{}),
			query: append([][3]string{{"pool", "string", "key of the pool: ENVIRONMENT/NAMESPACE/NAME"}, {"step", "integer", "seconds between two points"}}, span...),
		},
		{
			method: "get", path: "/api/v1/timeline", summary: "What has happened, the newest first.", also: "text/csv", answers: ok(Timeline{}),
			query: append([][3]string{
				{"env", "string", "of this environment only"},
				{"pool", "string", "of the pool with this key only"},
				{"kind", "string", "of this kind only"},
				{"before", "integer", "id: older ones only"},
				{"limit", "integer", "at most so many"},
			}, span...),
		},
		{
			method: "get", path: "/api/v1/stream", answers: ok(stream()),
			summary: "Server-sent events: a state first, then what changes. Last-Event-ID resumes. A comment comes every 15 seconds; bye when the process stops.",
		},
		{method: "get", path: "/api/v1/me", summary: "Who asks, and what they may do.", answers: ok(Me{})},
		{method: "post", path: "/api/v1/session", summary: "Log in with a token; the answer sets a cookie.", body: properties(reflect.TypeFor[struct {
			Token string `json:"token"`
		}](), "token"), answers: ok(Done{})},
		{method: "delete", path: "/api/v1/session", summary: "Log out.", answers: ok(Done{})},
	}, actionOperations()...)
}

// events are the data of the events of a stream, by name.
type events struct {
	State  window.State                  `json:"state"`
	Change window.Delta                  `json:"change"`
	Entry  window.Entry                  `json:"entry"`
	Sample window.Moment[history.Sample] `json:"sample"`
}

type streamed struct{}

// stream is the answer of a stream.
func stream() any { return streamed{} }

func actionOperations() []operation {
	var out []operation
	for _, of := range []struct {
		path string
		pool bool
	}{{"/api/v1/environments/{env}/", false}, {"/api/v1/pools/{env}/{namespace}/{pool}/", true}} {
		for _, a := range actions(of.pool) {
			code := "200"
			if a.name == "sync" {
				code = "202"
			}
			out = append(out, operation{
				method: "post", path: of.path + a.name, summary: "Have it done: " + a.name + ". The answer says what was.",
				body: properties(reflect.TypeFor[wish](), strings.Fields(a.fields)...), answers: map[string]any{code: Done{}},
			})
		}
	}
	return out
}

// properties is a schema with some of the fields of a struct.
func properties(t reflect.Type, names ...string) map[string]any {
	of := map[string]any{}
	for f := range fieldsOf(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if slices.Contains(names, name) {
			of[name] = (&schemas{}).of(f.Type)
		}
	}
	return map[string]any{"type": "object", "properties": of, "additionalProperties": false}
}
