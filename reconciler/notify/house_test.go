package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

func item(title string) notice.Item {
	return notice.Item{Key: title, Message: notice.Message{Title: title, Severity: notice.Info}, Said: map[string]notice.Said{title: {Bad: true, Cause: title}}}
}

// house is a notifier over a State that a test changes, with sinks that a test plays.
type house struct {
	t   *testing.T
	n   *Notifier
	log logged

	mu      sync.Mutex
	changed chan struct{}
	state   window.State
	sinks   []config.Notification
	answer  func(sink string, item notice.Item) error
	got     []string // sink, title, and when
	entries []string
	start   time.Time
}

func chatSink(name string) config.Notification {
	return config.Notification{Name: name, Kind: config.Slack, On: config.Events(), Hook: config.Hook{URL: "url"}}
}

// newHouse runs a notifier, inside a bubble of synctest.
func newHouse(t *testing.T, dir string, answer func(string, notice.Item) error, sinks ...string) *house {
	t.Helper()
	h := &house{t: t, changed: make(chan struct{}), answer: answer, start: time.Now()}
	for _, name := range sinks {
		h.sinks = append(h.sinks, chatSink(name))
	}
	h.n = New(Options{
		State:   func() window.State { h.mu.Lock(); defer h.mu.Unlock(); return h.state },
		Changed: func() <-chan struct{} { h.mu.Lock(); defer h.mu.Unlock(); return h.changed },
		Sinks: func() ([]config.Notification, bool) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return slices.Clone(h.sinks), true
		},
		Place: placeOf(t, map[string]string{"url": "https://hooks.example.com/x"}), Dir: dir, Log: h.log.logger(),
		Record: func(e window.Entry) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.entries = append(h.entries, fmt.Sprintf("%s %v %s", e.Kind, e.Bad, e.Text))
		},
	})
	h.n.deliver = func(_ context.Context, n config.Notification, item notice.Item) error {
		h.mu.Lock()
		answer := h.answer
		h.mu.Unlock()
		err := answer(n.Name, item)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, fmt.Sprintf("%s: %s at %s", n.Name, item.Message.Title, time.Since(h.start)))
		return err
	}
	return h
}

// run runs the notifier until the function returned is called. When it returns, the notifier waits for news.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.n.Run(ctx)
	}()
	pass(time.Second)
	h.start = time.Now()
	return func() { cancel(); <-done }
}

// set changes the environments: name to failed or not.
func (h *house) set(failed map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = window.State{Source: window.Source{Revision: strings.Repeat("a", 40)}}
	for name, bad := range failed {
		e := window.Environment{Name: name, Tried: "a", Checks: []status.Condition{{Type: status.Ready, Status: status.True, Message: "fine"}}}
		if bad {
			e.Checks = []status.Condition{{Type: status.Ready, Status: status.False, Reason: "X", Message: "bad"}, {Type: status.Stalled, Status: status.True}}
		}
		h.state.Environments = append(h.state.Environments, e)
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *house) sent(want ...string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if diff := cmp.Diff(want, h.got); diff != "" {
		h.t.Errorf("sent (-want +got):\n%s", diff)
	}
	h.got = nil
}

// counted checks the metrics of a sink, as they are scraped.
func (h *house) counted(sink string, want map[string]float64) {
	h.t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(h.n)
	families, err := r.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		if l := m.GetLabel(); l[1].GetValue() == sink {
			got[l[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	for _, result := range []string{sent, failed, dropped} {
		if _, there := got[result]; !there || got[result] != want[result] {
			h.t.Errorf("%s of %s: %v, want %v", result, sink, got[result], want[result])
		}
	}
}

// pass lets time go by, which costs none in a bubble.
func pass(d time.Duration) { <-time.After(d) }

func fine(string, notice.Item) error { return nil }
