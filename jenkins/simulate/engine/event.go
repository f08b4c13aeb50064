package engine

import "time"

type kind int

// At one instant, what frees an executor comes before what needs one.
const (
	ends kind = iota
	comesUp
	drained
)

// event is something that will happen to an agent, unless its token is of the past by then.
type event struct {
	at    time.Duration
	kind  kind
	agent *Agent
	token int
	build int
	seq   int
}

// events is a heap: the next event is the first.
type events struct {
	heap []event
	seq  int
}

func (e *events) push(v event) {
	e.seq++
	v.seq = e.seq
	e.heap = append(e.heap, v)
	i := len(e.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.heap[i].before(e.heap[up]) {
			break
		}
		e.heap[i], e.heap[up] = e.heap[up], e.heap[i]
		i = up
	}
}

func (e *events) pop() event {
	top, last := e.heap[0], len(e.heap)-1
	e.heap[0] = e.heap[last]
	e.heap[last] = event{}
	e.heap = e.heap[:last]
	i := 0
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if e.heap[child].before(e.heap[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		e.heap[i], e.heap[least] = e.heap[least], e.heap[i]
		i = least
	}
}

func (v event) before(w event) bool {
	if v.at != w.at {
		return v.at < w.at
	}
	if v.kind != w.kind {
		return v.kind < w.kind
	}
	return v.seq < w.seq
}

// queue is the builds that wait, first come, first served.
type queue struct {
	ring  []int
	start int
	n     int
}

func (q *queue) len() int   { return q.n }
func (q *queue) first() int { return q.ring[q.start] }

func (q *queue) push(build int) {
	if q.n == len(q.ring) {
		wider := make([]int, max(16, 2*q.n))
		for i := range q.n {
			wider[i] = q.ring[(q.start+i)%len(q.ring)]
		}
		q.ring, q.start = wider, 0
	}
	q.ring[(q.start+q.n)%len(q.ring)] = build
	q.n++
}

func (q *queue) pop() int {
	build := q.ring[q.start]
	q.start = (q.start + 1) % len(q.ring)
	q.n--
	return build
}

// nextEvent returns when something happens by itself.
func (p *Pool) nextEvent() time.Duration {
	at := Never
	for len(p.events.heap) > 0 && p.events.heap[0].token != p.events.heap[0].agent.token {
		p.events.pop() // it was cancelled
	}
	if len(p.events.heap) > 0 {
		at = p.events.heap[0].at
	}
	builds := p.trace.Builds
	if p.arrived < len(builds) {
		at = min(at, builds[p.arrived].Submit)
	}
	if len(p.notices) > 0 {
		at = min(at, max(p.notices[0], p.now))
	}
	return at
}

// happen lets everything happen that is due now.
func (p *Pool) happen() {
	for len(p.events.heap) > 0 && p.events.heap[0].at <= p.now {
		v := p.events.pop()
		if v.token == v.agent.token {
			p.changed = true
			p.one(v)
		}
	}
	for len(p.notices) > 0 && p.notices[0] <= p.now {
		p.notices = p.notices[1:]
		p.changed = true
	}
	for p.arrived < len(p.trace.Builds) && p.trace.Builds[p.arrived].Submit <= p.now {
		p.queue.push(p.arrived)
		p.jobs = append(p.jobs, Job{Job: p.trace.Builds[p.arrived].Job, At: p.trace.Builds[p.arrived].Submit})
		p.arrived++
		p.changed = true
	}
}

func (p *Pool) one(v event) {
	a := v.agent
	switch v.kind {
	case comesUp:
		p.starting.remove(a)
		p.started = append(p.started, p.now-a.since)
		p.up(a)
	case ends:
		p.end(a, v.build)
	case drained:
		p.draining.remove(a)
		p.gone(a)
	}
}

// decided forgets what the policy has been told.
func (p *Pool) decided() {
	p.changed = false
	p.started = p.started[:0]
	p.jobs = p.jobs[:0]
}
