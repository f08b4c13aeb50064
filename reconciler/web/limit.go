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

// How many webhooks are looked at. Polling finds what is turned away.
const (
	perSource, perSourceBurst = 5, 20
	overall, overallBurst     = 50, 100
	sources                   = 1024
	inFlight                  = 16
)

// limits turns away floods. The table of sources has a fixed size and nothing ever leaves it: who sends from many addresses shares
// the places of others at worst, and never gets a fresh one. What one source has too much does not count against all.
type limits struct {
	mu     sync.Mutex
	seed   maphash.Seed
	each   [sources]*rate.Limiter
	all    *rate.Limiter
	places chan struct{}
}

func newLimits() *limits {
	return &limits{seed: maphash.MakeSeed(), all: rate.NewLimiter(overall, overallBurst), places: make(chan struct{}, inFlight)}
}

func (l *limits) allow(r *http.Request, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := maphash.String(l.seed, source(r)) % sources
	if l.each[i] == nil {
		l.each[i] = rate.NewLimiter(perSource, perSourceBurst)
	}
	return l.each[i].AllowN(now, 1) && l.all.AllowN(now, 1)
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
