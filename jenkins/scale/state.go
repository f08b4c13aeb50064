package scale

import (
	"time"
)

// clock is the time by a state's own clock, in milliseconds. It starts at 0, and goes neither back nor far ahead when the clocks of the
// world do.
type clock int64

// leap is how far the clock goes on by one decision at most.
const leap = clock(30 * 24 * time.Hour / time.Millisecond)

// State is what a pool has learned. It is a value: Decide does not change the one it gets, and what it points to never changes. The zero
// value has learned nothing. It is written as JSON, in less than 64 KiB.
type State struct {
	Seen time.Time // the last decision

	at      clock     // when that was
	blind   bool      // queue and agents have been unknown since
	demand  int       // builds that waited or ran, at most highest
	starts  *startups // how long starts take
	levels  *run      // when levels of demand above the present one were left
	gaps    gaps      // how long it took until demand came back to a level
	rates   rates     // arrivals
	closed  []bin     // the latest parts of the course of demand, oldest first
	open    bin       // the present part
	opened  clock     // when it began
	samples table     // how demand rose, by context
	stay    stay      // what was started as a spare stays for a while
	jobs    *jobs     // which job triggers which
	floors  *windows  // of the schedules, as of the last decision; follows from the input
}

// fresh tells whether there has been no decision.
func (s *State) fresh() bool { return s.Seen.IsZero() && s.at == 0 }

// turned is the state after the clock went back to the time.
func (s State) turned(now time.Time) State {
	s.Seen = now
	return s
}

// passed returns how long ago the last decision was.
func (s *State) passed(now time.Time) clock {
	return min(max(millis(now.Sub(s.Seen)), 0), leap)
}

func millis(d time.Duration) clock { return clock(d / time.Millisecond) }

// since returns the seconds from one time to another.
func (c clock) since(t clock) float64 { return float64(c-t) / 1000 }

// after returns the time so many seconds later.
func (c clock) after(seconds float64) clock { return c + clock(seconds*1000) }
