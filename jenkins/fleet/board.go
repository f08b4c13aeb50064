package fleet

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/pool"
)

// poolKey names a pool for people.
type poolKey struct{ environment, namespace, name string }

// Pool is one pool on the board.
type Pool struct {
	Environment string      `json:"environment"`
	Namespace   string      `json:"namespace"`
	Name        string      `json:"name"`
	Suspend     string      `json:"suspend,omitempty"`  // why it is left alone
	Drain       string      `json:"drain,omitempty"`    // why it is emptied
	Floor       *Floor      `json:"floor,omitempty"`    // that a person has set
	Startups    *Durations  `json:"startups,omitempty"` // of agents, from the pod to the registration
	Waits       *Durations  `json:"waits,omitempty"`    // of builds for an agent, to within the time between two looks
	Spec        pool.Spec   `json:"spec"`
	Status      pool.Status `json:"status"`
}

// Durations is how long something took, each time since this process started.
type Durations struct {
	Count  uint64    `json:"count"`
	Mean   float64   `json:"mean"`   // seconds
	P50    float64   `json:"p50"`    // seconds that half of them took at most, as far as the bounds tell
	P95    float64   `json:"p95"`    // seconds that 95 % took at most
	Bounds []float64 `json:"bounds"` // upper, in seconds; the last bucket has none
	Counts []uint64  `json:"counts"` // by bucket
}

// Floor is the number of agents that a person has asked for.
type Floor struct {
	Agents int        `json:"agents"`
	Until  *time.Time `json:"until,omitempty"` // nil: without an end
	Reason string     `json:"reason,omitempty"`
}

// Master is one Jenkins on the board.
type Master struct {
	Environment string    `json:"environment"`
	Namespace   string    `json:"namespace"` // of the pools that it serves
	URL         string    `json:"url"`
	Secret      string    `json:"secret"` // that says as whom it is asked
	Up          bool      `json:"up"`
	Reason      string    `json:"reason,omitempty"` // why it is not
	Version     string    `json:"version,omitempty"`
	LastRead    time.Time `json:"lastRead,omitzero"`
}

// Snapshot is the board at one moment. It shares nothing that changes with the fleet.
type Snapshot struct {
	Version uint64   `json:"-"` // grows with every change of a pool
	Panics  int64    `json:"-"` // that were recovered
	Pools   []Pool   `json:"pools"`
	Masters []Master `json:"masters"`
}

// board is what the fleet shows. It is bounded: what is counted for a pool or a Jenkins goes with it.
type board struct {
	mu      sync.Mutex
	changed chan struct{}
	version uint64
	pools   map[poolKey]*poolLine
	masters map[masterKey]*masterLine
	panics  int64
}

// poolLine is what the board has of one pool.
type poolLine struct {
	uid      string
	shown    Pool
	steps    map[string]int64 // by op
	scaled   [2]int64         // down, up
	startups histogram
	waits    histogram
	lost     int64
	findings map[heal.Rule]int // agents by what is wrong with them now
}

// masterLine is what the board has of one Jenkins.
type masterLine struct {
	last     *jenkins.Snapshot
	fault    *jenkins.Fault
	requests map[request]*histogram
}

// request is a kind of request and what came of it.
type request struct {
	endpoint string
	code     int
}

// maxRequests is how many kinds of requests are counted.
const maxRequests = 200

func newBoard() *board {
	return &board{changed: make(chan struct{}), pools: map[poolKey]*poolLine{}, masters: map[masterKey]*masterLine{}}
}

// announce wakes everybody who waits for a change. The caller holds the lock.
func (b *board) announce() {
	b.version++
	close(b.changed)
	b.changed = make(chan struct{})
}

// put shows a pool, unless it has left meanwhile.
func (b *board) put(t *tracked, p *pool.Pool, s pool.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.gone() {
		return
	}
	l := b.line(t.key())
	l.uid, l.shown = t.uid, poolOf(t.key(), p, s)
	b.announce()
}

// poolOf returns a pool as the board shows it.
func poolOf(key poolKey, p *pool.Pool, s pool.Status) Pool {
	note := p.Annotations
	out := Pool{
		Environment: key.environment, Namespace: key.namespace, Name: key.name, Suspend: note[pool.Suspend], Drain: note[pool.DrainPool],
		Spec: p.Spec, Status: s,
	}
	if n := p.Spec.Replicas; n != nil && *n > 0 {
		out.Floor = &Floor{Agents: *n, Reason: note[pool.ScaleReason]}
		if until, err := time.Parse(time.RFC3339, note[pool.ScaleUntil]); err == nil {
			out.Floor.Until = &until
		}
	}
	return out
}

// line returns what there is of a pool. The caller holds the lock.
func (b *board) line(key poolKey) *poolLine {
	l := b.pools[key]
	if l == nil {
		l = &poolLine{steps: map[string]int64{}}
		b.pools[key] = l
	}
	return l
}

// remove takes a pool off the board, unless another one has its name by now.
func (b *board) remove(key poolKey, uid string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.pools[key]; l != nil && l.uid == uid {
		delete(b.pools, key)
		b.announce()
	}
}

func (b *board) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.pools)
	clear(b.masters)
	b.announce()
}

// found sets what is wrong with the agents of a pool.
func (b *board) found(key poolKey, findings map[heal.Rule]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line(key).findings = findings
}

// started counts an agent that came up.
func (b *board) started(key poolKey, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line(key).startups.observe(took, poolBounds)
}

// waited counts a build that has got an agent.
func (b *board) waited(key poolKey, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line(key).waits.observe(took, poolBounds)
}

// did counts a step.
func (b *board) did(key poolKey, s drain.Step, from int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.line(key)
	l.steps[string(s.Op)]++
	switch {
	case s.Op != drain.Scale:
	case s.Replicas > from:
		l.scaled[1]++
	case s.Replicas < from:
		l.scaled[0]++
	}
}

// killed counts builds that were on agents which the fleet has removed: there should never be any.
func (b *board) killed(key poolKey, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line(key).lost += int64(n)
}

func (b *board) panicked() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.panics++
}

// master returns what there is of a Jenkins. The caller holds the lock.
func (b *board) master(key masterKey) *masterLine {
	l := b.masters[key]
	if l == nil {
		l = &masterLine{requests: map[request]*histogram{}}
		b.masters[key] = l
	}
	return l
}

func (b *board) answered(key masterKey, last *jenkins.Snapshot, f *jenkins.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.master(key)
	l.last, l.fault = last, f
}

// observe returns what counts the requests to a Jenkins.
func (b *board) observe(key masterKey) func(string, int, time.Duration) {
	return func(endpoint string, code int, took time.Duration) {
		b.mu.Lock()
		defer b.mu.Unlock()
		l, r := b.master(key), request{endpoint, code}
		h := l.requests[r]
		if h == nil {
			if len(l.requests) >= maxRequests {
				return
			}
			h = &histogram{}
			l.requests[r] = h
		}
		h.observe(took, requestBounds)
	}
}

func (b *board) left(key masterKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.masters, key)
}

// Changed returns a channel that is closed at the next change. A reader takes it before the Snapshot, so that it misses nothing.
func (f *Fleet) Changed() <-chan struct{} {
	f.board.mu.Lock()
	defer f.board.mu.Unlock()
	return f.board.changed
}

// Snapshot returns the pools and the Jenkins as they are now.
func (f *Fleet) Snapshot() Snapshot {
	b := f.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{Version: b.version, Panics: b.panics, Pools: make([]Pool, 0, len(b.pools)), Masters: make([]Master, 0, len(b.masters))}
	for _, l := range b.pools {
		if l.uid != "" {
			p := l.shown
			p.Startups, p.Waits = l.startups.shown(poolBounds), l.waits.shown(poolBounds)
			s.Pools = append(s.Pools, p)
		}
	}
	for k, l := range b.masters {
		m := Master{Environment: k.environment, Namespace: k.namespace, URL: k.url, Secret: k.account(), Up: l.fault == nil && l.last != nil}
		if l.last != nil {
			m.Version, m.LastRead = l.last.Version, l.last.At
		}
		if l.fault != nil {
			m.Reason = l.fault.Error()
		}
		s.Masters = append(s.Masters, m)
	}
	slices.SortFunc(s.Pools, func(a, b Pool) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Masters, func(a, b Master) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Secret, b.Secret))
	})
	return s
}
