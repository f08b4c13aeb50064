package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"majordomo.dev/reconciler/secret"
)

const canary = "canary-5cd1"

// holder has a secret in each place that printing treats in its own way.
type holder struct {
	Open   secret.String
	Ptr    *secret.String
	List   []secret.String
	Map    map[string]secret.String
	Any    any
	Nested struct{ Deep secret.String }
	secret.String
	hidden    secret.String
	hiddenPtr *secret.String
	hiddenAny any
	hiddenMap map[secret.String]secret.String
}

func hold(s secret.String) holder {
	h := holder{Open: s, Ptr: &s, List: []secret.String{s}, Map: map[string]secret.String{"k": s}, Any: s, String: s}
	h.Nested.Deep = s
	h.hidden, h.hiddenPtr, h.hiddenAny, h.hiddenMap = s, &s, s, map[secret.String]secret.String{s: s}
	return h
}

// plain is a holder without methods of its own, which an embedded secret lends.
type plain struct {
	Open   secret.String
	Ptr    *secret.String
	List   []secret.String
	Map    map[secret.String]secret.String
	Any    any
	hidden secret.String
	ptr    *secret.String
	value  any
}

func holdPlain(s secret.String) plain {
	return plain{s, &s, []secret.String{s}, map[secret.String]secret.String{s: s}, s, s, &s, s}
}

// places are values that hold the secret, from bare to deep.
func places(s secret.String) map[string]any {
	h, p := hold(s), holdPlain(s)
	pp := &p
	return map[string]any{
		"bare": s, "pointer": &s, "list": []any{s, &s}, "array": [1]secret.String{s}, "map": map[string]any{"k": s},
		"map key": map[secret.String]int{s: 1}, "embedded": h, "pointer to embedded": &h, "struct": p, "pointer to struct": &p,
		"pointer to pointer": &pp, "list of structs": []plain{p}, "map of structs": map[string]*plain{"k": &p},
	}
}

// shown returns the form, of those that a printer may give it, in which out shows the canary; "" if in none.
func shown(out string) string {
	bare := []byte(canary)
	forms := []string{canary, canary[:6], base64.StdEncoding.EncodeToString(bare)[:12]}
	for _, verb := range []string{"%x", "%X", "% x", "% X", "%# x", "%#v", "%d", "%o", "%b", "%U"} {
		forms = append(forms, strings.Trim(strings.TrimPrefix(fmt.Sprintf(verb, bare), "[]byte"), "[]{}"))
	}
	for _, form := range forms {
		if strings.Contains(out, form) {
			return form
		}
	}
	return ""
}

func wantHidden(t *testing.T, how, out string) {
	t.Helper()
	if form := shown(out); form != "" {
		t.Errorf("%s shows %q:\n%s", how, form, out)
	}
}

func TestNoVerbShowsIt(t *testing.T) {
	for place, v := range places(secret.New(canary)) {
		for c := 'A'; c <= 'z'; c++ {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "40", "-40", "2", ".2", "40.2", "#+040.2"} {
				verb := "%" + flags + string(c)
				wantHidden(t, place+" with "+verb, fmt.Sprintf(verb, v))
			}
		}
		wantHidden(t, place+" with Sprint", fmt.Sprint(v)+fmt.Sprintln("x", v))
		for wrong, format := range map[string]string{"too many": "x", "a width": "%*d", "a precision": "%.*d", "none such": "%[3]d"} {
			wantHidden(t, place+" as an argument that is "+wrong, fmt.Sprintf(format, v, 1))
		}
	}
}

func TestEveryVerbSaysRedacted(t *testing.T) {
	s := secret.New(canary)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%e", "%g", "%t", "%40s", "%.2s"} {
		if got := fmt.Sprintf(verb, s) + fmt.Sprintf(verb, &s); got != "REDACTEDREDACTED" {
			t.Errorf("%s of a secret and of a pointer to it is %s", verb, got)
		}
	}
}

func TestNoErrorShowsIt(t *testing.T) {
	for place, v := range places(secret.New(canary)) {
		err := fmt.Errorf("log in with %v: %w", v, errors.New("no"))
		wantHidden(t, place, fmt.Errorf("more: %w", errors.Join(err, err)).Error())
		wantHidden(t, place+" in the place of an error", fmt.Errorf("x: %w", []any{v}...).Error())
	}
}

func TestNoLogShowsIt(t *testing.T) {
	for place, v := range places(secret.New(canary)) {
		var out bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			log := slog.New(h).With("with", v)
			log.Info("x", "attribute", v, "list", []any{v})
			log.WithGroup("group").Info("x", slog.Group("deep", "deeper", v))
		}
		wantHidden(t, place, out.String())
	}
}

func TestNoEncodingShowsIt(t *testing.T) {
	for place, v := range places(secret.New(canary)) {
		inJSON, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", place, err)
		}
		wantHidden(t, place+" in JSON", string(inJSON))
		inYAML, err := yaml.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", place, err)
		}
		wantHidden(t, place+" in YAML", string(inYAML))
		inXML, _ := xml.Marshal(v) // there are no maps in XML
		wantHidden(t, place+" in XML", string(inXML))
		var out strings.Builder
		if err := template.Must(template.New("").Parse("{{.}} {{print .}} {{printf \"%x\" .}}")).Execute(&out, v); err != nil {
			t.Errorf("%s: %v", place, err)
		}
		wantHidden(t, place+" in a template", out.String())
	}
	b, err := json.Marshal(struct{ Some, None secret.String }{Some: secret.New(canary)})
	if want := `{"Some":"REDACTED","None":""}`; err != nil || string(b) != want {
		t.Errorf("in JSON it is %s, %v, want %s", b, err, want)
	}
}

func TestNoPanicShowsIt(t *testing.T) {
	for place, v := range places(secret.New(canary)) {
		func() {
			defer func() { wantHidden(t, place, fmt.Sprint(recover())) }()
			panic(v)
		}()
	}
}

func TestRevealGivesTheText(t *testing.T) {
	for _, text := range []string{canary, " \n", "\x00\xff", ""} {
		if got := secret.New(text).Reveal(); got != text {
			t.Errorf("New(%q).Reveal() = %q", text, got)
		}
	}
}

func TestNoSecretPrintsAsNothing(t *testing.T) {
	for _, s := range []secret.String{{}, secret.New("")} {
		if !s.IsZero() || s.String() != "" || s.GoString() != "" || fmt.Sprintf("%v%#v%s%d", s, s, s, s) != "" || s.LogValue().String() != "" {
			t.Errorf("no secret prints as %q", s)
		}
	}
	if s := secret.New(" "); s.IsZero() || s.String() != "REDACTED" || s.GoString() != "REDACTED" || s.LogValue().String() != "REDACTED" {
		t.Errorf("a secret of one space prints as %q", s)
	}
}

func TestABareTextIsSeen(t *testing.T) {
	for _, verb := range []string{"%s", "%v", "%x", "% x", "%#x", "%X", "%d", "%o", "%b", "%#v"} {
		if out := fmt.Sprintf(verb, struct{ text []byte }{[]byte(canary)}); shown(out) == "" {
			t.Errorf("what %s prints goes unseen: %s", verb, out)
		}
	}
}
