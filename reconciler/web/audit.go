package web

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/status"
)

var actionsTotal = desc("api_actions_total", "Actions that people asked for through the API.", "action", "result")

// tally counts the actions by what became of them. Both labels are words of the program, never of a request.
type tally struct {
	mu     sync.Mutex
	counts map[[2]string]float64
}

func (t *tally) add(action, result string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[[2]string]float64{}
	}
	t.counts[[2]string{action, result}]++
}

// Describe lists the metric.
func (t *tally) Describe(ch chan<- *prometheus.Desc) { ch <- actionsTotal }

// Collect gives the counts.
func (t *tally) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, n := range t.counts {
		ch <- prometheus.MustNewConstMetric(actionsTotal, prometheus.CounterValue, n, k[0], k[1])
	}
}

// audit writes down who wanted what, and whether it was done: to the log, the metrics and the timeline.
func (h *Handler) audit(r *http.Request, a act, on access.Action, err error) {
	result := "done"
	if err != nil {
		result = codes[statusOf(err)]
	}
	h.acted.add(a.name, result)
	fields := []any{
		"actor", status.Clean(on.Who.Name, 500), "action", a.name, "env", status.Clean(on.On.Environment, 253), "result", result,
		"reason", status.Clean(on.Reason, 1024), "peer", source(r),
	}
	if on.On.Pool != "" {
		fields = append(fields, "namespace", status.Clean(on.On.Namespace, 253), "pool", status.Clean(on.On.Pool, 253))
	}
	if on.Agent != "" {
		fields = append(fields, "agent", status.Clean(on.Agent, 253))
	}
	if err != nil {
		fields = append(fields, "err", status.Clean(err.Error(), 500))
	}
	h.o.Log.InfoContext(r.Context(), "audit", fields...)
}
