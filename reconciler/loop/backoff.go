package loop

import (
	"cmp"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Backoff is how long to wait between attempts: Base doubled with each failure up to Cap, and then between half of that and all of it
// by chance, so that environments that failed together do not come back together.
type Backoff struct {
	Base time.Duration // 0 means 1 s
	Cap  time.Duration // 0 means 5 min
}

// orDefault fills in what is not set.
func (b Backoff) orDefault() Backoff {
	return Backoff{Base: cmp.Or(b.Base, time.Second), Cap: cmp.Or(b.Cap, 5*time.Minute)}
}

func newLimiter(b Backoff) workqueue.TypedRateLimiter[string] {
	return &limiter{backoff: b.orDefault(), failures: map[string]int{}}
}

// after returns the wait after so many failures; chance is from 0 to 1.
func (b Backoff) after(failures int, chance float64) time.Duration {
	d := b.Base
	for range failures {
		if d *= 2; d >= b.Cap {
			d = b.Cap
			break
		}
	}
	return d/2 + time.Duration(float64(d/2)*chance)
}

// limiter counts failures for the queue.
type limiter struct {
	backoff Backoff

	mu       sync.Mutex
	failures map[string]int
}

// When returns how long the name has to wait, and counts a failure.
func (l *limiter) When(name string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.failures[name]
	l.failures[name]++
	return l.backoff.after(n, rand.Float64())
}

// Forget clears the name's failures.
func (l *limiter) Forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failures, name)
}

// NumRequeues returns the name's failures since it was forgotten.
func (l *limiter) NumRequeues(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failures[name]
}
