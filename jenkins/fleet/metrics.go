package fleet

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// histogram counts durations.
type histogram struct {
	count   uint64
	sum     float64
	buckets []uint64 // by bound, each for itself
}

// The bounds of histograms, in seconds. They do not change.
var (
	poolBounds    = []float64{5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800}
	requestBounds = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
)

func (h *histogram) observe(took time.Duration, bounds []float64) {
	if h.buckets == nil {
		h.buckets = make([]uint64, len(bounds))
	}
	s := took.Seconds()
	h.count++
	h.sum += s
	for i, b := range bounds {
		if s <= b {
			h.buckets[i]++
			return
		}
	}
}

// cumulative returns the counts as Prometheus has them.
func (h *histogram) cumulative(bounds []float64) map[float64]uint64 {
	out := make(map[float64]uint64, len(bounds))
	sum := uint64(0)
	for i, b := range bounds {
		if h.buckets != nil {
			sum += h.buckets[i]
		}
		out[b] = sum
	}
	return out
}

// shown is the histogram as people see it, nil before anything was counted.
func (h *histogram) shown(bounds []float64) *Durations {
	if h.count == 0 {
		return nil
	}
	beyond := h.count
	for _, n := range h.buckets {
		beyond -= n
	}
	return &Durations{
		Count: h.count, Mean: h.sum / float64(h.count), P50: h.quantile(bounds, 0.5), P95: h.quantile(bounds, 0.95),
		Bounds: slices.Clone(bounds), Counts: append(slices.Clone(h.buckets), beyond),
	}
}

// quantile estimates as histogram_quantile of Prometheus does: evenly spread within a bucket, and the last bound for what is beyond it.
func (h *histogram) quantile(bounds []float64, part float64) float64 {
	rank, below, least := part*float64(h.count), 0.0, 0.0
	for i, bound := range bounds {
		n := float64(h.buckets[i])
		if below+n >= rank {
			return least + (bound-least)*(rank-below)/n
		}
		below, least = below+n, bound
	}
	return least
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("majordomo_"+name, help, labels, nil)
}

func ofPool(name, help string, more ...string) *prometheus.Desc {
	return desc("pool_"+name, help, append([]string{"env", "namespace", "pool"}, more...)...)
}

// The metrics. None but those of a pool's conditions has a label that somebody else chooses.
var (
	queueItems  = ofPool("queue_items", "Builds that wait for an agent of the pool.")
	queueOldest = ofPool("queue_oldest_timestamp_seconds", "Since when the oldest of them waits.")
	agents      = ofPool("agents", "Agents of the pool.", "state")
	wanted      = ofPool("desired", "Agents that the decision wants, draining ones not counted.")
	least       = ofPool("min", "Agents that are kept at least, by spec, schedules and by hand.")
	most        = ofPool("max", "Agents that there may be.")
	condition   = ofPool("condition", "Conditions; always 1.", "type", "status", "reason")
	scalings    = ofPool("scale_total", "Changes of the replicas.", "direction")
	steps       = ofPool("steps_total", "Acts on pods and nodes.", "op")
	waitTime    = ofPool("queue_wait_seconds", "Time that builds waited for an agent of the pool, to within the time between two looks at Jenkins.")
	startup     = ofPool("agent_startup_seconds", "Time from the pod to the registration of agents.")
	lost        = ofPool("builds_lost_total", "Builds that were on agents when Majordomo removed them. It should be 0.")
	findings    = ofPool("findings", "Agents that something is wrong with, by the rule that found it.", "rule")
	gate        = ofPool("scale_down_gate", "1 if the gate of scaling down is open.", "gate")

	jenkinsUp       = desc("jenkins_up", "1 if the Jenkins answers as it should.", "env", "namespace", "secret", "url")
	jenkinsAge      = desc("jenkins_last_read_timestamp_seconds", "When the Jenkins last gave a complete answer.", "env", "namespace", "secret", "url")
	jenkinsRequests = desc("jenkins_request_duration_seconds", "Requests to the Jenkins; code 0 is for no answer.", "env", "namespace", "secret", "url", "endpoint", "code")

	panics = desc("fleet_panics_total", "Panics in the fleet that were recovered.")
)

// Describe lists the metrics.
func (f *Fleet) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		queueItems, queueOldest, agents, wanted, least, most, condition, scalings, steps, waitTime, startup, lost, findings, gate, jenkinsUp, jenkinsAge, jenkinsRequests, panics,
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

func (s sink) histogram(d *prometheus.Desc, h *histogram, bounds []float64, labels ...string) {
	s <- prometheus.MustNewConstHistogram(d, h.count, h.sum, h.cumulative(bounds), labels...)
}

// Collect gives the metrics of this moment. What has left the fleet has left them.
func (f *Fleet) Collect(ch chan<- prometheus.Metric) {
	s, b := sink(ch), f.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s.counter(panics, b.panics)
	for k, l := range b.pools {
		if l.uid != "" {
			s.pool(l, k.environment, k.namespace, k.name)
		}
	}
	for k, l := range b.masters {
		id := []string{k.environment, k.namespace, k.account(), k.url}
		s.gauge(jenkinsUp, one(l.fault == nil && l.last != nil), id...)
		if l.last != nil {
			s.gauge(jenkinsAge, float64(l.last.At.Unix()), id...)
		}
		for r, h := range l.requests {
			s.histogram(jenkinsRequests, h, requestBounds, append(id[:len(id):len(id)], r.endpoint, strconv.Itoa(r.code))...)
		}
	}
}

func (s sink) pool(l *poolLine, id ...string) {
	with := func(more ...string) []string { return append(id[:len(id):len(id)], more...) }
	st := l.shown.Status
	s.gauge(queueItems, float64(st.Queued), id...)
	if st.OldestQueued != nil {
		s.gauge(queueOldest, float64(st.OldestQueued.Unix()), id...)
	}
	for state, n := range map[roster.State]int{
		roster.Idle: st.Idle, roster.Busy: st.Busy, roster.Starting: st.Starting, roster.Draining: st.Draining, roster.Offline: st.Offline,
	} {
		s.gauge(agents, float64(n), with(string(state))...)
	}
	s.gauge(wanted, float64(st.Desired), id...)
	s.gauge(least, float64(st.Min), id...)
	s.gauge(most, float64(st.Max), id...)
	for _, c := range st.Conditions {
		s.gauge(condition, 1, with(c.Type, c.Status, c.Reason)...)
	}
	s.counter(scalings, l.scaled[0], with("down")...)
	s.counter(scalings, l.scaled[1], with("up")...)
	for op, n := range l.steps {
		s.counter(steps, n, with(op)...)
	}
	s.histogram(waitTime, &l.waits, poolBounds, id...)
	s.histogram(startup, &l.startups, poolBounds, id...)
	s.counter(lost, l.lost, id...)
	for rule, n := range l.findings {
		s.gauge(findings, float64(n), with(string(rule))...)
	}
	if st.Decision != nil {
		s.gates(st.Decision.Gates, with)
	}
}

func (s sink) gates(list []pool.Gate, with func(...string) []string) {
	for _, g := range list {
		s.gauge(gate, one(g.Open), with(g.Name)...)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
