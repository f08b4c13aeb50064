package telemetry

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strconv"
	"time"

	"majordomo.dev/reconciler/status"
)

// The message of OTLP, as JSON. Numbers of 64 bits are texts in it, and ids are hexadecimal.
type (
	export struct {
		Resources []resource `json:"resourceSpans"`
	}
	resource struct {
		Resource attributes `json:"resource"`
		Scopes   []scope    `json:"scopeSpans"`
	}
	attributes struct {
		Attributes []attribute `json:"attributes"`
	}
	scope struct {
		Scope struct {
			Name    string `json:"name"`
			Version string `json:"version,omitempty"`
		} `json:"scope"`
		Spans []span `json:"spans"`
	}
	span struct {
		Trace  string `json:"traceId"`
		ID     string `json:"spanId"`
		Parent string `json:"parentSpanId,omitempty"`
		Name   string `json:"name"`
		Kind   int    `json:"kind"`
		Start  string `json:"startTimeUnixNano"`
		End    string `json:"endTimeUnixNano"`
		attributes
		Status outcome `json:"status"`
	}
	outcome struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text    *string `json:"stringValue,omitempty"`
		Integer *string `json:"intValue,omitempty"`
		Truth   *bool   `json:"boolValue,omitempty"`
	}
)

const (
	internal = 1 // SPAN_KIND_INTERNAL
	failed   = 2 // STATUS_CODE_ERROR
	longest  = 500
)

// encode writes passes, each a trace of its own.
func encode(passes []Span, version, instance string) []byte {
	s := scope{Spans: []span{}}
	s.Scope.Name, s.Scope.Version = "majordomo", version
	for _, p := range passes {
		s.Spans = add(s.Spans, p, id(16), "")
	}
	own := []attribute{text("service.name", "majordomo"), text("service.version", version)}
	if instance != "" {
		own = append(own, text("service.instance.id", instance))
	}
	b, err := json.Marshal(export{[]resource{{attributes{own}, []scope{s}}}})
	if err != nil {
		panic(err) // texts always have a form
	}
	return b
}

// add adds a span with its parts.
func add(all []span, s Span, trace, parent string) []span {
	own := span{
		Trace: trace, ID: id(8), Parent: parent, Name: s.Name, Kind: internal, Start: nanoseconds(s.Start), End: nanoseconds(s.End),
		attributes: attributes{list(s.Facts)},
	}
	if s.Err != nil {
		own.Status = outcome{failed, status.Clean(s.Err.Error(), longest)}
	}
	all = append(all, own)
	for _, p := range s.Parts {
		all = add(all, p, trace, own.ID)
	}
	return all
}

// id returns a random id of the W3C's trace context. None is all zeros: that stands for no id.
func id(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	b[0] |= 1
	return hex.EncodeToString(b)
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// text is an attribute that is one. It may come from outside, and is made fit to be shown.
func text(key, t string) attribute { return attribute{key, value{Text: new(status.Clean(t, longest))}} }

// list writes facts.
func list(facts []slog.Attr) []attribute {
	out := make([]attribute, 0, len(facts))
	for _, f := range facts {
		switch v := f.Value.Resolve(); v.Kind() {
		case slog.KindInt64:
			out = append(out, attribute{f.Key, value{Integer: new(strconv.FormatInt(v.Int64(), 10))}})
		case slog.KindBool:
			out = append(out, attribute{f.Key, value{Truth: new(v.Bool())}})
		default:
			out = append(out, text(f.Key, v.String()))
		}
	}
	return out
}
