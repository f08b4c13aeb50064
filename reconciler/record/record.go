// Package record keeps what has happened over restarts: it looks at the state, remembers, and writes to a disk that may fail.
package record

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// Window is where the state is seen.
type Window interface {
	State() window.State
	Changed() <-chan struct{} // closed at the next change
}

// Options is what a recorder looks at and whom it tells. None of the functions may block.
type Options struct {
	Window Window // required
	Dir    string // where files are kept; "": nowhere
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now

	Entry  func(window.Entry)                         // is told each new entry; nil: nobody
	Sample func(time.Time, map[string]history.Sample) // is told each look at the pools; nil: nobody
}

// Recorder is the history of the pools and the timeline. All its methods may be called from several goroutines at once.
type Recorder struct {
	o    Options
	disk disk

	mu       sync.Mutex
	samples  *history.History
	log      *timeline.Log
	seen     window.State   // that the last entries come from
	pending  []window.Entry // that came before the files were read
	restored bool
	barred   map[string]bool // files that could not be set aside: they are not written
	changed  map[string]bool // files that are not as what is known
	refused  int             // pools that are not kept
	failures int64           // of writing
	cause    string          // of the last one, "" if it went well
}

// The files.
const (
	samplesFile  = "samples"
	timelineFile = "timeline"
)

// Times of the recorder.
const (
	saveEvery = time.Minute
	calm      = 500 * time.Millisecond // between two looks for entries
	lookAgain = 15 * time.Second       // for what nothing announces: that the loop is stuck, that a state lasts
	patience  = 5 * time.Second        // that a disk has to answer at the start and at the end
)

// New returns a recorder that knows nothing yet.
func New(o Options) *Recorder {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Entry == nil {
		o.Entry = func(window.Entry) {}
	}
	if o.Sample == nil {
		o.Sample = func(time.Time, map[string]history.Sample) {}
	}
	return &Recorder{
		o: o, disk: disk{dir: o.Dir}, samples: history.New(), log: &timeline.Log{}, barred: map[string]bool{}, changed: map[string]bool{},
	}
}

// Run reads what was kept, and then looks and keeps until ctx ends. It ends also where the disk does not answer.
func (r *Recorder) Run(ctx context.Context) error {
	r.restore(ctx)
	var looking sync.WaitGroup
	looking.Go(func() { r.sample(ctx) })
	looking.Go(func() { r.watch(ctx) })
	saved := make(chan struct{})
	go func() {
		defer close(saved)
		r.keep(ctx)
		looking.Wait()
		r.save()
	}()
	<-ctx.Done()
	looking.Wait()
	select {
	case <-saved:
	case <-time.After(patience):
		r.o.Log.Warn("history is not written: the disk does not answer", "reason", r.disk.dir)
	}
	return nil
}

// sample looks at the pools, at each multiple of the time between two looks.
func (r *Recorder) sample(ctx context.Context) {
	for {
		now := r.o.Now()
		if !sleep(ctx, now.Truncate(history.Look).Add(history.Look).Sub(now)) {
			return
		}
		r.look()
	}
}

// sleep waits, and tells whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// look takes a sample of each pool whose numbers are known. Who does not lead knows none.
func (r *Recorder) look() {
	s := r.o.Window.State()
	if !s.Program.Leader {
		return
	}
	now := r.o.Now()
	looks := map[string]history.Sample{}
	for _, p := range s.Pools {
		if p.State != window.Waiting {
			looks[p.Key()] = history.Of(p, now)
		}
	}
	r.mu.Lock()
	refused := r.samples.Add(now, looks)
	if refused > r.refused {
		r.o.Log.Warn("pools without history: there are too many", "refused", refused, "limit", history.MaxPools)
	}
	r.refused = refused
	r.changed[samplesFile] = true
	r.mu.Unlock()
	r.o.Sample(now.Truncate(history.Look), looks)
}

// watch looks for what has happened at each change of the state. Changes that follow each other at once are looked at together.
func (r *Recorder) watch(ctx context.Context) {
	for {
		changed := r.o.Window.Changed()
		r.compare(r.o.Window.State())
		if !sleep(ctx, calm) {
			return
		}
		again := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
		again.Stop()
	}
}

// compare tells what has happened until this state.
func (r *Recorder) compare(s window.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := timeline.Entries(r.seen, s)
	r.seen = timeline.Remember(r.seen, s)
	for _, e := range fresh {
		r.add(e)
	}
}

// Add takes an entry of something that the state does not show: what a person did, or what failed.
func (r *Recorder) Add(e window.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const most = 1000
	if r.restored {
		r.add(e)
		return
	}
	if e.At.IsZero() {
		e.At = r.o.Now().UTC()
	}
	if len(r.pending) < most {
		r.pending = append(r.pending, e)
	}
}

// add takes an entry. The caller holds the lock.
func (r *Recorder) add(e window.Entry) {
	r.changed[timelineFile] = true
	r.o.Entry(r.log.Add(r.o.Now(), e))
}

// Series returns what became of a pool, see history.Series, and whether anything was ever seen of it.
func (r *Recorder) Series(pool string, from, to time.Time, step time.Duration) (window.Series, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.samples.Series(pool, from, to, step), r.samples.Knows(pool)
}

// Entries returns entries of the timeline, the newest first, and whether there are more than the limit.
func (r *Recorder) Entries(f timeline.Filter) ([]window.Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Find(f)
}
