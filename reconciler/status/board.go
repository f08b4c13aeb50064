package status

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Board is the one place where the present state is kept. The loop writes it; pages, metrics and commands read it. It is bounded:
// what is counted per environment goes with the environment, and other labels are limited in number.
type Board struct {
	mu       sync.Mutex
	changed  chan struct{}
	version  uint64
	leader   bool
	source   Source
	fetches  counts
	fetching Histogram
	panics   counts
	webhooks counts
	envs     map[string]*line
}

// line is what the board has of one environment.
type line struct {
	status Environment
	counts map[string]counts // by name of the counter, then by labels
	took   map[Phase]*Histogram
	next   time.Time
	look   Look
	pruned int64
}

// Look is what the last visit of an environment went by.
type Look struct {
	Seen     string // newest commit of the branch at the time
	Followed string // the commit that the environment was to follow: another one while a person has rolled it back
}

// Source is the state of the config repository.
type Source struct {
	URL         string    `json:"url,omitempty"` // without user and password
	Ref         string    `json:"ref,omitempty"` // "refs/heads/main"
	Revision    string    `json:"revision,omitempty"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	Error       string    `json:"error,omitempty"`   // of the last fetch, "" if it went well
	Refused     string    `json:"refused,omitempty"` // newest commit, where it does not come into force because its fleet.yaml is wrong
}

// NewBoard returns an empty board.
func NewBoard() *Board {
	return &Board{changed: make(chan struct{}), envs: map[string]*line{}, fetches: counts{}, panics: counts{}, webhooks: counts{}}
}

// Changed returns a channel that is closed at the next change. A reader takes it before the Snapshot, so that it misses nothing.
func (b *Board) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// announce wakes everybody who waits for a change. The caller holds the lock.
func (b *Board) announce() {
	b.version++
	close(b.changed)
	b.changed = make(chan struct{})
}

// Put sets the status of an environment, which nobody changes afterwards. The first Put of an environment, which may be of the zero status, opens its counters.
func (b *Board) Put(env string, e Environment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.envs[env]
	if !ok {
		l = &line{counts: map[string]counts{}, took: map[Phase]*Histogram{}}
		b.envs[env] = l
	}
	l.status = e
	b.announce()
}

// Next sets when an environment is looked at again, zero for not by itself.
func (b *Board) Next(env string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.envs[env]; ok && !l.next.Equal(at) {
		l.next = at
		b.announce()
	}
}

// Looked sets what the last visit of an environment went by.
func (b *Board) Looked(env string, look Look) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.envs[env]; ok && l.look != look {
		l.look = look
		b.announce()
	}
}

// Delete takes an environment and all that was counted for it off the board.
func (b *Board) Delete(env string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.envs[env]; ok {
		delete(b.envs, env)
		b.announce()
	}
}

// Source sets the state of the config repository. Texts are cleaned.
func (b *Board) Source(s Source) {
	s.URL, s.Ref, s.Error = Clean(s.URL, maxText), Clean(s.Ref, maxText), Clean(s.Error, maxText)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.source != s {
		b.source = s
		b.announce()
	}
}

// Leader sets whether this process is the one that writes.
func (b *Board) Leader(is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.leader != is {
		b.leader = is
		b.announce()
	}
}

// Snapshot is the board at one moment. It shares nothing that changes with the board.
type Snapshot struct {
	Version      uint64 // grows with every change but those of counters
	Leader       bool
	Source       Source
	Fetches      []Count // labels: result
	Fetching     Histogram
	Panics       []Count       // labels: component
	Webhooks     []Count       // labels: provider, result
	Environments []Observation // by name
}

// Observation is one environment in a snapshot.
type Observation struct {
	Name   string
	Status Environment
	Next   time.Time // when it is looked at again
	Look   Look      // what the last visit went by

	Syncs  []Count // labels: result, trigger
	Drifts []Count // labels: kind
	Pruned int64
	Gates  []Count // labels: gate
	Took   map[Phase]Histogram
}

// Snapshot returns the present state.
func (b *Board) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{
		Version: b.version, Leader: b.leader, Source: b.source,
		Fetches: b.fetches.list(), Fetching: b.fetching, Panics: b.panics.list(), Webhooks: b.webhooks.list(),
		Environments: make([]Observation, 0, len(b.envs)),
	}
	for name, l := range b.envs {
		o := Observation{
			Name: name, Status: l.status, Next: l.next, Look: l.look,
			Syncs: l.counts[syncs].list(), Drifts: l.counts[drifts].list(), Pruned: l.pruned, Gates: l.counts[gates].list(),
			Took: make(map[Phase]Histogram, len(l.took)),
		}
		for p, h := range l.took {
			o.Took[p] = *h
		}
		s.Environments = append(s.Environments, o)
	}
	slices.SortFunc(s.Environments, func(a, b Observation) int { return cmp.Compare(a.Name, b.Name) })
	return s
}
