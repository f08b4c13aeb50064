package observability

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"majordomo.dev/reconciler/telemetry"
)

// The decoder is that of the OpenTelemetry collector itself, which takes nothing that OTLP does not have.
func TestTheCollectorUnderstandsSpans(t *testing.T) {
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- b
	}))
	defer server.Close()
	at := time.Date(2026, 3, 1, 12, 0, 0, 7, time.UTC)
	s := telemetry.New(telemetry.Options{Endpoint: server.URL, Version: "1.2.3", Instance: "majordomo-0"})
	s.Send(telemetry.Span{
		Name: "environment", Start: at, End: at.Add(time.Second), Facts: []slog.Attr{slog.String("env", "gke"), slog.Int("create", 3)},
		Parts: []telemetry.Span{{Name: "apply", Start: at.Add(time.Millisecond), End: at.Add(time.Second), Err: errors.New("1 objects failed")}},
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	traces, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(<-bodies)
	if err != nil {
		t.Fatal(err)
	}
	resource := traces.ResourceSpans().At(0)
	want := map[string]any{"service.name": "majordomo", "service.version": "1.2.3", "service.instance.id": "majordomo-0"}
	if diff := cmp.Diff(want, resource.Resource().Attributes().AsRaw()); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	spans := resource.ScopeSpans().At(0).Spans()
	if spans.Len() != 2 {
		t.Fatalf("%d spans, want 2", spans.Len())
	}
	visit, apply := spans.At(0), spans.At(1)
	if visit.TraceID().IsEmpty() || apply.TraceID() != visit.TraceID() || apply.ParentSpanID() != visit.SpanID() || !visit.ParentSpanID().IsEmpty() {
		t.Errorf("trace %s and %s, parents %q of %s and %q", visit.TraceID(), apply.TraceID(), visit.ParentSpanID(), visit.SpanID(), apply.ParentSpanID())
	}
	if visit.Kind() != ptrace.SpanKindInternal || !visit.StartTimestamp().AsTime().Equal(at) || !visit.EndTimestamp().AsTime().Equal(at.Add(time.Second)) {
		t.Errorf("%s from %s to %s", visit.Kind(), visit.StartTimestamp().AsTime(), visit.EndTimestamp().AsTime())
	}
	if diff := cmp.Diff(map[string]any{"env": "gke", "create": int64(3)}, visit.Attributes().AsRaw()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if visit.Status().Code() != ptrace.StatusCodeUnset || apply.Status().Code() != ptrace.StatusCodeError || apply.Status().Message() != "1 objects failed" {
		t.Errorf("status %s, and of apply %s %q", visit.Status().Code(), apply.Status().Code(), apply.Status().Message())
	}
}
