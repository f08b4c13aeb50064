package simulate

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"majordomo.dev/jenkins/simulate/trace"
)

var (
	traceFile = flag.String("trace", "", "trace to simulate, or diurnal")
	withPeers = flag.Bool("peers", false, "with peers")
)

// TestTrace prints the figures of a trace that is named on the command line.
func TestTrace(t *testing.T) {
	if *traceFile == "" {
		t.Skip("go test ./jenkins/simulate -run TestTrace -v -args -trace FILE")
	}
	tr := load(t)
	o := Defaults()
	o.Rhos = []float64{3, 10, 30, 50}
	d := tr.Demand()
	fmt.Printf("%d builds, %s, mean %.1f busy, peak %d, p90 %d, p99 %d\n", d.Builds, d.Span.Round(time.Minute), d.Mean, d.Peak, d.Percentile(.9), d.Percentile(.99))
	o.Peers = *withPeers
	at := time.Now()
	c, err := Compare(t.Context(), tr, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Rows {
		fmt.Println(r)
	}
	fmt.Println(time.Since(at).Round(time.Millisecond))
}

func load(t *testing.T) *trace.Trace {
	if *traceFile == "diurnal" {
		return trace.Diurnal(1, 50_000)
	}
	f, err := os.Open(*traceFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr, err := trace.Read(*traceFile, f, "")
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (r Row) String() string {
	s := fmt.Sprintf("%-34s wait %7.1f p50 %6.1f p95 %7.1f p99 %7.1f max %6.0f  xLB %6.3f", r.Policy, r.Mean.Seconds(), r.P50.Seconds(), r.P95.Seconds(), r.P99.Seconds(), r.Max.Seconds(), r.Ratio)
	for _, w := range r.Weighted {
		s += fmt.Sprintf("  J %6.3f", w)
	}
	return s + fmt.Sprintf("  starts %.0f killed %.0f idle %.0f h of %.0f h", r.Starts, r.Killed, r.IdleHours, r.Hours)
}
