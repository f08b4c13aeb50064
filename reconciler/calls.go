package main

import (
	"context"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/metrics"
)

// calls counts and measures the requests to all API servers, by the names that people know from Kubernetes itself.
type calls struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// newCalls returns calls that have seen none.
func newCalls() calls {
	return calls{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rest_client_requests_total", Help: "Requests to Kubernetes API servers; code <error> is for no answer.",
		}, []string{"code", "method"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rest_client_request_duration_seconds", Help: "Time until Kubernetes API servers answer.", Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"verb"}),
	}
}

// listen has the Kubernetes client report its requests. It listens to the first who asks in a process.
func (c calls) listen() []prometheus.Collector {
	metrics.Register(metrics.RegisterOpts{RequestLatency: c, RequestResult: c})
	return []prometheus.Collector{c.requests, c.took}
}

// Increment counts an answer. The host is left out: it is the same for all of a cluster, and somebody else's name.
func (c calls) Increment(_ context.Context, code, method, _ string) {
	c.requests.WithLabelValues(code, method).Inc()
}

// Observe measures a request.
func (c calls) Observe(_ context.Context, verb string, _ url.URL, latency time.Duration) {
	c.took.WithLabelValues(verb).Observe(latency.Seconds())
}
