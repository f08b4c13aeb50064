package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"majordomo.dev/reconciler/window"
)

// How much is remembered for clients that come back, how often a change is told at most, how many listen, and how often is looked for what
// nothing announces.
const (
	maxEvents    = 1000
	maxEventSize = 8 << 20 // bytes of all events together
	breath       = 250 * time.Millisecond
	maxClients   = 200
	lookAgain    = 15 * time.Second
)

// hub tells everybody who listens what happens. It keeps the newest events once for all; each client has its own place in them, so that a slow
// one holds up nobody and costs nothing.
type hub struct {
	window Window
	epoch  string
	arrive chan struct{} // a client has come

	looking sync.Mutex // one look at the window at a time

	mu      sync.Mutex
	told    window.State // as of the newest event
	all     []string     // its environments
	whole   *notice      // told as an event, nil until somebody wants it
	newest  uint64       // number of the newest event
	ring    []notice     // the newest last
	size    int          // of all in the ring
	news    chan struct{}
	clients int
	closed  bool
	bye     chan struct{} // closed when the process stops
}

// notice is one event: what it says, and the text for those who may see all of it.
type notice struct {
	number uint64
	name   string
	event  window.Event
	text   []byte
	all    []string // environments that there were
}

func newHub(w Window, epoch string) *hub {
	return &hub{window: w, epoch: epoch, arrive: make(chan struct{}, 1), news: make(chan struct{}), bye: make(chan struct{})}
}

// run tells what changes until ctx ends. While nobody listens it does not even look.
func (b *hub) run(ctx context.Context) {
	for {
		changed, again := b.window.Changed(), time.After(lookAgain)
		if b.idle() {
			changed, again = nil, nil
		} else {
			b.look()
		}
		select {
		case <-ctx.Done():
			return
		case <-b.arrive:
			continue
		case <-changed:
		case <-again:
		}
		select { // further changes are told together
		case <-ctx.Done():
			return
		case <-time.After(breath):
		}
	}
}

func (b *hub) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clients == 0
}

// look tells what is different from what was told last.
func (b *hub) look() {
	b.looking.Lock()
	defer b.looking.Unlock()
	now := b.window.State()
	b.mu.Lock()
	defer b.mu.Unlock()
	delta, news := window.Diff(b.told, now)
	if !news {
		return
	}
	b.told, b.all, b.whole = now, now.About(), nil
	b.add("change", delta)
}

// publish tells an event.
func (b *hub) publish(name string, e window.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(name, e)
}

// add puts an event into the ring. The caller holds the lock.
func (b *hub) add(name string, e window.Event) {
	b.newest++
	n := b.notice(name, e)
	b.ring = append(b.ring, n)
	b.size += len(n.text)
	for len(b.ring) > maxEvents || b.size > maxEventSize && len(b.ring) > 1 {
		b.size -= len(b.ring[0].text) // the value takes about as much
		b.ring[0] = notice{}
		b.ring = b.ring[1:]
	}
	close(b.news)
	b.news = make(chan struct{})
}

func (b *hub) notice(name string, e window.Event) notice {
	n := notice{number: b.newest, name: name, event: e, all: b.all}
	n.text = b.encode(n, e)
	return n
}

func (b *hub) encode(n notice, e window.Event) []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("event %s is not JSON: %v", n.name, err)) // a value of our own
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "id: %s-%d\nevent: %s\ndata: %s\n\n", b.epoch, n.number, n.name, data)
	return out.Bytes()
}

// part returns as much of an event as a client may see, nil if there is nothing for it.
func (b *hub) part(n notice, seen func(string) bool) []byte {
	if n.name != "state" && len(n.all) > 0 && !slices.ContainsFunc(n.all, seen) {
		return nil // not even of Majordomo itself, to somebody who may see nothing
	}
	if !slices.ContainsFunc(n.event.About(), func(name string) bool { return !seen(name) }) {
		return n.text
	}
	part, some := n.event.Only(seen)
	if !some {
		return nil
	}
	return b.encode(n, part)
}

// join lets a client in, unless there are too many or the process stops.
func (b *hub) join() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return errStopping
	case b.clients >= maxClients:
		return errFull
	}
	b.clients++
	select {
	case b.arrive <- struct{}{}:
	default:
	}
	return nil
}

func (b *hub) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients--
}

// close ends all streams.
func (b *hub) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.bye)
	}
}

// place is up to where a client has everything.
type place struct {
	known  bool
	number uint64
}

// placeOf reads the id of the last event that a client has. One of another process, or that is none, says nothing.
func (b *hub) placeOf(id string) place {
	epoch, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	return place{err == nil && epoch == b.epoch, n}
}

// after returns what a client at a place does not have yet: the events since, or all there is where those are forgotten. The channel is closed
// when there is more.
func (b *hub) after(at place) (news []notice, now place, more <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, more = place{true, b.newest}, b.news
	oldest := b.newest - uint64(len(b.ring)) // the last one that is forgotten
	if !at.known || at.number < oldest || at.number > b.newest {
		if b.whole == nil {
			n := b.notice("state", b.told)
			b.whole = &n
		}
		return []notice{*b.whole}, now, more
	}
	return slices.Clone(b.ring[at.number-oldest:]), now, more
}
