package observability

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"majordomo.dev/e2e/site"
)

var ground *site.Ground

func TestMain(m *testing.M) { os.Exit(site.Main(m, func(g *site.Ground) { ground = g })) }

// uneventful are the metrics that a program has nothing to say of on a good day: no prune, drift or webhook, no trouble, no notifications, no collector.
var uneventful = []string{
	"majordomo_env_drift_detected_total", "majordomo_notifications_total", "majordomo_pool_findings", "majordomo_safety_gate_total", "majordomo_spans_total",
	"majordomo_webhook_requests_total",
}

// The program as people start it, with a cluster, a repository and a Jenkins, serves exactly what the queries are held to.
func TestTheRunningProgramServesWhatIsAskedFor(t *testing.T) {
	s := ground.New(t)
	s.Jenkins.Enqueue("compile", 3)
	var live map[string]*dto.MetricFamily
	s.Until("agents have been started, by the metrics", func(ctx context.Context) bool {
		live = fetch(ctx, t, "http://"+s.Address+"/metrics")
		return total(live["majordomo_pool_scale_total"]) > 0 && live["majordomo_env_last_applied_timestamp_seconds"] != nil
	})
	all := served(t)
	for name, have := range all {
		family, there := live[name]
		if !strings.HasPrefix(name, "majordomo_") && !strings.HasPrefix(name, "rest_client_") {
			continue
		}
		if !there {
			if !slices.Contains(uneventful, name) {
				t.Errorf("the program does not serve %s", name)
			}
			continue
		}
		labels := map[string]bool{}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = true
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(have)), slices.Sorted(maps.Keys(labels))); diff != "" {
			t.Errorf("labels of %s (-described +served):\n%s", name, diff)
		}
	}
	for name := range live {
		if _, known := all[name]; !known && strings.HasPrefix(name, "majordomo_") {
			t.Errorf("the program serves %s, which no panel and no page is held to", name)
		}
	}
}

// fetch reads the endpoint once, nothing while it does not answer.
func fetch(ctx context.Context, t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(res.Body)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", url, err))
	}
	return families
}

// total is the sum over the series of a counter.
func total(f *dto.MetricFamily) (n float64) {
	for _, m := range f.GetMetric() {
		n += m.GetCounter().GetValue()
	}
	return n
}
