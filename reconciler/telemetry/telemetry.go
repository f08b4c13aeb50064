// Package telemetry sends what the lines did to an OpenTelemetry collector, as spans.
//
// A pass of a line is told once it is over, as a value: nobody who works waits for a collector, and while none is named nothing is gathered.
// It is written as OTLP over HTTP in JSON, which every collector takes, by hand: OpenTelemetry's own exporter for one POST links gRPC and its
// gateway, another 7 MB of program.
package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Span is something that was done, and what was done for it.
type Span struct {
	Name       string
	Start, End time.Time
	Err        error // nil: it went well
	Facts      []slog.Attr
	Parts      []Span
}

// Options is where spans go.
type Options struct {
	Endpoint  string      // URL of the collector; /v1/traces is added where it is missing
	Header    http.Header // of each request, such as Authorization
	Version   string      // of the program
	Instance  string      // of the program, "" for none
	Log       *slog.Logger
	Gather    time.Duration     // for which spans wait for others; 0 means 2 s
	Transport http.RoundTripper // nil: connections of its own
}

// What there is at most.
const (
	queued  = 512              // passes that wait; a further one is dropped
	batch   = 200              // passes in a request
	patient = 10 * time.Second // for one answer
	linger  = 5 * time.Second  // after the end, for what is left
	tries   = 3                // of one request
	pause   = time.Second      // between the first two of them, doubled for each further one
)

// Sender sends spans. What it cannot send is lost, and counted.
type Sender struct {
	o      Options
	client *http.Client
	queue  chan Span

	mu     sync.Mutex
	counts map[string]int64 // passes by what became of them
	told   bool             // the log knows that the collector does not take them
}

// The fates of a pass.
const (
	sent    = "sent"
	dropped = "dropped" // too many wait
	refused = "refused" // the collector does not take it, or does not answer
)

// New returns a sender that has not started. It contacts nobody.
func New(o Options) *Sender {
	o.Gather = cmp.Or(o.Gather, 2*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: patient}
	}
	o.Endpoint = traces(o.Endpoint)
	return &Sender{
		o: o, queue: make(chan Span, queued), counts: map[string]int64{sent: 0, dropped: 0, refused: 0},
		// A redirect would take the header to somebody else.
		client: &http.Client{Transport: o.Transport, Timeout: patient, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Send takes a pass that is over. It never waits.
func (s *Sender) Send(pass Span) {
	select {
	case s.queue <- pass:
	default:
		s.count(dropped, 1)
	}
}

// Run sends until ctx ends, and what is left then within 5 s.
func (s *Sender) Run(ctx context.Context) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(linger):
			end()
		case <-life.Done():
		}
	})()
	defer s.client.CloseIdleConnections()
	for {
		passes := s.next(ctx)
		if len(passes) == 0 {
			return nil
		}
		s.deliver(life, passes)
	}
}

// next waits for passes, and a moment for further ones. There are none once ctx has ended and the queue is empty.
func (s *Sender) next(ctx context.Context) (passes []Span) {
	select {
	case p := <-s.queue:
		passes = append(passes, p)
	case <-ctx.Done():
	}
	moment := time.NewTimer(s.o.Gather)
	defer moment.Stop()
	for len(passes) < batch {
		select {
		case p := <-s.queue:
			passes = append(passes, p)
			continue
		default:
		}
		select {
		case p := <-s.queue:
			passes = append(passes, p)
		case <-moment.C:
			return passes
		case <-ctx.Done():
			return passes
		}
	}
	return passes
}

func (s *Sender) count(fate string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[fate] += int64(n)
}

var spans = prometheus.NewDesc("majordomo_spans_total", "Passes of the lines that were to go to the OpenTelemetry collector, each with its spans.", []string{"result"}, nil)

// Describe lists the metric.
func (s *Sender) Describe(ch chan<- *prometheus.Desc) { ch <- spans }

// Collect gives the metric of this moment.
func (s *Sender) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for fate, n := range s.counts {
		ch <- prometheus.MustNewConstMetric(spans, prometheus.CounterValue, float64(n), fate)
	}
}
