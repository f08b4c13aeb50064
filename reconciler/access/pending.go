package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// Limits of logins that somebody else vouches for.
const (
	Patience   = 10 * time.Minute // for somebody to log in there
	maxPending = 5000
)

// Pending is a login that has begun at a provider, in one browser.
type Pending struct {
	State    string // comes back with the browser
	Nonce    string // comes back in the token
	Verifier string // proves that who wants the token is who began
	To       string // path to go on to
	Ends     time.Time
}

// Pendings are all such logins. Beyond a number the oldest go.
type Pendings struct {
	mu    sync.Mutex
	byID  map[[sha256.Size]byte]Pending
	order [][sha256.Size]byte
}

// Begin keeps a login under a name that only the browser has.
func (p *Pendings) Begin(id string, one Pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID == nil {
		p.byID = map[[sha256.Size]byte]Pending{}
	}
	key := sha256.Sum256([]byte(id))
	p.byID[key] = one
	p.order = append(p.order, key)
	for len(p.order) > maxPending {
		delete(p.byID, p.order[0])
		p.order = p.order[1:]
	}
}

// Take returns the login that a browser comes back from, once.
func (p *Pendings) Take(id, state string, now time.Time) (Pending, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := sha256.Sum256([]byte(id))
	one, ok := p.byID[key]
	delete(p.byID, key)
	if !ok || !now.Before(one.Ends) || subtle.ConstantTimeCompare([]byte(one.State), []byte(state)) != 1 {
		return Pending{}, false
	}
	return one, true
}
