package simulate

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"majordomo.dev/jenkins/simulate/trace"
)

var traceFile = flag.String("trace", "", "trace to simulate")

// TestTrace prints the figures of a trace that is named on the command line.
func TestTrace(t *testing.T) {
	if *traceFile == "" {
		t.Skip("go test ./jenkins/simulate -run TestTrace -v -args -trace FILE")
	}
	tr := load(t)
	o := Defaults()
	d := tr.Demand()
	fmt.Printf("%d builds, %s, mean %.1f busy, peak %d, p90 %d, p99 %d\n", d.Builds, d.Span.Round(time.Minute), d.Mean, d.Peak, d.Percentile(.9), d.Percentile(.99))
	b := NewBound(tr, o.Startup.Mean(), 1)
	fmt.Printf("bound: instant %.0f s, 10: %.4f, 50: %.4f of it\n", b.Instant, b.Weighted(10)/b.Instant, b.Weighted(50)/b.Instant)
	for _, rho := range []float64{3, 10, 30, 50} {
		at := time.Now()
		r, err := Ours(tr, b, o, fmt.Sprintf("majordomo, rho %g", rho), Spec{Executors: 1, Max: 100000, Priority: rho})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(r, time.Since(at).Round(time.Millisecond))
	}
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
	return s + fmt.Sprintf("  starts %.0f killed %.0f idle %.0f h of %.0f h", r.Starts, r.Killed, r.Idle, r.Agents)
}

func TestPeers(t *testing.T) {
	if *traceFile == "" {
		t.Skip()
	}
	tr := load(t)
	o := Defaults()
	o.Seeds = []uint64{1, 2, 3}
	b := NewBound(tr, o.Startup.Mean(), 1)
	rows, err := Peers(tr, b, o, 1)
	for _, r := range rows {
		fmt.Println(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}
