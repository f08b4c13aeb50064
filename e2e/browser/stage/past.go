package stage

import (
	"time"

	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// How far back the history goes. Large worlds have an hour, which is what a page shows at first.
const (
	fine   = 6 * time.Hour
	coarse = 26 * time.Hour
	brief  = time.Hour
	large  = 10 // pools
)

// remember fills the history and the timeline with what has led to the present.
func (s *Stage) remember() {
	now, pools := s.clock(), s.state.Pools
	from, since := now.Add(-coarse), now.Add(-fine)
	if len(pools) > large {
		from, since = now.Add(-brief), now.Add(-brief)
	}
	for at := from; at.Before(now); {
		s.sample(at, func(p window.Pool) window.Pool {
			was, _ := s.world.At(p.Key(), at)
			return was
		})
		step := time.Minute
		if !at.Before(since) {
			step = history.Look
		}
		at = at.Add(step)
	}
	for _, e := range s.world.Entries {
		s.entries.Add(now, e)
	}
}

// sample takes one look at the pools.
func (s *Stage) sample(at time.Time, as func(window.Pool) window.Pool) map[string]history.Sample {
	look := map[string]history.Sample{}
	for _, p := range s.state.Pools {
		look[p.Key()] = history.Of(as(p), at)
	}
	s.samples.Add(at, look)
	return look
}

// Look takes a sample of the present, as majordomo does each ten seconds.
func (s *Stage) Look() {
	s.mu.Lock()
	now := s.clock()
	pools := s.sample(now, func(p window.Pool) window.Pool { return p })
	tell := s.tell
	s.mu.Unlock()
	tell("sample", window.Moment[history.Sample]{At: now.Unix(), Pools: pools})
}

// Add lets something happen that the timeline tells of.
func (s *Stage) Add(e window.Entry) {
	s.mu.Lock()
	e = s.entries.Add(s.clock(), e)
	tell := s.tell
	s.mu.Unlock()
	tell("entry", e)
}

// Series is what became of a pool.
func (s *Stage) Series(pool string, from, to time.Time, step time.Duration) (window.Series, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	series := s.samples.Series(pool, from, to, step)
	return series, len(series.At) > 0
}

// Entries are what has happened, the newest first.
func (s *Stage) Entries(f timeline.Filter) ([]window.Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries.Find(f)
}
