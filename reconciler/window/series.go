package window

import "time"

// Series is what became of a pool over time, in columns of one length: the same index is the same moment. It is the answer of
// GET /api/v1/history. A moment of which nothing is known is not there; where Step is longer than the time between two looks, a number is
// the largest of the time for queued, oldest and desired, and the mean, rounded, for the others.
type Series struct {
	Pool     string        `json:"pool"` // its key
	Step     time.Duration `json:"step"` // nanoseconds between two moments
	At       []int64       `json:"at"`   // Unix seconds
	Queued   []int         `json:"queued"`
	Oldest   []int         `json:"oldest"` // seconds that the oldest build waits
	Busy     []int         `json:"busy"`
	Idle     []int         `json:"idle"`
	Starting []int         `json:"starting"`
	Draining []int         `json:"draining"`
	Offline  []int         `json:"offline"`
	Desired  []int         `json:"desired"`
	Min      []int         `json:"min"`
	Max      []int         `json:"max"`

	Cost Cost `json:"cost"` // of the time asked for, as far as it is known
}

// Cost is what agents cost, in hours of agents.
type Cost struct {
	Hours float64 `json:"hours"` // in all
	Busy  float64 `json:"busy"`  // with a build
	Idle  float64 `json:"idle"`
	Fixed float64 `json:"fixed"` // of a fleet that always has as many agents as were wanted at most
}
