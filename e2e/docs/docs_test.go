package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/config"
)

const root = "../.."

func TestTheReferenceIsThatOfTheTypes(t *testing.T) {
	files, err := references(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what the types say; `make docs` writes it anew (-types +file):\n%s", name, diff)
		}
	}
}

func TestTheDefinitionsHaveTheFieldsOfTheTypes(t *testing.T) {
	pools, err := poolParts(root)
	if err != nil {
		t.Fatal(err)
	}
	environments, err := environmentParts(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(pools, environments...) {
		for _, problem := range disagreements(p.all, p.root, p.of, p.path) {
			t.Error(problem)
		}
	}
}

func TestEveryFieldSaysWhatItIs(t *testing.T) {
	fleet, err := objects(filepath.Join(root, "reconciler/config"), "fleetFile")
	if err != nil {
		t.Fatal(err)
	}
	all := []map[string]object{fleet}
	pools, err := poolParts(root)
	if err != nil {
		t.Fatal(err)
	}
	environments, err := environmentParts(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(pools, environments...) {
		all = append(all, p.all)
	}
	for _, types := range all {
		for name, o := range types {
			for _, f := range o.fields {
				if f.doc == "" || f.kind.name == "" {
					t.Errorf("%s.%s: text %q, kind %q: neither may be missing", name, f.name, f.doc, f.kind.name)
				}
			}
		}
	}
}

func TestTheDefaultsOfThePageAreThoseOfTheProgram(t *testing.T) {
	types, err := objects(filepath.Join(root, "reconciler/config"), "fleetFile")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range types["pruneFile"].fields {
		got[f.name] = f.markers["default"]
	}
	d := config.DefaultPrune()
	if want := map[string]string{"maxObjects": fmt.Sprint(d.MaxObjects), "maxPercent": fmt.Sprint(d.MaxPercent)}; !cmp.Equal(got, want) {
		t.Errorf("defaults of prune: %v, want %v", got, want)
	}
	for _, f := range types["fleetFile"].fields {
		if f.name == "environments" && f.markers["maxItems"] != fmt.Sprint(config.MaxEnvironments) {
			t.Errorf("up to %s environments, want %d", f.markers["maxItems"], config.MaxEnvironments)
		}
	}
}

// fleetSchema is the committed schema, ready to judge a fleet.yaml.
func fleetSchema(t *testing.T) func(text []byte) error {
	t.Helper()
	data, err := os.ReadFile(root + "/docs/reference/fleet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fleet.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("fleet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) error {
		asJSON, err := yaml.YAMLToJSON(text)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			return err
		}
		return s.Validate(doc)
	}
}

func TestTheSchemaAcceptsTheFleetOfThisRepository(t *testing.T) {
	text, err := os.ReadFile(root + "/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := fleetSchema(t)(text); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaAndTheProgramAgree(t *testing.T) {
	const head = "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\n"
	env := func(fields string) string {
		return head + "environments:\n- {name: a, path: overlays/a" + fields + "}\n"
	}
	told := func(fields string) string {
		return env("") + "notifications:\n- {name: people, " + fields + "}\n"
	}
	valid := fleetSchema(t)
	for name, text := range map[string]string{
		"good: least":             env(""),
		"good: all":               env(", context: x, namespaces: [a, b], clusterKinds: [ClusterRole, aPIService], serviceAccount: a/b.c, prune: {maxObjects: 0, maxPercent: 100}"),
		"kind":                    "apiVersion: majordomo.dev/v1alpha1\nkind: Fleets\nenvironments: [{name: a, path: b}]\n",
		"version":                 "apiVersion: v1\nkind: Fleet\nenvironments: [{name: a, path: b}]\n",
		"no environments":         head,
		"empty environments":      head + "environments: []\n",
		"unknown field":           env(", namespace: x"),
		"unknown field on top":    head + "environment: []\n",
		"no name":                 head + "environments: [{path: b}]\n",
		"name in upper case":      head + "environments: [{name: A, path: b}]\n",
		"reserved name":           head + "environments: [{name: all, path: b}]\n",
		"name of 64":              head + "environments: [{name: " + strings.Repeat("a", 64) + ", path: b}]\n",
		"name that is a number":   head + "environments: [{name: 5, path: b}]\n",
		"no path":                 head + "environments: [{name: a}]\n",
		"absolute path":           head + "environments: [{name: a, path: /b}]\n",
		"path with a backslash":   head + "environments: [{name: a, path: 'b\\c'}]\n",
		"empty context":           env(", context: ' '"),
		"empty namespaces":        env(", namespaces: []"),
		"namespace that is none":  env(", namespaces: ['a*']"),
		"namespace twice":         env(", namespaces: [a, a]"),
		"cluster kind":            env(", clusterKinds: [clusterroles]"),
		"account without a name":  env(", serviceAccount: deployer"),
		"empty account":           env(", serviceAccount: ''"),
		"negative prune":          env(", prune: {maxObjects: -1}"),
		"percent over 100":        env(", prune: {maxPercent: 101}"),
		"prune as a text":         env(", prune: {maxPercent: '20'}"),
		"unknown field of prune":  env(", prune: {percent: 20}"),
		"good: chat":              told("slack: {webhookFrom: {file: slack-url}}, environments: [a], events: [failed, held]"),
		"good: mail":              told("email: {server: 'smtp.example.com:587', from: a@example.com, to: [b@example.com]}"),
		"good: commits":           told("github: {repository: acme/fleet, tokenFrom: {file: token}}"),
		"no place to tell":        told("events: [failed]"),
		"two places to tell":      told("slack: {webhookFrom: {file: x}}, teams: {webhookFrom: {file: x}}"),
		"unknown event":           told("slack: {webhookFrom: {file: x}}, events: [broken]"),
		"a secret in the open":    told("slack: {webhook: 'https://hooks.example.com/x'}"),
		"no token":                told("github: {repository: acme/fleet}"),
		"environments as objects": head + "environments: {a: {path: b}}\n",
	} {
		_, program := config.ParseFleet("fleet.yaml", []byte(text))
		schema := valid([]byte(text))
		good := strings.HasPrefix(name, "good")
		if (program == nil) != good || (schema == nil) != good {
			t.Errorf("%s: the program says %v, the schema %v; want that both accept: %t", name, program, schema, good)
		}
	}
}

func TestTheSchemaIsOneItself(t *testing.T) {
	data, err := os.ReadFile(root + "/docs/reference/fleet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil || doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Fatalf("dialect %v, error %v", doc["$schema"], err)
	}
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(any(doc)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsWrongWithATypeIsSaid(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"no comment":      {"type T struct {\n\tA string `json:\"a\"`\n}", "no comment"},
		"no tag":          {"type T struct {\n\tA string // text\n}", "no tag"},
		"no struct":       {"type T string", "is no struct"},
		"none":            {"type U string", "is no struct"},
		"unknown marker":  {"type T struct {\n\t// Text.\n\t// +least=1\n\tA string `json:\"a\"`\n}", "no marker +least"},
		"marker's number": {"type T struct {\n\t// Text.\n\t// +minimum=x\n\tA int `json:\"a\"`\n}", "+minimum"},
		"other type":      {"type T struct {\n\tA chan int `json:\"a\"` // text\n}", "no schema for"},
		"good":            {"type T struct {\n\tA []U `json:\"a\"` // text\n}\ntype U struct {\n\tB int `json:\"b\"` // number\n}", ""},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "t.go"), []byte("package t\n\n"+test.source+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := objects(dir, "T")
		if err == nil {
			_, err = schemaOf(all, "T")
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestADefinitionThatDiffersIsFound(t *testing.T) {
	all := map[string]object{
		"T": {fields: []field{{name: "a", kind: kind{name: "list", of: &kind{name: "object", object: "U"}}}, {name: "c"}}},
		"U": {fields: []field{{name: "b"}}},
	}
	p := &property{Properties: map[string]*property{"a": {Items: &property{Properties: map[string]*property{"x": {}}}}}}
	want := []string{
		".a.b is a field of the program, but not of the definition", ".a.x is a field of the definition, but not of the program",
		".c is a field of the program, but not of the definition",
	}
	if got := disagreements(all, "T", p, ""); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
