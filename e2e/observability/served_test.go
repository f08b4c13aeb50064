package observability

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"majordomo.dev/jenkins/fleet"
	"majordomo.dev/reconciler/notify"
	"majordomo.dev/reconciler/record"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/telemetry"
	"majordomo.dev/reconciler/web"
)

// catalog has the labels of each metric.
type catalog map[string][]string

// target are the labels that Prometheus itself gives what it scrapes.
var target = []string{"job", "instance", "namespace"}

// calls are what package main serves beside the lines; reconciler.TestRunKeepsTheEnvironmentAndStopsWithZero finds them in the running program.
var calls = catalog{"rest_client_requests_total": {"code", "method"}, "rest_client_request_duration_seconds": {"verb"}}

// further are the parts of the program that serve metrics beside the board.
func further(f *fleet.Fleet) []prometheus.Collector {
	return []prometheus.Collector{f, &notify.Notifier{}, &record.Recorder{}, telemetry.New(telemetry.Options{Endpoint: "http://127.0.0.1:1"})}
}

// scrape reads the real endpoint: the handler of the program over a board that has something of everything, and a fleet.
func scrape(t *testing.T) (map[string]*dto.MetricFamily, *fleet.Fleet) {
	t.Helper()
	b := status.NewBoard()
	b.Leader(true)
	b.Source(status.Source{URL: "https://git.example/fleet.git", Ref: "refs/heads/main", Revision: "3f2c1ab9", LastSuccess: time.Unix(1e9, 0)})
	b.Put("gke", status.Environment{
		Conditions: []status.Condition{{Type: status.Ready, Status: status.True, Reason: status.Synced}}, LastSync: &status.Sync{Time: time.Unix(1e9, 0)}, Held: &status.Held{},
	})
	b.Synced("gke", status.ResultSynced, status.Poll)
	b.Drifted("gke", "Service")
	b.Pruned("gke", 1)
	b.Gated("gke", "prune")
	b.Took("gke", status.PhaseApply, time.Second)
	b.Fetched("fetched", time.Second)
	b.Webhook("github", "accepted")
	f := fleet.New(fleet.Options{})
	h, err := web.New(web.Options{Board: b, Build: web.Build{Version: "1.2.3", Revision: "abc"}, Metrics: further(f)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %d %v", res.StatusCode, err)
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return families, f
}

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "([^"]+)".*variableLabels: \{([^}]*)\}\}$`)

// served returns all that the program serves. What pools, Jenkins and sinks have comes from descriptions, for there are none here;
// jenkins/fleet.TestEveryMetricThatIsDescribedIsServed holds it to that.
func served(t *testing.T) catalog {
	t.Helper()
	families, f := scrape(t)
	all := maps.Clone(calls)
	for name, family := range families {
		var have []string
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(have, l.GetName()) {
					have = append(have, l.GetName())
				}
			}
		}
		all[name] = have
	}
	for _, c := range further(f) {
		for _, d := range descriptions(t, c) {
			all[d.name] = d.labels
		}
	}
	return all
}

// description is what a collector says of a metric.
type description struct {
	name, help string
	labels     []string
}

func descriptions(t *testing.T, c prometheus.Collector) []description {
	t.Helper()
	ch := make(chan *prometheus.Desc, 100)
	c.Describe(ch)
	close(ch)
	var all []description
	for d := range ch {
		m := described.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s is not understood", d)
		}
		all = append(all, description{m[1], m[2], slices.DeleteFunc(strings.Split(m[3], ","), func(s string) bool { return s == "" })})
	}
	return all
}

// helps returns what is said of each metric.
func helps(t *testing.T) map[string]string {
	t.Helper()
	families, f := scrape(t)
	all := map[string]string{
		"rest_client_requests_total":           "Requests to Kubernetes API servers; code &lt;error&gt; is for no answer.",
		"rest_client_request_duration_seconds": "Time until Kubernetes API servers answer.",
	}
	for name, family := range families {
		all[name] = family.GetHelp()
	}
	for _, c := range further(f) {
		for _, d := range descriptions(t, c) {
			all[d.name] = d.help
		}
	}
	return all
}

// metric finds what a name in a query stands for: name_bucket, name_count and name_sum are of the histogram.
func (c catalog) metric(name string) (base string, have []string, ok bool) {
	if have, ok = c[name]; ok {
		return name, have, true
	}
	for _, part := range []string{"_bucket", "_count", "_sum"} {
		base, is := strings.CutSuffix(name, part)
		if have, ok = c[base]; is && ok {
			if part == "_bucket" {
				have = append(slices.Clone(have), "le")
			}
			return base, have, true
		}
	}
	return name, nil, false
}

func TestNamesAndHelpsAreAsPrometheusWantsThem(t *testing.T) {
	families, _ := scrape(t)
	var own []*dto.MetricFamily
	for name, f := range families {
		if strings.HasPrefix(name, "majordomo_") {
			own = append(own, f)
		}
	}
	if problems, err := promlint.NewWithMetricFamilies(own).Lint(); err != nil || len(problems) > 0 || len(own) < 15 {
		t.Errorf("%d metrics: %v %v", len(own), problems, err)
	}
}
