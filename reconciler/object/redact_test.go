package object

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const canary = "c4n4ry-9d1f"

func TestRedactMasksEveryPlaceOfASecret(t *testing.T) {
	secret := obj("v1", "Secret", "j", "s")
	secret["data"] = map[string]any{"any": canary, "number": int64(5)}
	secret["stringData"] = map[string]any{"any": canary}
	annotated := obj("v1", "ConfigMap", "j", "a")
	annotated.SetAnnotation(LastApplied, `{"data":"`+canary+`"}`)
	annotated.SetAnnotation("example.com/api-token", canary)
	config := obj("v1", "ConfigMap", "j", "c")
	config["data"] = map[string]any{"jenkins-password": canary, "url": "https://user:" + canary + "@host/path"}
	pod := obj("v1", "Pod", "j", "p")
	pod["spec"] = map[string]any{"containers": []any{map[string]any{"name": "c", "env": []any{map[string]any{"name": "JENKINS_TOKEN", "value": canary}}}}}
	for _, o := range []Object{secret, annotated, config, pod} {
		b, _ := json.Marshal(Redact(o))
		if strings.Contains(string(b), canary) {
			t.Errorf("%s: redacted is %s", o.ID(), b)
		}
		for _, c := range Diff(obj(o.APIVersion(), o.Kind(), "j", o.ID().Name), o) {
			if strings.Contains(c.String(), canary) {
				t.Errorf("%s: change %s", o.ID(), c)
			}
		}
	}
	if !strings.Contains(fmt.Sprint(secret), canary) {
		t.Error("Redact changed the original")
	}
}

func TestRedactTextMasksValuesAsTheyStandAndDecoded(t *testing.T) {
	s := obj("v1", "Secret", "j", "s")
	s["data"] = map[string]any{"password": "c2VjcmV0LXZhbHVl", "n": int64(7766554433)} // "secret-value"
	got := RedactText("bad: c2VjcmV0LXZhbHVl or secret-value or 7766554433 at https://u:p@host/x", s)
	if want := "bad: (sensitive) or (sensitive) or (sensitive) at https://REDACTED@host/x"; got != want {
		t.Errorf("RedactText = %q, want %q", got, want)
	}
}

// A Secret's value never gets through, whatever shape it has.
func TestRedactProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[a-zA-Z0-9]{8,20}`).Draw(t, "value")
		key := rapid.StringMatching(`[a-z.]{1,10}`).Draw(t, "key")
		s := obj("v1", "Secret", "j", "s")
		var v any = "x" + value
		for range rapid.IntRange(0, 3).Draw(t, "depth") {
			v = map[string]any{key: v, "list": []any{v}}
		}
		s[rapid.SampledFrom([]string{"data", "stringData"}).Draw(t, "field")] = map[string]any{key: v}
		b, _ := json.Marshal(Redact(s))
		text := fmt.Sprint(Diff(obj("v1", "Secret", "j", "s"), s))
		if strings.Contains(string(b)+text, value) {
			t.Fatalf("value %q is in %s or %s", value, b, text)
		}
	})
}
