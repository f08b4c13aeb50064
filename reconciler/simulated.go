package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"majordomo.dev/jenkins/simulate"
	"majordomo.dev/jenkins/simulate/trace"
)

const (
	asCSV     = "csv"
	stdinName = "stdin" // in messages
)

// simulated is what `majordomo simulate -o json` prints. Times are in seconds.
type simulated struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Trace      simulatedTrace    `json:"trace"`
	Pool       simulatedLimits   `json:"pool"`
	Startup    simulatedStartup  `json:"startup"`
	Seeds      []uint64          `json:"seeds"`
	Price      float64           `json:"price,omitempty"` // of an agent-hour
	AgentHours float64           `json:"agentHours"`      // of the clairvoyant without wait
	Policies   []simulatedPolicy `json:"policies"`
	rhos       []float64
}

type simulatedTrace struct {
	File  string    `json:"file"`
	Label string    `json:"label,omitempty"`
	Start time.Time `json:"start"`
	Span  float64   `json:"spanSeconds"`
	// Builds and what they would use if none waited.
	Builds int     `json:"builds"`
	Mean   float64 `json:"meanBusy"`
	Peak   int     `json:"peakBusy"`
}

type simulatedLimits struct {
	Name      string `json:"name,omitempty"`
	Executors int    `json:"executors"`
	Min       int    `json:"min"`
	Max       int    `json:"max,omitempty"` // 0 for no limit
}

type simulatedStartup struct {
	Median float64 `json:"medianSeconds"`
	P95    float64 `json:"p95Seconds"`
	Shared float64 `json:"shared"`
}

// simulatedPolicy is what one policy came to.
type simulatedPolicy struct {
	Name       string          `json:"name"`
	Kind       simulate.Kind   `json:"kind"`
	Rule       string          `json:"rule"`
	Rho        float64         `json:"rho,omitempty"`
	Own        bool            `json:"own,omitempty"` // with the priority of the pool itself
	Wait       simulatedWait   `json:"waitSeconds"`
	AgentHours float64         `json:"agentHours"`
	IdleHours  float64         `json:"idleHours"`
	Ratio      float64         `json:"ratio"` // agent-hours over those of the clairvoyant
	Weighted   []simulatedCost `json:"weighted"`
	Starts     float64         `json:"starts"`
	Killed     float64         `json:"killed"`
	Peak       int             `json:"peakAgents"`
	Price      float64         `json:"price,omitempty"`
}

type simulatedWait struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

type simulatedCost struct {
	Rho  float64 `json:"rho"`
	Cost float64 `json:"cost"` // over its lower bound
}

// String is the trace in one line.
func (t simulatedTrace) String() string { return t.File + ": " + t.shape() }

func (t simulatedTrace) shape() string {
	return fmt.Sprintf("%d builds in %s, %.1f at a time on average, %d at most", t.Builds, lasting(t.Span), t.Mean, t.Peak)
}

// lasting writes a time in days, hours or minutes.
func lasting(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	default:
		return fmt.Sprintf("%.1f minutes", d.Minutes())
	}
}

// simulation returns the document as far as it is known before anything ran.
func simulation(w whatIf, o simulate.Options, own *simulatedPool, t *trace.Trace) *simulated {
	d, file := t.Demand(), w.trace
	if file == "-" {
		file = stdinName
	}
	s := &simulated{
		APIVersion: apiVersion, Kind: "Simulation",
		Trace: simulatedTrace{File: file, Label: w.label, Start: t.Start, Span: d.Span.Seconds(), Builds: d.Builds, Mean: d.Mean, Peak: d.Peak},
		Pool:  simulatedLimits{Executors: o.Spec.Executors, Min: o.Spec.Min}, Seeds: o.Seeds, Price: w.price,
		Startup: simulatedStartup{Median: o.Startup.Median.Seconds(), P95: o.Startup.P95.Seconds(), Shared: o.Startup.Shared},
	}
	if own != nil {
		s.Pool.Name, s.Pool.Max = own.name, o.Spec.Max
	}
	return s
}

// fill adds what came of it.
func (s *simulated) fill(c *simulate.Comparison, own *simulatedPool) {
	s.AgentHours, s.rhos = c.Hours, c.Rhos
	for _, r := range c.Rows {
		p := simulatedPolicy{
			Name: r.Policy, Kind: r.Kind, Rule: r.Rule, Rho: r.Rho, Own: r.Kind == simulate.Ours && own != nil && own.priority == r.Rho,
			Wait:       simulatedWait{r.Mean.Seconds(), r.P50.Seconds(), r.P95.Seconds(), r.P99.Seconds(), r.Max.Seconds()},
			AgentHours: r.Hours, IdleHours: r.IdleHours, Ratio: r.Ratio, Starts: r.Starts, Killed: r.Killed, Peak: r.Peak, Price: r.Hours * s.Price,
		}
		for i, w := range r.Weighted {
			p.Weighted = append(p.Weighted, simulatedCost{c.Rhos[i], w})
		}
		s.Policies = append(s.Policies, p)
	}
}

// simulation prints the document.
func (a *app) simulation(o *output, s *simulated) error {
	switch o.form {
	case asTable:
		a.simulatedTable(s)
		return nil
	case asCSV:
		return a.simulatedCSV(s)
	}
	return a.data(o, s)
}

func (a *app) simulatedTable(s *simulated) {
	t := &table{head: []string{"POLICY", "MEAN WAIT", "P50", "P95", "P99", "AGENT-HOURS", "IDLE", "x LB"}}
	for _, rho := range s.rhos {
		t.head = append(t.head, fmt.Sprintf("J%g", rho))
	}
	killed := false
	for _, p := range s.Policies {
		killed = killed || p.Killed > 0
	}
	if s.Price > 0 {
		t.head = append(t.head, "PRICE")
	}
	if killed {
		t.head = append(t.head, "KILLED")
	}
	for _, p := range s.Policies {
		look := plain
		if p.Own || p.Kind == simulate.Ours && s.Pool.Name == "" {
			look = bold
		}
		row := []cell{
			{p.Name, look},
			tenths(p.Wait.Mean),
			tenths(p.Wait.P50),
			tenths(p.Wait.P95),
			tenths(p.Wait.P99),
			{text: fmt.Sprintf("%.1f", p.AgentHours)},
			{text: fmt.Sprintf("%.0f%%", 100*part(p.IdleHours, p.AgentHours))},
			{text: fmt.Sprintf("%.3f", p.Ratio)},
		}
		for _, w := range p.Weighted {
			row = append(row, cell{text: fmt.Sprintf("%.3f", w.Cost)})
		}
		if s.Price > 0 {
			row = append(row, cell{text: fmt.Sprintf("%.2f", p.Price)})
		}
		if killed {
			row = append(row, cell{text: fmt.Sprintf("%.0f", p.Killed)})
		}
		t.add(row...)
	}
	a.print(t, true, nil)
}

func tenths(seconds float64) cell { return cell{text: fmt.Sprintf("%.1fs", seconds)} }

func part(of, all float64) float64 {
	if all == 0 {
		return 0
	}
	return of / all
}

func (a *app) simulatedCSV(s *simulated) error {
	w := csv.NewWriter(a.out)
	head := []string{
		"policy", "kind", "rho", "mean_wait_s", "p50_wait_s", "p95_wait_s", "p99_wait_s", "max_wait_s", "agent_hours", "idle_hours", "ratio",
		"starts", "killed", "peak_agents", "price",
	}
	for _, rho := range s.rhos {
		head = append(head, fmt.Sprintf("j%g", rho))
	}
	if err := w.Write(head); err != nil {
		return err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	for _, p := range s.Policies {
		row := []string{p.Name, string(p.Kind), ""}
		if p.Rho > 0 {
			row[2] = strconv.FormatFloat(p.Rho, 'g', -1, 64)
		}
		for _, v := range []float64{p.Wait.Mean, p.Wait.P50, p.Wait.P95, p.Wait.P99, p.Wait.Max, p.AgentHours, p.IdleHours, p.Ratio, p.Starts, p.Killed} {
			row = append(row, number(v))
		}
		row = append(row, strconv.Itoa(p.Peak), number(p.Price))
		for _, v := range p.Weighted {
			row = append(row, number(v.Cost))
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
