package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"majordomo.dev/reconciler/window"
)

// document makes the OpenAPI document of all operations.
func document(t *testing.T) map[string]any {
	s := newSchemas(t)
	paths := map[string]any{}
	for _, o := range operations() {
		at, _ := paths[o.path].(map[string]any)
		if at == nil {
			at = map[string]any{}
			paths[o.path] = at
		}
		at[o.method] = s.operation(o)
	}
	s.of(reflect.TypeFor[events]())
	s.named["events"].(map[string]any)["description"] = "The data of the events of a stream, by name." //nolint:forcetypeassert // as made
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Majordomo", "version": "v1",
			"description": "What runs where, whether it is right, and why there are as many agents. Within v1 fields are added, and none is renamed or removed.",
		},
		"servers":  []any{map[string]any{"url": "/"}},
		"security": []any{map[string]any{}, map[string]any{"token": []any{}}, map[string]any{"session": []any{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas": s.named,
			"securitySchemes": map[string]any{
				"token":   map[string]any{"type": "http", "scheme": "bearer"},
				"session": map[string]any{"type": "apiKey", "in": "cookie", "name": cookieName},
			},
		},
	}
}

var pathVariable = regexp.MustCompile(`\{(\w+)\}`)

func (s *schemas) operation(o operation) map[string]any {
	out := map[string]any{"summary": o.summary, "operationId": o.method + strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(o.path)}
	var parameters []any
	for _, m := range pathVariable.FindAllStringSubmatch(o.path, -1) {
		parameters = append(parameters, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	for _, q := range o.query {
		parameters = append(parameters, map[string]any{"name": q[0], "in": "query", "description": q[2], "schema": map[string]any{"type": q[1]}})
	}
	if parameters != nil {
		out["parameters"] = parameters
	}
	if o.body != nil {
		out["requestBody"] = map[string]any{"required": true, "content": s.content(o.body, "")}
	}
	responses := map[string]any{}
	for code, v := range o.answers {
		responses[code] = map[string]any{"description": "as asked", "content": s.content(v, o.also)}
	}
	if strings.HasPrefix(o.path, "/api/") {
		responses["default"] = map[string]any{"description": "what is wrong", "content": s.content(Problem{}, "")}
	}
	out["responses"] = responses
	return out
}

func (s *schemas) content(v any, also string) map[string]any {
	word := map[string]any{"schema": map[string]any{"type": "string"}}
	var out map[string]any
	switch v := v.(type) {
	case markup:
		return map[string]any{"text/html": word}
	case words:
		return map[string]any{"text/plain": word}
	case streamed:
		return map[string]any{"text/event-stream": map[string]any{"schema": map[string]any{"type": "string", "description": "events; their data is JSON, see the schema events"}}}
	case map[string]any:
		return map[string]any{"application/json": map[string]any{"schema": v}}
	default:
		out = map[string]any{"application/json": map[string]any{"schema": s.of(reflect.TypeOf(v))}}
	}
	if also != "" {
		out[also] = word
	}
	return out
}

func TestOpenAPIDocumentIsThatOfTheTypes(t *testing.T) {
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetIndent("", " ")
	if err := e.Encode(document(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", want.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		description = want.Bytes()
	}
	if diff := cmp.Diff(want.String(), string(description)); diff != "" {
		t.Errorf("openapi.json is not what the types say; `go test -update` rewrites it (-want +is):\n%s", diff)
	}
	if w := ask(t, newBench(t), "/api/v1/openapi.json"); w.Code != 200 || w.Body.String() != string(description) {
		t.Errorf("it is served as %d %s", w.Code, w.Body)
	}
}

func TestOpenAPIDocumentIsValid(t *testing.T) {
	schema, err := os.ReadFile("testdata/oas31-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("oas.json", parsed(t, schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("oas.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(parsed(t, description)); err != nil {
		t.Errorf("openapi.json: %v", err)
	}
}

func TestEveryRouteIsInTheOpenAPIDocument(t *testing.T) {
	b := guarded(t, newRealm(), showing(newScene(window.State{})), remembering(before()), dressed, func(o *Options) {
		o.Plan = func(context.Context, string) (Plan, error) { return Plan{}, nil }
		o.Access.OIDC = struct{ Provider }{}
	})
	var routes, described []string
	for _, r := range b.routes.list() {
		routes = append(routes, strings.ToLower(r.method)+" "+r.path)
	}
	for _, o := range operations() {
		described = append(described, o.method+" "+o.path)
	}
	slices.Sort(routes)
	slices.Sort(described)
	if diff := cmp.Diff(routes, described); diff != "" {
		t.Errorf("routes that are not described, or not there (-there +described):\n%s", diff)
	}
}

func parsed(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// contract compiles the schemas of answers, each once.
var contract = struct {
	sync.Mutex
	get func() *jsonschema.Compiler
}{get: sync.OnceValue(func() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err == nil {
		err = c.AddResource("openapi.json", doc)
	}
	if err != nil {
		panic(err)
	}
	return c
})}

// ServeHTTP answers as the handler does, and holds the answer against the OpenAPI document: every test of an answer tests that, too.
func (b *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.Handler.ServeHTTP(w, r)
	if got, ok := w.(*httptest.ResponseRecorder); ok && got.Header().Get("Content-Type") == "application/json" && got.Body.Len() > 0 {
		b.hold(r, got)
	}
}

func (b *bench) hold(r *http.Request, got *httptest.ResponseRecorder) {
	b.tb.Helper()
	method := strings.ToLower(r.Method)
	if r.Method == http.MethodHead {
		method = "get"
	}
	at := "/components/schemas/Problem"
	if got.Code < 300 {
		at = "/paths/" + strings.NewReplacer("/", "~1", "{", "%7B", "}", "%7D").Replace(described(method, r.URL.Path)) + "/" + method +
			"/responses/" + strconv.Itoa(got.Code) + "/content/application~1json/schema"
	}
	contract.Lock()
	defer contract.Unlock()
	schema, err := contract.get().Compile("openapi.json#" + at)
	if err != nil {
		b.tb.Errorf("%s %s answers %d, which is not described: %v", r.Method, r.URL.Path, got.Code, err)
		return
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.Body.Bytes()))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		b.tb.Errorf("%s %s answers %d not as described: %v\n%s", r.Method, r.URL.Path, got.Code, err, got.Body)
	}
}

// described is the path under which a request is in the document.
func described(method, path string) string {
	parts := strings.Split(path, "/")
	for _, o := range operations() {
		if p := (pattern{parts: strings.Split(o.path, "/")}); o.method == method && p.matches(parts) {
			return o.path
		}
	}
	return path
}
