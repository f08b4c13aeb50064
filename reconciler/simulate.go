package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/simulate"
	"majordomo.dev/jenkins/simulate/engine"
	"majordomo.dev/jenkins/simulate/plot"
	"majordomo.dev/jenkins/simulate/trace"
)

// whatIf is what the command line of `majordomo simulate` says.
type whatIf struct {
	trace  string
	label  string
	policy string
	pool   string
	rhos   []string
	peers  bool
	polled bool
	median time.Duration
	p95    time.Duration
	shared float64
	seed   uint64
	runs   int
	price  float64
	plot   string

	given func(flag string) bool
}

func (a *app) simulateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "simulate --trace FILE", Short: "Play a pool's policy against a history of builds", GroupID: groupOffline,
		Long: `Play the policy of agent pools against a history of builds: how long they would have
waited, and what the agents would have cost. It runs the very code that "majordomo run"
decides with, in a simulated time, and needs no cluster, no Jenkins and no network.

The history is a CSV file with the columns submit_unix_ms, duration_ms and, as far as
known, job, label and known_unix_ms; "majordomo trace export" writes one. The pool is an
AgentPool, or its spec alone; without one, agents have one executor and no limit.

  x LB   agent-hours over those of a clairvoyant who starts each agent just in time
         and keeps one only where that is cheaper than to start another later
  J10    agent-seconds + 10 x seconds that builds waited, over what no policy can do
         with less. 10 is what a second of waiting is worth: the pool's priority

Start-up times are log-normal with the median and 95th percentile that the flags or the
policy file say; the same seed gives the same figures. docs/simulate.md has details.`,
		Example: `  majordomo trace generate -o trace.csv                            a history to try it with
  majordomo simulate --trace trace.csv                             by the three priorities that have a name
  majordomo simulate --trace trace.csv --peers --plot trace.svg    beside Jenkins's own, KEDA, ARC, Buildkite, GitLab
  majordomo simulate --trace trace.csv --label linux --policy overlays/gke/pool.yaml --price 0.10
  zcat trace.csv.gz | majordomo simulate --trace - --rho 5,20 -o csv`,
		Args: arguments(0, 0, "no argument"), Annotations: codes("2 wrong usage, or the trace or policy is not right"),
	}
	w := whatIf{}
	d := simulate.Defaults()
	f := c.Flags()
	f.StringVar(&w.trace, "trace", "", "file with the history of builds; - is stdin")
	f.StringVar(&w.label, "label", "", "only builds of that label")
	f.StringVar(&w.policy, "policy", "", "YAML file with an AgentPool, or the spec of one; may have startup: {median: 45s, p95: 2m}")
	f.StringVar(&w.pool, "pool", "", "the AgentPool of that name, where the file has several")
	f.StringSliceVar(&w.rhos, "rho", nil, "priorities to try and to weigh by: cost (3), balanced (10), speed (50) or numbers (default cost,balanced,speed)")
	f.BoolVar(&w.peers, "peers", false, "also play how others size their fleets")
	f.BoolVar(&w.polled, "polled", false, "the policy sees builds every 5 s only, not when something happens")
	f.DurationVar(&w.median, "startup-median", d.Startup.Median, "median time from the wish for an agent to its first build")
	f.DurationVar(&w.p95, "startup-p95", d.Startup.P95, "95th percentile of that time")
	f.Float64Var(&w.shared, "startup-shared", 0, "part of its variation that agents share which start in the same minute, 0 to 1")
	f.Uint64Var(&w.seed, "seed", d.Seeds[0], "what chance depends on")
	f.IntVar(&w.runs, "runs", 1, "runs with different seeds, of which the figures are means")
	f.Float64Var(&w.price, "price", 0, "price of an agent-hour, to show costs")
	f.StringVar(&w.plot, "plot", "", "file to draw the course over time into, SVG")
	o := outputFlag(c, asTable, asJSON, asYAML, asCSV)
	_ = c.RegisterFlagCompletionFunc("rho", cobra.FixedCompletions([]string{"cost", "balanced", "speed"}, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = func(c *cobra.Command, _ []string) error {
		w.given = c.Flags().Changed
		return a.simulate(c.Context(), o, w)
	}
	return c
}

// simulate reads what the command line names, plays it and prints what came of it.
func (a *app) simulate(ctx context.Context, o *output, w whatIf) error {
	if err := w.check(); err != nil {
		return err
	}
	opts := simulate.Defaults()
	own, err := a.policy(&opts, w)
	if err != nil {
		return err
	}
	if opts.Rhos, err = w.priorities(own); err != nil {
		return err
	}
	builds, err := a.trace(w)
	if err != nil {
		return err
	}
	opts.Peers, opts.Polled, opts.Seeds = w.peers, w.polled, make([]uint64, w.runs)
	for i := range opts.Seeds {
		opts.Seeds[i] = w.seed + uint64(i)
	}
	if w.plot != "" {
		opts.Samples = 300
	}
	s := simulation(w, opts, own, builds)
	a.step("simulate %s", s.Trace)
	took := a.now()
	compared, err := simulate.Compare(ctx, builds, opts)
	if errors.Is(err, engine.ErrStalled) {
		return fmt.Errorf("%w; --policy has to allow agents", err)
	}
	if err != nil {
		return err
	}
	s.fill(compared, own)
	if w.plot != "" {
		if err := a.draw(w.plot, s, compared, own); err != nil {
			return err
		}
	}
	a.done("%d policies in %s", len(s.Policies), a.now().Sub(took).Round(10*time.Millisecond))
	return a.simulation(o, s)
}

func (w whatIf) check() error {
	switch {
	case w.trace == "":
		return usagef("--trace is missing: the file with the history of builds; `majordomo trace export` writes one, `majordomo trace generate` makes one up")
	case w.runs < 1 || w.runs > 1000:
		return usagef("--runs %d; allowed are 1 to 1000", w.runs)
	case !(w.price >= 0 && w.price <= 1e9):
		return usagef("--price %g; allowed is what an agent-hour costs, 0 and more", w.price)
	case w.pool != "" && w.policy == "":
		return usagef("--pool needs --policy, the file that the AgentPool is in")
	}
	switch ext := strings.ToLower(filepath.Ext(w.plot)); {
	case w.plot == "" || ext == ".svg":
	case ext == ".png":
		return usagef("--plot %s: only SVG is drawn; name it %s, which browsers show and from which other programs make a PNG", w.plot, strings.TrimSuffix(w.plot, filepath.Ext(w.plot))+".svg")
	default:
		return usagef("--plot %s: only SVG is drawn; end the name in .svg", w.plot)
	}
	return nil
}

// priorities returns those to try, the pool's own one among them, in order.
func (w whatIf) priorities(own *simulatedPool) ([]float64, error) {
	words := w.rhos
	if len(words) == 0 {
		words = []string{pool.Cost.String(), pool.Balanced.String(), pool.Speed.String()}
	}
	var out []float64
	for _, word := range words {
		p, err := pool.ParsePriority(strings.TrimSpace(word))
		if err != nil {
			return nil, usagef("--rho: %w", err)
		}
		out = append(out, float64(p))
	}
	if own != nil {
		out = append(out, own.priority)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	const most = 20
	switch {
	case out[0] < 1:
		return nil, usagef("priority %g: a simulation weighs by 1 and more, a second of a build's waiting against one of an agent's", out[0])
	case len(out) > most:
		return nil, usagef("--rho: %d priorities; allowed are %d", len(out), most)
	}
	return out, nil
}

// trace reads the history of builds.
func (a *app) trace(w whatIf) (*trace.Trace, error) {
	name, in := w.trace, a.stdin
	if name == "-" {
		name = stdinName
	} else {
		f, err := os.Open(filepath.Clean(name))
		if err != nil {
			return nil, usagef("--trace: %w", err)
		}
		defer f.Close()
		in = f
	}
	t, err := trace.Read(name, in, w.label)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return t, nil
}

// draw writes the picture.
func (a *app) draw(file string, s *simulated, c *simulate.Comparison, own *simulatedPool) error {
	chart := plot.Chart{Title: "Agents for " + filepath.Base(s.Trace.File), Subtitle: s.Trace.shape()}
	rho := float64(pool.Balanced)
	if own != nil {
		rho = own.priority
	}
	for _, r := range c.Chosen(rho) {
		chart.Panels = append(chart.Panels, plot.Panel{
			Name: r.Policy, Executors: s.Pool.Executors, Course: r.Course,
			Note: fmt.Sprintf("mean wait %s, p95 %s, %.0f agent-hours, %.2f x LB", seconds(r.Mean), seconds(r.P95), r.Hours, r.Ratio),
		})
	}
	for _, r := range c.Rows {
		chart.Points = append(chart.Points, plot.Point{Name: r.Policy, Own: r.Kind == simulate.Ours, Wait: r.Mean, Ratio: r.Ratio})
	}
	var picture bytes.Buffer
	if err := plot.Write(&picture, chart); err != nil {
		return err
	}
	const readable = 0o644
	if err := os.WriteFile(filepath.Clean(file), picture.Bytes(), readable); err != nil { //nolint:gosec // a picture for all
		return fmt.Errorf("plot: %w", err)
	}
	a.done("drew %s", file)
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
