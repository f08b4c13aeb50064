// Package scale decides how many agents a pool needs, and says why.
package scale

import "time"

// Input is all that a decision knows. Builds are counted in executors, agents in agents.
type Input struct {
	Now time.Time
	// Unknown is why the queue or the agents are not known, "" if they are. Then the present number is held.
	Unknown string

	Queued   int             // builds that only lack an executor of this pool
	Oldest   time.Time       // since when the oldest of them waits, zero if none does
	Running  int             // builds on executors of the pool, those of draining agents not counted
	Idle     int             // agents without a build that take one
	Busy     int             // agents with a build, not draining
	Starting []time.Duration // ages of the agents that have not registered and are not given up
	Draining int             // agents on their way out; they are no supply
	Started  []time.Duration // start-up times, from wish to registration, of agents that came up since the last decision
	Soon     []Soon          // demand that is known before it comes: quiet periods, timers
	Jobs     []Job           // what started and ended since the last decision, to learn which job triggers which

	Executors int // per agent, at least 1
	Min, Max  int
	MaxStep   int // agents started by one decision at most, 0 for no limit
	Quota     int // agents that the namespace has room for altogether, -1 for no limit
	Priority  float64
	Schedules []Schedule
	Manual    Manual
	Drained   bool // the pool is to be emptied: nothing starts, busy agents finish

	// Keep is why nothing may be stopped now though the queue is known, such as a Jenkins that has just restarted; "" if it may.
	Keep string
	// Blocked is why no further agent can come up, such as a full cluster or an image that cannot be pulled; "" if they can.
	Blocked string
}

// Soon is demand that will come.
type Soon struct {
	At     time.Time
	Builds int
	Reason string
}

// Job is a change of a build, by the name of its job.
type Job struct {
	Name  string
	Ended bool // otherwise it was queued
	At    time.Time
}

// Schedule is a floor at set times.
type Schedule struct {
	Cron     string // five fields
	Timezone string // IANA, "" for UTC
	Duration time.Duration
	Min      int
}

// Manual is a floor that a person has set; the zero value is none.
type Manual struct {
	Agents int
	Until  time.Time // zero for no end
	Reason string
}

// Decision is how many agents there should be and why. Agents on their way out are not among them.
type Decision struct {
	// Agents is never below the busy ones. It lies between Min and Max, unless a quota, a step or more busy agents stand against that.
	// While agents are held, it is not below those that there are, up to Max.
	Agents int
	Term   string // the term or limit that set it
	Reason string // one sentence
	Terms  []Term
	Limits []Limit
	Floor  int  // min, schedules and manual floor together
	Hold   bool // nothing may be stopped now, whatever Agents says
	// HoldReason is why, one sentence; "" if agents may be stopped.
	HoldReason string
	// Spec is what the computation rests on: "priority balanced (10), start-up 54 s (assumed, 3 of 20 seen)".
	Spec string
	// Next is when the decision changes though nothing else does, zero for never.
	Next       time.Time
	NextReason string
}

// Term is one term of the computation: so many agents by this reason.
type Term struct {
	Name   string
	Agents int
	Reason string
}

// Limit is a bound, and whether it cut what the terms wanted.
type Limit struct {
	Name   string
	Value  int
	Cut    bool
	Reason string
}
