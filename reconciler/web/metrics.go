package web

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"majordomo.dev/reconciler/status"
)

// metricsHandler serves the board, the process and further collectors from a registry of its own.
func metricsHandler(o Options) (http.Handler, error) {
	r := prometheus.NewRegistry()
	all := append([]prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{o.Board, o.Build},
	}, o.Metrics...)
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}), nil
}

// collector turns a snapshot of the board into metrics at each scrape, so that what has left the board leaves the metrics.
type collector struct {
	board *status.Board
	build Build
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("majordomo_"+name, help, labels, nil)
}

// The metrics.
var (
	buildInfo = desc("build_info", "The running program; always 1.", "version", "revision", "goversion")
	leader    = desc("leader", "1 if this process is the one that writes.")

	fetches      = desc("source_fetch_total", "Requests to the config repository.", "source", "result")
	fetchTime    = desc("source_fetch_duration_seconds", "Duration of requests to the config repository.", "source")
	sourceInfo   = desc("source_revision_info", "Newest commit fetched; always 1.", "source", "revision")
	fetchSuccess = desc("source_last_success_timestamp_seconds", "When the config repository last answered.", "source")

	envSyncs     = desc("env_sync_total", "Syncs.", "env", "result", "trigger")
	envTook      = desc("env_sync_duration_seconds", "Duration of the phases of syncs.", "env", "phase")
	envCondition = desc("env_condition", "Conditions; always 1.", "env", "type", "status", "reason")
	envObjects   = desc("env_objects", "Objects in the environment.", "env")
	envDrift     = desc("env_drift_detected_total", "Objects found changed in the cluster.", "env", "kind")
	envFights    = desc("env_drift_objects", "Objects that another writer keeps changing back.", "env")
	envPruned    = desc("env_pruned_total", "Objects deleted because Git no longer has them.", "env")
	envHeld      = desc("env_prune_held", "1 while a prune waits for approval.", "env")
	envApplied   = desc("env_last_applied_timestamp_seconds", "When the environment was last synced.", "env")

	webhooks = desc("webhook_requests_total", "Answered webhooks.", "provider", "result")
	panics   = desc("panics_total", "Panics that were recovered.", "component")
	gates    = desc("safety_gate_total", "Destructive acts that a safety gate held back.", "gate", "env")
)

// Describe lists the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		buildInfo, leader, fetches, fetchTime, sourceInfo, fetchSuccess, envSyncs, envTook, envCondition, envObjects,
		envDrift, envFights, envPruned, envHeld, envApplied, webhooks, panics, gates,
	} {
		ch <- d
	}
}

// sink takes metrics.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counter(d *prometheus.Desc, v int64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (s sink) histogram(d *prometheus.Desc, h status.Histogram, labels ...string) {
	s <- prometheus.MustNewConstHistogram(d, h.Count, h.Sum, h.Buckets(), labels...)
}

// Collect gives the metrics of this moment.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s, b := sink(ch), c.board.Snapshot()
	s.gauge(buildInfo, 1, c.build.Version, c.build.Revision, runtime.Version())
	s.gauge(leader, one(b.Leader))
	for _, n := range b.Fetches {
		s.counter(fetches, n.Value, b.Source.URL, n.Labels[0])
	}
	s.histogram(fetchTime, b.Fetching, b.Source.URL)
	if b.Source.Revision != "" {
		s.gauge(sourceInfo, 1, b.Source.URL, b.Source.Revision)
	}
	s.stamp(fetchSuccess, b.Source.LastSuccess, b.Source.URL)
	for _, n := range b.Webhooks {
		s.counter(webhooks, n.Value, n.Labels...)
	}
	s.recovered(b.Panics)
	for _, e := range b.Environments {
		s.environment(e)
	}
}

// components are the parts of the program whose panics are counted here.
var components = []string{"loop", "web", "webhook"}

// recovered counts panics. A counter that comes into being with the first panic has no increase that an alert could see, so it is there before.
func (s sink) recovered(list []status.Count) {
	for _, n := range list {
		s.counter(panics, n.Value, n.Labels...)
	}
	for _, c := range components {
		if !slices.ContainsFunc(list, func(n status.Count) bool { return n.Labels[0] == c }) {
			s.counter(panics, 0, c)
		}
	}
}

func (s sink) environment(e status.Observation) {
	for _, n := range e.Syncs {
		s.counter(envSyncs, n.Value, e.Name, n.Labels[0], n.Labels[1])
	}
	for phase, h := range e.Took {
		s.histogram(envTook, h, e.Name, string(phase))
	}
	for _, c := range e.Status.Conditions {
		s.gauge(envCondition, 1, e.Name, c.Type, c.Status, c.Reason)
	}
	for _, n := range e.Drifts {
		s.counter(envDrift, n.Value, e.Name, n.Labels[0])
	}
	for _, n := range e.Gates {
		s.counter(gates, n.Value, n.Labels[0], e.Name)
	}
	s.gauge(envObjects, float64(e.Status.Objects.Total), e.Name)
	s.gauge(envFights, float64(len(e.Status.Drift.Fights)), e.Name)
	s.counter(envPruned, e.Pruned, e.Name)
	s.gauge(envHeld, one(e.Status.Held != nil), e.Name)
	if l := e.Status.LastSync; l != nil {
		s.stamp(envApplied, l.Time, e.Name)
	}
}

// stamp gives a point in time, none if it has not come yet.
func (s sink) stamp(d *prometheus.Desc, at time.Time, labels ...string) {
	if !at.IsZero() {
		s.gauge(d, float64(at.Unix()), labels...)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
