package observability

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/template"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// folder is what the tests are about.
const folder = "../../manifests/observability"

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func language() parser.Parser { return parser.NewParser(parser.Options{}) }

// rules returns the alerts by their names, as Prometheus reads them.
func rules(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(read(t, "rules.yaml"), false, model.LegacyValidation, language(), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	out := map[string]rulefmt.Rule{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if _, twice := out[r.Alert]; twice {
				t.Errorf("alert %s is there twice", r.Alert)
			}
			out[r.Alert] = r
		}
	}
	return out
}

// memory is a storage that holds series, one value of each a minute. The storage that Prometheus has for tests needs its service discovery, and
// with that the libraries of all clouds.
type memory []storage.Series

// load reads series as promtool writes them: name{label="value"} 0+1x10.
func load(t *testing.T, lines ...string) memory {
	t.Helper()
	var m memory
	for _, line := range lines {
		metric, sequence, err := language().ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var samples []chunks.Sample
		for i, v := range sequence {
			if !v.Omitted {
				samples = append(samples, sample{(time.Duration(i) * time.Minute).Milliseconds(), v.Value})
			}
		}
		m = append(m, storage.NewListSeries(metric, samples))
	}
	return m
}

// sample is a value at a time.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

func (m memory) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		s := &selection{}
		for _, series := range m {
			matched := true
			for _, by := range matchers {
				matched = matched && by.Matches(series.Labels().Get(by.Name))
			}
			if matched {
				s.rest = append(s.rest, series)
			}
		}
		return s
	}}, nil
}

// selection goes through series.
type selection struct {
	now  storage.Series
	rest []storage.Series
}

func (s *selection) Next() bool {
	if len(s.rest) == 0 {
		return false
	}
	s.now, s.rest = s.rest[0], s.rest[1:]
	return true
}
func (s *selection) At() storage.Series                { return s.now }
func (s *selection) Err() error                        { return nil }
func (s *selection) Warnings() annotations.Annotations { return nil }

func engine(t *testing.T) *promql.Engine {
	t.Helper()
	e := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: language()})
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// firing is an alert that fires.
type firing struct {
	at      time.Duration
	summary string
}

// first evaluates a rule every minute, as Prometheus does, and returns when an alert of it fires first, false if none does within four hours.
func first(t *testing.T, e *promql.Engine, r rulefmt.Rule, m memory) (firing, bool) {
	t.Helper()
	since := map[string]time.Duration{} // by labels
	for at := time.Duration(0); at <= 4*time.Hour; at += time.Minute {
		now := time.UnixMilli(at.Milliseconds())
		q, err := e.NewInstantQuery(t.Context(), m, nil, r.Expr, now)
		if err != nil {
			t.Fatalf("%s: %v", r.Alert, err)
		}
		result := q.Exec(t.Context())
		found, err := result.Vector()
		if err != nil {
			t.Fatalf("%s at %s: %v", r.Alert, at, err)
		}
		active := map[string]time.Duration{}
		for _, s := range found {
			key := s.Metric.String()
			if began, pending := since[key]; pending {
				active[key] = began
			} else {
				active[key] = at
			}
			if at-active[key] >= time.Duration(r.For) {
				return firing{at, expand(t, r, s)}, true
			}
		}
		since = active
		q.Close()
	}
	return firing{}, false
}

// expand fills in the annotations of an alert, and returns its summary.
func expand(t *testing.T, r rulefmt.Rule, s promql.Sample) string {
	t.Helper()
	data := template.AlertTemplateData(s.Metric.Map(), nil, "", s)
	texts := map[string]string{}
	for name, text := range r.Annotations {
		text = "{{$labels := .Labels}}{{$value := .Value}}" + text
		out, err := template.NewTemplateExpander(context.Background(), text, r.Alert, data, model.Time(s.T), nil, nil, nil).Expand()
		if err != nil {
			t.Errorf("%s: %s: %v", r.Alert, name, err)
		}
		texts[name] = out
	}
	return texts["summary"]
}
