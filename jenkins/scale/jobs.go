package scale

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Which jobs trigger which is learned from what is queued soon after a build has ended.
const (
	soonAfter  = 20.0 // seconds after the end of a build in which the builds come that it triggers
	triggering = 0.6  // the part of its ends after which a build came, for it to be expected
	surprise   = 3    // how much more often than by chance
	ends       = 5    // ends of a job tell something
	jobsMost   = 32   // jobs that are remembered
	linksMost  = 3    // jobs that one is remembered to trigger
	endedMost  = 16   // latest ends that are looked at
	awaitMost  = 32   // builds that are expected
	jobFade    = 0.97 // what an end counts after another of its job
	jobMemory  = 3600 // seconds over which it counts how often a job comes
	seenMost   = 4    // builds after one end
	nameMost   = 48   // bytes of a name
)

// jobs is what is known of jobs. It never changes; nil knows nothing.
type jobs struct {
	known    []*job  // the one met last in the end
	ended    []ended // lately, oldest first
	expected []expected
}

// job is a job, and what it triggers. It never changes.
type job struct {
	name  string
	rate  float64 // builds queued in the last hour, each counted the less the longer ago it came
	rated clock
	ends  float64 // each counted the less the more came after it
	links []link
}

type link struct {
	name  string
	count float64 // ends after which it came
	delay float64 // seconds, mean
}

type ended struct {
	name string
	at   clock
	seen []string // what came since, so that it counts once
}

type expected struct {
	name, after string
	until       clock
}

// brief is a name that takes no more than its part of the memory, as JSON too.
func brief(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune("\"\\<>&", r) {
			return '_'
		}
		return r
	}, name)
	if plain == name && len(name) <= nameMost {
		return name
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return plain[:min(len(plain), nameMost-9)] + "~" + strconv.FormatUint(uint64(h.Sum32()), 16)
}

// with returns what is known after the changes. They are told in the order of time.
func (j *jobs) with(changes []Job, now time.Time, at clock) *jobs {
	if len(changes) == 0 {
		return j.later(at)
	}
	x := jobs{}
	if j != nil {
		x = jobs{slices.Clone(j.known), slices.Clone(j.ended), slices.Clone(j.expected)}
	}
	for _, c := range changes {
		if c.Name == "" {
			continue
		}
		when := at - min(max(millis(now.Sub(c.At)), 0), clock(soonAfter*1000))
		if c.Ended {
			x.end(brief(c.Name), when)
		} else {
			x.queue(brief(c.Name), when)
		}
	}
	return x.later(at)
}

// later forgets what is over by then.
func (j *jobs) later(at clock) *jobs {
	if j == nil || len(j.ended) == 0 && len(j.expected) == 0 {
		return j
	}
	old := func(e ended) bool { return at.since(e.at) > soonAfter }
	late := func(e expected) bool { return at >= e.until }
	if !slices.ContainsFunc(j.ended, old) && !slices.ContainsFunc(j.expected, late) {
		return j
	}
	return &jobs{
		known:    j.known,
		ended:    slices.DeleteFunc(slices.Clone(j.ended), old),
		expected: slices.DeleteFunc(slices.Clone(j.expected), late),
	}
}

// take removes a job from those that are known and returns a copy of it, to be changed and put back.
func (j *jobs) take(name string) job {
	for i, k := range slices.Backward(j.known) {
		if k.name == name {
			j.known = slices.Delete(j.known, i, i+1)
			x := *k
			x.links = slices.Clone(k.links)
			return x
		}
	}
	return job{name: name}
}

func (j *jobs) put(x job) {
	if len(j.known) == jobsMost {
		j.known = slices.Delete(j.known, 0, 1)
	}
	j.known = append(j.known, &x)
}

// find returns a job, nil if it is not known.
func (j *jobs) find(name string) *job {
	for _, k := range slices.Backward(j.known) {
		if k.name == name {
			return k
		}
	}
	return nil
}

// chance returns how likely a build of the job comes within the time after an end by mere chance.
func (x *job) chance(at clock) float64 {
	return 1 - math.Exp(-x.rate*math.Exp(-at.since(x.rated)/jobMemory)/jobMemory*soonAfter)
}

// end learns that a build has ended, and expects what it usually triggers.
func (j *jobs) end(name string, at clock) {
	x := j.take(name)
	x.ends = x.ends*jobFade + 1
	for i := range x.links {
		x.links[i].count *= jobFade
	}
	for _, l := range x.links {
		next := j.find(l.name)
		if next == nil || x.ends < ends || l.count/x.ends < triggering || l.count/x.ends < surprise*next.chance(at) || len(j.expected) == awaitMost {
			continue
		}
		j.expected = append(j.expected, expected{name: l.name, after: name, until: at.after(min(2*l.delay+5, soonAfter))})
	}
	if len(j.ended) == endedMost {
		j.ended = slices.Delete(j.ended, 0, 1)
	}
	j.ended = append(j.ended, ended{name: name, at: at})
	j.put(x)
}

// queue learns that a build was queued: it may have been triggered by any of those that ended just before.
func (j *jobs) queue(name string, at clock) {
	x := j.take(name)
	x.rate = x.rate*math.Exp(-max(at.since(x.rated), 0)/jobMemory) + 1
	x.rated = at
	j.put(x)
	if i := slices.IndexFunc(j.expected, func(e expected) bool { return e.name == name }); i >= 0 {
		j.expected = slices.Delete(j.expected, i, i+1)
	}
	if x.chance(at) > 1.0/surprise {
		return // it comes too often to be a surprise
	}
	for i, e := range j.ended {
		delay := at.since(e.at)
		if delay < 0 || delay > soonAfter || slices.Contains(e.seen, name) {
			continue
		}
		if len(e.seen) == seenMost {
			continue
		}
		j.ended[i].seen = append(slices.Clip(e.seen), name)
		before := j.take(e.name)
		before.link(name, delay)
		j.put(before)
	}
}

// link learns that a build of the other job came after one of this.
func (x *job) link(name string, delay float64) {
	for i := range x.links {
		if l := &x.links[i]; l.name == name {
			l.count++
			l.delay += (delay - l.delay) / max(l.count, 1)
			return
		}
	}
	if len(x.links) == linksMost {
		least := 0
		for i, l := range x.links {
			if l.count < x.links[least].count {
				least = i
			}
		}
		x.links = slices.Delete(x.links, least, least+1)
	}
	x.links = append(x.links, link{name: name, count: 1, delay: delay})
}

// successors wants agents for builds that usually follow those that have just ended.
func successors(s *State, p *pool) (int, string) {
	if s.jobs == nil || len(s.jobs.expected) == 0 {
		return p.agents(p.demand), "no build is expected to follow one that ended"
	}
	e := s.jobs.expected[0]
	return p.agents(p.demand + len(s.jobs.expected)), fmt.Sprintf("%s expected: %s usually follows %s, which has just ended",
		verb(len(s.jobs.expected), "build", "is", "are"), e.name, e.after)
}

func successorsEnd(s *State, _ *pool) (clock, string) {
	var at clock
	for _, e := range s.jobs.expected {
		if at == 0 || e.until < at {
			at = e.until
		}
	}
	return at, "a build that usually follows another has not come"
}
