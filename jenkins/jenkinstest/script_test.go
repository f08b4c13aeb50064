package jenkinstest

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// play is the simulated Jenkinses that go through what the recorded ones went through: one without and one with pipelines.
type play struct {
	t       *testing.T
	clock   *Clock
	a, b, j *Jenkins
	session string // of the web, to which the latest crumb belongs
}

func newPlay(t *testing.T) *play {
	p := &play{t: t, clock: NewClock(time.Date(2026, 11, 21, 0, 12, 0, 0, time.UTC))}
	p.a = New(Options{Now: p.clock.Now, Open: true, Executors: 2})
	p.b = New(Options{Now: p.clock.Now, URL: "http://127.0.0.1:18081", NoSwarm: true, Boot: Boot{Restarting: 9900 * time.Millisecond}})
	return p
}

// pick takes the Jenkins that a transcript is of.
func (p *play) pick(tr *transcript) {
	p.j = p.a
	if bytes.Contains(tr.request, []byte("127.0.0.1:18081")) || bytes.Contains(tr.request, []byte("127.0.0.1:18082")) {
		p.j = p.b
	}
	p.hold()
}

// hold makes builds run until the script says otherwise.
func (p *play) hold() {
	p.j.look(func(w *world) {
		for _, j := range w.jobs {
			j.Duration = 0
			for i := range j.Steps {
				j.Steps[i].Duration = 0
			}
		}
	})
}

func (p *play) remember(resp *http.Response) {
	for _, c := range resp.Cookies() {
		p.session = c.Value
	}
}

// job adds an ordinary job: one build at a time.
func (p *play) job(name, label string) { p.j.AddJob(Job{Name: name, Label: label, Serial: true}) }

// node adds a static node without a connection.
func (p *play) node(name string, executors int, exclusive bool, labels ...string) {
	p.j.AddNode(Node{
		Name: name, Labels: labels, Executors: executors, Exclusive: exclusive, Static: true, Offline: true, RemoteFS: "/home/jenkins/agents/" + name,
	})
}

// order asks for a build as admin does, without a quiet period. The item gets an id, if that is not 0, or the next one.
func (p *play) order(job string, id int64, params ...string) {
	p.j.do(func(w *world) {
		if id != 0 {
			w.lastID = id - 1
		}
		var of [][2]string
		for i := 0; i < len(params); i += 2 {
			of = append(of, [2]string{params[i], params[i+1]})
		}
		j := w.jobs[job]
		quiet := j.Quiet
		w.enqueue(j, of, "admin", quiet)
	})
}

// pipe orders a pipeline, whose steps get these ids.
func (p *play) pipe(job string, id int64, steps ...int64) {
	p.order(job, id)
	p.j.do(func(w *world) {
		for i, s := range w.jobs[job].last().steps {
			if s.item == nil { // it has begun already
				continue
			}
			delete(w.items, s.item.id)
			s.item.id = steps[i]
			w.items[s.item.id] = s.item
			w.lastID = max(w.lastID, s.item.id)
		}
	})
}

// race orders one of many builds that differ.
func (p *play) race(id int64) { p.order("race-job", id, "N", fmt.Sprintf("r%d", id-29)) }

// end ends a build.
func (p *play) end(job string, number int, result string) {
	p.j.do(func(w *world) {
		r := w.run(job, number)
		if r == nil || !r.running() {
			p.t.Fatalf("the script ends %s #%d, which does not run", job, number)
		}
		w.end(r, result)
	})
}

// step ends a node step of a pipeline.
func (p *play) step(job string, number, step int) {
	p.j.do(func(w *world) { w.endStep(w.run(job, number).steps[step], "SUCCESS") })
}

// cancel takes items out of the queue.
func (p *play) cancel(ids ...int64) {
	for _, id := range ids {
		if err := p.j.Cancel(id); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *play) do(err error) {
	if err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the agent of a node.
func (p *play) kill(nodes ...string) {
	for _, n := range nodes {
		p.do(p.j.Kill(n))
	}
}

func (p *play) connect(nodes ...string) {
	for _, n := range nodes {
		p.do(p.j.Connect(n))
	}
}

func (p *play) option(change func(*Options)) { p.j.do(func(w *world) { change(&w.options) }) }
