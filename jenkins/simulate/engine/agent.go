package engine

import "time"

type state int

const (
	starting state = iota
	idle
	busy
	draining
	retiring // it finishes its builds and takes no other
	gone
)

// Agent is one agent.
type Agent struct {
	state  state
	since  time.Duration // in this state
	until  time.Duration // when it comes up
	token  int           // events of an older one count no more
	builds []run

	ready, free int    // its places in the pool's lists, plus 1; 0 for none
	prev, next  *Agent // in the list of its state
}

// run is a build on an agent.
type run struct {
	build int
	began time.Duration
}

// list is the agents of one state, the longest in it first.
type list struct {
	head, tail *Agent
	n          int
}

func (l *list) push(a *Agent) {
	a.prev, a.next = l.tail, nil
	if l.tail != nil {
		l.tail.next = a
	} else {
		l.head = a
	}
	l.tail = a
	l.n++
}

func (l *list) remove(a *Agent) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		l.head = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		l.tail = a.prev
	}
	a.prev, a.next = nil, nil
	l.n--
}

// up makes an agent ready for builds.
func (p *Pool) up(a *Agent) {
	a.state, a.since = idle, p.now
	p.idle.push(a)
	p.ready = append(p.ready, a)
	a.ready = len(p.ready)
	if a.state != retiring {
		p.offer(a)
	}
}

// down takes an agent out of those that are ready.
func (p *Pool) down(a *Agent) {
	last := p.ready[len(p.ready)-1]
	p.ready[a.ready-1], last.ready = last, a.ready
	p.ready = p.ready[:len(p.ready)-1]
	a.ready = 0
	p.withdraw(a)
}

// offer makes a free executor of an agent known.
func (p *Pool) offer(a *Agent) {
	if a.free == 0 {
		p.free = append(p.free, a)
		a.free = len(p.free)
	}
}

func (p *Pool) withdraw(a *Agent) {
	if a.free == 0 {
		return
	}
	last := p.free[len(p.free)-1]
	p.free[a.free-1], last.free = last, a.free
	p.free = p.free[:len(p.free)-1]
	a.free = 0
}

// gone forgets an agent that is in no list any more.
func (p *Pool) gone(a *Agent) {
	a.state = gone
	a.token++
	p.changed = true
}

// assign gives waiting builds to free executors.
func (p *Pool) assign() {
	for p.queue.len() > 0 && len(p.free) > 0 {
		a := p.idle.tail
		if p.o.Spread || p.o.Executors > 1 {
			a = p.free[p.random.Below(len(p.free))]
		}
		p.begin(a, p.queue.pop())
	}
	if p.queue.len() == 0 {
		p.moved = p.now
	}
}

func (p *Pool) begin(a *Agent, build int) {
	b := p.trace.Builds[build]
	if len(a.builds) == 0 {
		p.idle.remove(a)
		a.state, a.since = busy, p.now
		p.busy++
	}
	a.builds = append(a.builds, run{build: build, began: p.now})
	if len(a.builds) == p.o.Executors || p.o.Ephemeral {
		p.withdraw(a)
	}
	p.running++
	p.moved = p.now
	p.waits[build] = p.now - b.Submit
	if p.course != nil {
		p.course.waited(p.now - b.Submit)
	}
	p.events.push(event{at: p.now + b.Duration, kind: ends, agent: a, token: a.token, build: build})
}

func (p *Pool) end(a *Agent, build int) {
	for i, r := range a.builds {
		if r.build == build {
			a.builds = append(a.builds[:i], a.builds[i+1:]...)
			break
		}
	}
	p.running--
	p.finished++
	p.jobs = append(p.jobs, Job{Job: p.trace.Builds[build].Job, Ended: true, At: p.now})
	switch {
	case len(a.builds) > 0:
	case a.state == retiring:
		p.retiring--
		p.gone(a)
	case p.o.Ephemeral:
		p.busy--
		p.down(a)
		p.gone(a)
	default:
		p.busy--
		a.state, a.since = idle, p.now
		p.idle.push(a)
	}
	if a.state == idle || a.state == busy {
		p.offer(a)
	}
}
