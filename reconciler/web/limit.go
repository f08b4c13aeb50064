package web

import (
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	sources  = 1024
	inFlight = 16 // bodies that are read at a time
)

// hookPace is how many webhooks are looked at. Polling finds what is turned away.
func hookPace() pace { return pace{each: 5, eachBurst: 20, all: 50, allBurst: 100} }

// loginPace is how many credentials of a source may turn out to be nobody's.
func loginPace() pace { return pace{each: 0.2, eachBurst: 10, all: 50, allBurst: 100} }

// startPace is how many logins are sent to a provider.
func startPace() pace { return pace{each: 0.5, eachBurst: 10, all: 20, allBurst: 50} }

// actionPace is how often a person acts.
func actionPace() pace { return pace{each: 1, eachBurst: 20, all: 20, allBurst: 60} }

// limits turns away floods. The table of sources has a fixed size and nothing ever leaves it: who sends from many addresses shares
// the places of others at worst, and never gets a fresh one. What one source has too much does not count against all.
type limits struct {
	pace   pace
	mu     sync.Mutex
	seed   maphash.Seed
	each   [sources]*rate.Limiter
	all    *rate.Limiter
	places chan struct{}
}

// pace is how often one source, and all together, may do something per second, and at once.
type pace struct {
	each      rate.Limit
	eachBurst int
	all       rate.Limit
	allBurst  int
}

func newLimits(p pace) *limits {
	return &limits{pace: p, seed: maphash.MakeSeed(), all: rate.NewLimiter(p.all, p.allBurst), places: make(chan struct{}, inFlight)}
}

func (l *limits) allow(r *http.Request, now time.Time) bool { return l.take(source(r), now) }

// take counts one act of a source, and tells whether it may be.
func (l *limits) take(source string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(source).AllowN(now, 1) && l.all.AllowN(now, 1)
}

// left tells whether a source may do another one, without counting it.
func (l *limits) left(source string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(source).TokensAt(now) >= 1
}

func (l *limits) of(source string) *rate.Limiter {
	i := maphash.String(l.seed, source) % sources
	if l.each[i] == nil {
		l.each[i] = rate.NewLimiter(l.pace.each, l.pace.eachBurst)
	}
	return l.each[i]
}

// source is the address of the peer; an IPv6 network counts as one. What the peer says in X-Forwarded-For is not believed.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// enter takes one of the places for reading a body, false if all are taken. The caller leaves it.
func (l *limits) enter() bool {
	select {
	case l.places <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l *limits) leave() { <-l.places }
