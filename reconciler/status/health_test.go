package status

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/object"
)

// parse reads an object as it comes from the API server: whole numbers are int64.
func parse(tb testing.TB, text string) object.Object {
	tb.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		tb.Fatal(err)
	}
	integers(m)
	return m
}

// healthCase is one object of testdata/health with what is to be said of it.
type healthCase struct{ name, want, kstatus, text string }

func healthCases(tb testing.TB) []healthCase {
	tb.Helper()
	files, err := filepath.Glob("testdata/health/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no cases: %v", err)
	}
	var out []healthCase
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(b), "\n---\n") {
			c := healthCase{text: doc}
			for line := range strings.Lines(doc) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				switch key {
				case "# case":
					c.name = value
				case "# want":
					c.want = value
				case "# kstatus":
					c.kstatus = value
				}
			}
			out = append(out, c)
		}
	}
	return out
}

func TestHealth(t *testing.T) {
	for _, c := range healthCases(t) {
		t.Run(c.name, func(t *testing.T) {
			state, message := Health(parse(t, c.text))
			if got := string(state) + " " + message; got != c.want {
				t.Errorf("Health = %q, want %q", got, c.want)
			}
		})
	}
}

// Where the rules are stricter than those of kstatus, the case says what kstatus would say; everywhere else both agree.
func TestHealthAgreesWithKstatus(t *testing.T) {
	for _, c := range healthCases(t) {
		t.Run(c.name, func(t *testing.T) {
			want := c.kstatus
			if want == "" {
				want, _, _ = strings.Cut(c.want, " ")
			}
			got, err := kstatus.Compute(&unstructured.Unstructured{Object: parse(t, c.text)})
			if err != nil || string(got.Status) != want {
				t.Errorf("kstatus says %v (%v), the case says %s", got, err, want)
			}
		})
	}
}

func TestHealthOfNumbersAsFloats(t *testing.T) {
	o := parse(t, `{apiVersion: v1, kind: ReplicationController, metadata: {name: a, namespace: b}, spec: {}, status: {}}`)
	o["spec"] = map[string]any{"replicas": float64(2)}
	o["status"] = map[string]any{"fullyLabeledReplicas": 2, "readyReplicas": float64(2), "availableReplicas": 2, "replicas": 2}
	if state, message := Health(o); state != Current {
		t.Errorf("Health = %s %s, want Current", state, message)
	}
}

// FuzzHealth: whatever an object looks like, there is a verdict and no panic.
func FuzzHealth(f *testing.F) {
	for _, c := range healthCases(f) {
		b, err := json.Marshal(parse(f, c.text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"Pod","status":{"phase":7,"conditions":{"a":1},"containerStatuses":[1,{"state":[]}]},"metadata":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var o object.Object
		if json.Unmarshal(b, &o) != nil {
			return
		}
		switch state, message := Health(o); state {
		case Current, InProgress, Failed, Terminating:
			if len(message) > maxText || message != Clean(message, maxText) {
				t.Errorf("message %q is not clean", message)
			}
		default:
			t.Errorf("no verdict: %q", state)
		}
	})
}
