package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// How many deliveries are remembered, and for how long. Who redelivers one by hand later than that is heard again.
const (
	maxReplays   = 1024
	replayWindow = 10 * time.Minute
)

// replays remembers verified deliveries by their names. Only who knows the secret gets one in, so no stranger pushes others out.
type replays struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]time.Time
	ring [maxReplays][sha256.Size]byte
	next int
}

func newReplays() *replays { return &replays{seen: map[[sha256.Size]byte]time.Time{}} }

// again tells whether the delivery was seen within the window, and remembers it. A delivery without a name is always new.
func (r *replays) again(provider, id string, now time.Time) bool {
	if id == "" {
		return false
	}
	key := sha256.Sum256([]byte(provider + "\x00" + id))
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known := r.seen[key]
	if known && now.Sub(at) < replayWindow {
		return true
	}
	r.seen[key] = now
	if known {
		return false
	}
	delete(r.seen, r.ring[r.next])
	r.ring[r.next] = key
	r.next = (r.next + 1) % maxReplays
	return false
}
