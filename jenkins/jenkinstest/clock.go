package jenkinstest

import (
	"context"
	"sync"
	"time"
)

// Clock is a clock that stands still until it is moved. Its Now is for Options.Now.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows a time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is what it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Next returns when the next thing happens by itself: a build ends, an agent comes back. It is false if nothing is planned.
func (j *Jenkins) Next() (at time.Time, ok bool) {
	j.look(func(w *world) {
		if w.events.Len() > 0 {
			at, ok = w.events.list[0].at, true
		}
	})
	return at, ok
}

// Wait returns once done says so, which is asked whenever something may have changed. It needs a clock that moves by itself.
func (j *Jenkins) Wait(ctx context.Context, done func(Stats) bool) error {
	for {
		var stats Stats
		next := time.Hour
		changed := j.look(func(w *world) {
			stats = w.stats()
			if w.events.Len() > 0 {
				next = max(w.events.list[0].at.Sub(w.now), time.Millisecond)
			}
		})
		if done(stats) {
			return nil
		}
		timer := time.NewTimer(next)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// QuietDown begins or ends to refuse new builds.
func (j *Jenkins) QuietDown(on bool, reason string) {
	j.do(func(w *world) { w.quieting, w.reason, w.restart = on, reason, false })
}

// Restart quiets down, waits for builds that are not pipelines, and restarts: 503, 401 for a moment, no connection, 503, and a new session.
func (j *Jenkins) Restart() { j.do(func(w *world) { w.safeRestart("") }) }

// Crash kills the process, and starts another one: builds that are not pipelines are lost, and so are items of the last minute.
func (j *Jenkins) Crash() { j.do(func(w *world) { w.crash() }) }

// Up tells whether it answers.
func (j *Jenkins) Up() (ok bool) {
	j.look(func(w *world) { ok = w.phase == up })
	return ok
}
