package trace

import (
	"fmt"
	"math"
	"time"

	"majordomo.dev/jenkins/simulate/random"
)

// Diurnal generates n builds of a firm with twenty repositories, about 2,900 on a working day and 1,000 at weekends: pushes by the hour of the
// day, each with jobs that depend on each other; waves of pushes, such as of a dependency that all use; and jobs that run by the clock.
func Diurnal(seed uint64, n int) *Trace {
	g := &generator{random: random.New(seed), jobs: map[string]int{}}
	g.out.Start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC) // a Monday
	g.found()
	for day := 0; len(g.out.Builds) < n; day++ {
		g.day(day)
	}
	g.out.sort()
	g.out.Builds = g.out.Builds[:n]
	return &g.out
}

type generator struct {
	random *random.Source
	repos  []repo
	jobs   map[string]int
	out    Trace
}

// repo is a repository: how often it is pushed to, and how long its jobs take.
type repo struct {
	name                           string
	share                          float64 // of all pushes
	build, test, bundle, overnight time.Duration
	tests                          int // jobs side by side
}

const repositories = 20

// found makes up the repositories. A few have most of the pushes.
func (g *generator) found() {
	total := 0.0
	for i := range repositories {
		minutes := func(least, most float64) time.Duration {
			return time.Duration((least + (most-least)*g.random.Float64()) * float64(time.Minute))
		}
		r := repo{
			name: fmt.Sprintf("repo-%02d", i+1), share: 1 / float64(i+1), tests: 1 + g.random.Below(6),
			build: minutes(1, 7), test: minutes(2, 11), bundle: minutes(0.7, 3), overnight: minutes(10, 40),
		}
		total += r.share
		g.repos = append(g.repos, r)
	}
	for i := range g.repos {
		g.repos[i].share /= total
	}
}

// pick chooses the repository of a push.
func (g *generator) pick() repo {
	at := g.random.Float64()
	for _, r := range g.repos {
		if at -= r.share; at < 0 {
			return r
		}
	}
	return g.repos[0]
}

// work is how busy people are in each hour of a day, 1 at most.
var work = [24]float64{
	0.05, 0.04, 0.03, 0.03, 0.03, 0.04, 0.08, 0.25, 0.6, 0.9, 1, 0.95,
	0.6, 0.8, 1, 1, 0.95, 0.75, 0.45, 0.3, 0.22, 0.18, 0.12, 0.08,
}

func (g *generator) day(day int) {
	const (
		pushes  = 42.0 // in a busy hour
		weekend = 0.15
		waves   = 4 // on a working day
	)
	start := time.Duration(day) * 24 * time.Hour
	busy, wave := 1.0, waves
	if day%7 >= 5 {
		busy, wave = weekend, 0
	}
	mood := 0.0
	for hour, level := range work {
		mood = 0.7*mood + 0.25*g.random.Normal() // some hours are busier than others
		g.pushes(start+time.Duration(hour)*time.Hour, pushes*busy*level*math.Exp(mood))
	}
	for range wave {
		g.wave(start + 9*time.Hour + g.within(8*time.Hour))
	}
	g.timers(start)
}

// pushes has so many of them come within an hour on average.
func (g *generator) pushes(hour time.Duration, rate float64) {
	for at := 0.0; rate > 0; {
		if at += g.random.Exp() / rate; at >= 1 {
			return
		}
		g.push(hour+time.Duration(at*float64(time.Hour)), g.pick())
	}
}

// push runs the jobs of a commit: a check and a build, then tests side by side, then, sometimes, a bundle that may be deployed.
func (g *generator) push(at time.Duration, r repo) {
	const (
		bundled  = 0.3
		deployed = 0.5
	)
	g.run(at, r.name+"/lint", 40*time.Second)
	built := g.run(at, r.name+"/build", r.build)
	tested := built
	for i := range r.tests {
		tested = max(tested, g.run(built+time.Second, fmt.Sprintf("%s/test-%d", r.name, i+1), r.test))
	}
	if g.random.Float64() < bundled {
		done := g.run(tested+time.Second, r.name+"/bundle", r.bundle)
		if g.random.Float64() < deployed {
			g.run(done+time.Second, r.name+"/deploy", 45*time.Second)
		}
	}
}

// wave is many builds within a minute.
func (g *generator) wave(at time.Duration) {
	for range 20 + g.random.Below(41) {
		r := g.repos[g.random.Below(len(g.repos))]
		g.run(at+g.within(time.Minute), r.name+"/build", r.build)
	}
}

// timers runs what runs by the clock.
func (g *generator) timers(day time.Duration) {
	for quarter := range 96 {
		g.run(day+time.Duration(quarter)*15*time.Minute, "mirror", 20*time.Second)
	}
	for hour := range 24 {
		for i := range 3 {
			g.run(day+time.Duration(hour)*time.Hour, fmt.Sprintf("health-%d", i+1), time.Minute)
		}
	}
	for _, r := range g.repos {
		g.run(day+2*time.Hour, r.name+"/nightly", r.overnight)
		for range 3 {
			g.run(day+3*time.Hour, r.name+"/scan", r.test)
		}
	}
}

// run adds a build that takes about as long as median, and returns when it ends.
func (g *generator) run(at time.Duration, job string, median time.Duration) time.Duration {
	const spread = 0.35
	took := max(time.Duration(float64(median)*math.Exp(spread*g.random.Normal())).Round(time.Millisecond), time.Second)
	at = at.Round(time.Millisecond)
	i, ok := g.jobs[job]
	if !ok {
		i = len(g.out.Jobs)
		g.jobs[job] = i
		g.out.Jobs = append(g.out.Jobs, job)
	}
	g.out.Builds = append(g.out.Builds, Build{Submit: at, Duration: took, Job: i})
	return at + took
}

func (g *generator) within(d time.Duration) time.Duration {
	return time.Duration(g.random.Float64() * float64(d))
}
