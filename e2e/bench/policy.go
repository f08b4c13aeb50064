package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"majordomo.dev/jenkins/simulate"
	"majordomo.dev/jenkins/simulate/trace"
)

// workload is one trace, and what the policy has to reach on it.
type workload struct {
	name  string
	trace *trace.Trace
	bars  []bar
	lead  float64 // by this part its sums with rho 10 and 50 have to be below those of the best product; 0 for not above
}

// bar is a promise about the run with a priority.
type bar struct {
	rho   float64
	text  string
	wait  func(simulate.Row) time.Duration
	most  time.Duration
	ratio float64
}

func p95(r simulate.Row) time.Duration  { return r.P95 }
func mean(r simulate.Row) time.Duration { return r.Mean }

// rhos are the priorities that are compared: 10 is balanced, 50 is speed.
func rhos() []float64 { return []float64{10, 30, 50} }

// workloads are the real traces of a folder where there is one, and always a generated one.
func workloads(dir string) ([]workload, error) {
	all := []workload{{name: "generated, 50,000 builds", trace: trace.Diurnal(1, 50_000), lead: 0.1}}
	for _, w := range []struct {
		file string
		workload
	}{
		{"firefox-gecko-3-b-linux.csv", workload{lead: 0.1, bars: []bar{
			{10, "p95 wait <= 50 s at <= 1.10 x bound", p95, 50 * time.Second, 1.10},
			{50, "mean wait <= 6.5 s at <= 1.32 x bound", mean, 6500 * time.Millisecond, 1.32},
		}}},
		{"linkerd2-gha.csv", workload{bars: []bar{{30, "p95 wait <= 50 s at <= 1.95 x bound", p95, 50 * time.Second, 1.95}}}},
		{"firefox-mobile-3-b-linux-large.csv", workload{}},
		{"firefox-gecko-t-t-linux-large.csv", workload{}},
	} {
		f, err := os.Open(filepath.Join(dir, w.file))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		w.name = w.file
		w.trace, err = trace.Read(w.file, f, "")
		_ = f.Close() // only read
		if err != nil {
			return nil, err
		}
		all = append(all, w.workload)
	}
	return all, nil
}

// policies compares the policy with others on every workload, and prints a table of each.
func (b *bench) policies(ctx context.Context, t *table) error {
	all, err := workloads(b.size.traces)
	if err != nil {
		return err
	}
	for _, w := range all {
		note("policies on %s: %d builds", w.name, len(w.trace.Builds))
		o := simulate.Defaults()
		o.Rhos, o.Peers = rhos(), true
		began := time.Now()
		c, err := simulate.Compare(ctx, w.trace, o)
		if err != nil {
			return err
		}
		show(os.Stdout, w.name, c)
		w.judge(t, c, time.Since(began))
	}
	return nil
}

// judge adds a row for each promise about a workload.
func (w workload) judge(t *table, c *simulate.Comparison, took time.Duration) {
	ours := map[float64]simulate.Row{}
	killed := 0.0
	for _, r := range c.Rows {
		if r.Kind == simulate.Ours {
			ours[r.Rho] = r
			killed += r.Killed
		}
	}
	for i, rho := range c.Rhos {
		if rho == 30 {
			continue
		}
		best := simulate.Row{}
		for _, r := range c.Rows {
			if r.Kind == simulate.Product && (best.Policy == "" || r.Weighted[i] < best.Weighted[i]) {
				best = r
			}
		}
		own, other := ours[rho].Weighted[i], best.Weighted[i]
		t.add(fmt.Sprintf("%s, J%.0f", w.name, rho), fmt.Sprintf("%.2f x bound", own), fmt.Sprintf("<= %.2f", other*(1-w.lead)),
			fmt.Sprintf("best product: %s, %.2f; all policies in %s", best.Policy, other, took.Round(time.Second)), own <= other*(1-w.lead))
	}
	for _, b := range w.bars {
		r := ours[b.rho]
		t.add(fmt.Sprintf("%s, rho %.0f", w.name, b.rho), fmt.Sprintf("%.1f s at %.2f x", b.wait(r).Seconds(), r.Ratio), b.text, "",
			b.wait(r) <= b.most && r.Ratio <= b.ratio)
	}
	t.add(w.name+", builds killed", fmt.Sprintf("%.0f", killed), "0", "", killed == 0)
}

// show prints how all policies did on one workload, those of the product first.
func show(out io.Writer, name string, c *simulate.Comparison) {
	fmt.Fprintf(out, "\n%s\n\n", name)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "policy\twait mean\tp95\tx bound\t")
	for _, rho := range c.Rhos {
		fmt.Fprintf(w, "J%.0f\t", rho)
	}
	fmt.Fprintln(w, "starts\tkilled\t")
	for _, r := range c.Rows {
		fmt.Fprintf(w, "%s\t%.1f s\t%.0f s\t%.2f\t", r.Policy, r.Mean.Seconds(), r.P95.Seconds(), r.Ratio)
		for _, j := range r.Weighted {
			fmt.Fprintf(w, "%.2f\t", j)
		}
		fmt.Fprintf(w, "%.0f\t%.0f\t\n", r.Starts, r.Killed)
	}
	_ = w.Flush()
}
