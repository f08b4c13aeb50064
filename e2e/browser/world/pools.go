package world

import (
	"fmt"
	"time"

	"majordomo.dev/reconciler/window"
)

// pool is a farm as it is now, with the texts that majordomo explain has.
func (f farm) pool(now time.Time) window.Pool {
	p := window.Pool{
		Environment: f.environment, Namespace: f.namespace, Name: f.name, Target: f.target, Jenkins: f.jenkins, Labels: f.labels,
		Executors: 1, Priority: "balanced", State: window.Ready,
	}
	f.fill(&p, now)
	p.History = f.changes(now, 20)
	p.Decision = f.decision(p, now)
	p.Reason = p.Decision.Reason
	p.NotDown = "idle agents are kept for 4m0s after their last build"
	p.Agents = f.agents(p, now)
	bounds := []float64{5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600}
	p.Startups = &window.Durations{
		Count: 412, Mean: 51.4, P50: 49.2, P95: 101.7, Bounds: bounds, Counts: []uint64{0, 2, 9, 31, 118, 163, 61, 19, 6, 2, 1, 0},
	}
	p.Waits = &window.Durations{
		Count: 2418, Mean: 6.1, P50: 3.2, P95: 26.5, Bounds: bounds, Counts: []uint64{1902, 214, 131, 77, 41, 22, 17, 9, 4, 1, 0, 0},
	}
	p.Checks = []window.Check{
		{Type: "Ready", Status: "True", Reason: "AsDecided", Message: fmt.Sprintf("%d agents, as decided", p.Desired), Since: now.Add(-40 * time.Minute)},
		{Type: "JenkinsReachable", Status: "True", Reason: "Answers", Message: "Jenkins answers to scaler", Since: now.Add(-26 * time.Hour)},
	}
	return p
}

// changes are the decisions that changed the number, newest first, at most n of the last two hours.
func (f farm) changes(now time.Time, n int) []window.Change {
	var out []window.Change
	for at := now.Truncate(grid); now.Sub(at) < 2*time.Hour && len(out) < n; at = at.Add(-grid) {
		from, to := f.desired(at.Add(-grid)), f.desired(at)
		if from != to {
			out = append(out, window.Change{At: at, From: from, To: to, Reason: f.reason(at, from, to)})
		}
	}
	return out
}

func (f farm) reason(at time.Time, from, to int) string {
	switch wanted := f.wanted(at); {
	case to == f.max && wanted > f.max:
		return fmt.Sprintf("%d builds want an agent; spec.max allows %d agents", wanted, f.max)
	case to > from:
		return load(wanted-min(wanted, from), min(wanted, from))
	default:
		return fmt.Sprintf("no idle agent is worth its keep: %d of %d had no build for 4m0s", from-to, from)
	}
}

func (f farm) decision(p window.Pool, now time.Time) *window.Decision {
	d := &window.Decision{At: now.Add(-2 * time.Second), From: p.Desired, To: p.Desired, Term: "demand"}
	wanted := f.wanted(now)
	d.Reason = load(p.Queued, p.Busy)
	switch {
	case wanted > p.Max:
		d.Reason = fmt.Sprintf("%d builds want an agent; spec.max allows %d agents", wanted, p.Max)
	case p.Desired == p.Min:
		d.Term, d.Reason = "min", fmt.Sprintf("min keeps %d agents", p.Min)
	case p.Idle > 0:
		d.Term, d.Reason = "keep", fmt.Sprintf("%s; %s worth their keep", count(p.Busy, "build runs", "builds run"), count(p.Idle, "idle agent is", "idle agents are"))
	}
	d.Terms = []window.Term{
		{Name: "demand", Agents: wanted, Reason: load(p.Queued, p.Busy)},
		{Name: "short", Agents: wanted, Reason: "no burst"},
		{Name: "soon", Agents: wanted, Reason: "no build is known to come within 20 s"},
		{Name: "successors", Agents: wanted, Reason: "no build is expected to follow one that ended"},
		{Name: "hold", Agents: wanted, Reason: "no level of demand was left lately"},
		{Name: "spare", Agents: min(wanted+1, p.Max), Reason: "one spare agent is worth its start"},
		{Name: "keep", Agents: p.Desired, Reason: fmt.Sprintf("%d idle agents are worth their keep", p.Idle)},
		{Name: "min", Agents: p.Min, Reason: fmt.Sprintf("min keeps %d agents", p.Min)},
	}
	d.Limits = []window.Limit{
		{Name: "min", Value: p.Min, Reason: "spec.min, schedules and manual floor"},
		{Name: "max", Value: p.Max, Cut: wanted > p.Max, Reason: "spec.max"},
		{Name: "quota", Value: 57, Reason: "the namespace has room for 57 agents"},
	}
	d.Gates = []window.Gate{
		{Name: "active", Open: true, Reason: "the pool is not suspended"},
		{Name: "complete", Open: true, Reason: "Jenkins answers to scaler"},
		{Name: "fresh", Open: true, Reason: "the answer is new"},
		{Name: "calm", Open: p.Queued == 0, Reason: count(p.Queued, "build waits", "builds wait")},
	}
	next := now.Add(96 * time.Second)
	d.Next, d.Why, d.Rests = &next, "then an idle agent has been kept for 4m0s", "priority balanced, start-up 51 s (learned, 20 of 20 seen)"
	return d
}

// agents lists those of a pool: busy, idle, starting, draining.
func (f farm) agents(p window.Pool, now time.Time) []window.Agent {
	var out []window.Agent
	add := func(n int, state, reason string, age time.Duration, built bool) {
		for range n {
			i := len(out)
			a := window.Agent{
				Name: fmt.Sprintf("agent-%s-%s", f.name, suffix(i)), State: state, Reason: reason, Since: now.Add(-age - time.Duration(noise(int64(i))%170)*time.Second),
			}
			if built {
				a.Build = fmt.Sprintf("%s/job/%s/%d/", f.jenkins, f.job, 2418-i)
			}
			out = append(out, a)
		}
	}
	add(p.Busy, "busy", "", 40*time.Second, true)
	add(p.Idle, "idle", "had its last build a while ago", time.Minute, false)
	for i := range p.Starting {
		add(1, "starting", "the pod runs and has not registered", time.Duration(i%5)*time.Second, false)
		out[len(out)-1].Since = now.Add(-time.Duration(5+7*(i%6)) * time.Second)
	}
	add(p.Draining, "draining", "idle, and marked in Jenkins so that it gets no build", 10*time.Second, false)
	return out
}

// suffix is what Kubernetes would append to a name.
func suffix(n int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	x := noise(int64(n) + 1)
	b := make([]byte, 5)
	for i := range b {
		b[i] = letters[x%uint32(len(letters))]
		x /= uint32(len(letters))
	}
	return string(b)
}

// load says how many builds there are.
func load(wait, run int) string {
	return fmt.Sprintf("%s, %d run", count(wait, "build waits", "builds wait"), run)
}

// count says how many there are of something.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
