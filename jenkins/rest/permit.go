package rest

import (
	"maps"
	"math"
	"slices"
	"time"
)

// An account that may not read a job sees neither its items in the queue nor its builds, and is not told so: the queue is shorter than it is, or
// empty, with status 200. What gives that away is here, and makes a fault of such an answer.
//
// Right away: items that may only be discovered; no job at all while an executor works or the statistics have something waiting; jobs that
// were there and are not. After some time, because a build that has just been assigned looks the same for a moment: executors at work on what
// is not shown; statistics that have something waiting while the queue is empty all the time. Likewise agents that are connected and do not
// show it: whether a parked one is connected cannot be told then.
const (
	suspicion = 30 * time.Second // until what is seen in each snapshot is no coincidence
	looks     = 3                // in that many snapshots at least
	vanished  = 10 * time.Minute // for which jobs that were seen are missed; then there may really be none any more
	someLoad  = 0.05             // items that wait according to the statistics; they fall to this 5 minutes after the last one
	surelyOne = 0.5              // the same, beyond what is left of earlier ones
	tick      = 10 * time.Second // of the statistics
	decay     = 0.9              // per tick
)

// sight is what one snapshot tells of what the account may see.
type sight struct {
	asked      bool     // about jobs and load
	jobs       bool     // it sees a job
	load       float64  // items that wait, according to the statistics; a moving average
	hidden     []string // executors of agents with work that is not shown
	working    bool     // an executor of any node has such work
	discovered int      // items that may be known of and not be read
	buildable  int      // items that wait for an executor
	online     int      // agents that are online and could show their connection
	connected  int      // of these, that show their connection
}

// watch is what is remembered from one sight to the next.
type watch struct {
	suspects map[string]suspect // executors with hidden work; "" is the missing right to see connections
	jobs     bool               // some were seen
	blind    time.Time          // since when none are, zero for never
	empty    time.Time          // since when the queue has nothing that waits for an executor, zero if it has
	load     float64            // that the statistics had then
}

type suspect struct {
	since time.Time
	times int
}

// finding is a right that the account lacks, and what shows it.
type finding struct{ right, text string }

// notice adds one sight to what is remembered, and tells which right the account lacks; nil for none.
func (w watch) notice(now time.Time, s sight) (watch, *finding) {
	w.suspects = w.follow(now, s)
	if s.asked && s.jobs {
		w.jobs, w.blind = true, time.Time{}
	} else if s.asked && w.blind.IsZero() {
		w.blind = now
	}
	switch {
	case s.buildable > 0:
		w.empty = time.Time{}
	case s.asked && w.empty.IsZero():
		w.empty, w.load = now, s.load
	}
	return w, w.find(now, s)
}

// follow counts in how many sights each suspect was, those that are gone dropped.
func (w watch) follow(now time.Time, s sight) map[string]suspect {
	names := s.hidden
	if s.online > 0 && s.connected == 0 {
		names = append(slices.Clone(names), "")
	}
	if len(names) == 0 {
		return nil
	}
	next := make(map[string]suspect, len(names))
	for _, name := range names {
		old, ok := w.suspects[name]
		if !ok {
			old.since = now
		}
		next[name] = suspect{since: old.since, times: old.times + 1}
	}
	return next
}

func (w watch) find(now time.Time, s sight) *finding {
	const jobRead = "Job/Read"
	switch {
	case s.discovered > 0:
		return &finding{jobRead, "waiting items may be discovered and not be read"}
	case s.asked && !s.jobs && s.working:
		return &finding{jobRead, "no job is visible while executors are at work"}
	case s.asked && !s.jobs && s.load > someLoad:
		return &finding{jobRead, "no job is visible while something waits in the queue"}
	case s.asked && !s.jobs && w.jobs && now.Sub(w.blind) < vanished:
		return &finding{jobRead, "jobs that were visible are not any more"}
	case s.asked && w.starved(now, s):
		return &finding{jobRead, "the queue looks empty all the time while Jenkins counts items that wait"}
	}
	for _, name := range slices.Sorted(maps.Keys(w.suspects)) {
		if at := w.suspects[name]; at.times < looks || now.Sub(at.since) < suspicion {
			continue
		}
		if name == "" {
			return &finding{"Agent/Connect", "agents are online and do not show their connection"}
		}
		return &finding{jobRead, name + " is at work on something that is not shown"}
	}
	return nil
}

// starved tells whether the statistics have something waiting that the queue has not shown for so long that it cannot be what is left of
// earlier items. Half of the ticks may be late.
func (w watch) starved(now time.Time, s sight) bool {
	if w.empty.IsZero() {
		return false
	}
	ticks := math.Floor(float64(now.Sub(w.empty)) / float64(2*tick))
	return ticks >= 6 && s.load > w.load*math.Pow(decay, ticks)+surelyOne
}
