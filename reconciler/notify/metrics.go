package notify

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Results of a notification.
const (
	sent    = "sent"
	failed  = "failed"  // given up after all tries
	dropped = "dropped" // pushed out of a full queue
)

// counts are the notifications of each sink by their result.
type counts struct {
	mu  sync.Mutex
	all map[string]map[string]int64
}

// open makes a sink appear with all its results, so that the first failure is a step up from zero.
func (c *counts) open(sink string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]map[string]int64{}
	}
	if c.all[sink] == nil {
		c.all[sink] = map[string]int64{sent: 0, failed: 0, dropped: 0}
	}
}

func (c *counts) add(sink, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of := c.all[sink]; of != nil {
		of[result]++
	}
}

func (c *counts) drop(sink string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, sink)
}

var total = prometheus.NewDesc("majordomo_notifications_total", "Notifications that were sent, given up or dropped.", []string{"sink", "result"}, nil)

// Describe lists the metrics.
func (n *Notifier) Describe(ch chan<- *prometheus.Desc) { ch <- total }

// Collect gives the metrics of this moment.
func (n *Notifier) Collect(ch chan<- prometheus.Metric) {
	n.counts.mu.Lock()
	defer n.counts.mu.Unlock()
	for sink, of := range n.counts.all {
		for result, v := range of {
			ch <- prometheus.MustNewConstMetric(total, prometheus.CounterValue, float64(v), sink, result)
		}
	}
}
