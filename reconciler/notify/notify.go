// Package notify sends what notice has to tell: to chats, webhooks and mailboxes, and to the commits of a repository.
//
// The clients are a few lines of JSON each and its own, where a library such as shoutrrr speaks to twenty services: what matters here is what
// a library hides. A URL is a secret, in errors too; no redirect is followed and no address of a cloud's metadata asked; an answer of 429 says
// when to come back; a text from a commit or a job must ping nobody; and the status of a commit is no chat message. Each is tested against a
// server that speaks as the real one does.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/window"
)

// Options is what a Notifier works with.
type Options struct {
	State   func() window.State
	Changed func() <-chan struct{} // closed at the next change of the State
	// Sinks returns the notifications of the fleet in force, false while there is none.
	Sinks func() ([]config.Notification, bool)
	Place Place
	Dir   string // where it is kept what was said; "" for nowhere
	Log   *slog.Logger
	// Record takes what goes into the timeline; nil means that there is none.
	Record   func(window.Entry)
	Panicked func() // counts a panic that was recovered; nil means that nobody does
	Now      func() time.Time
}

// Notifier tells every sink of the fleet what happens. It never holds anybody up: each sink has a queue and a goroutine of its own.
type Notifier struct {
	opts    Options
	deliver deliver // one try; tests have their own
	store   *store
	counts  counts

	sinks   map[string]*sink // by name; of Run alone
	running sync.WaitGroup
}

// deliver sends one item to a sink, once.
type deliver func(context.Context, config.Notification, notice.Item) error

const (
	pace  = 250 * time.Millisecond // between two looks at the State: what changes within is one change
	grace = 3 * time.Second        // for what is under way when the program ends
)

// New returns a notifier that has not started.
func New(o Options) *Notifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Record == nil {
		o.Record = func(window.Entry) {}
	}
	if o.Panicked == nil {
		o.Panicked = func() {}
	}
	return &Notifier{opts: o, deliver: o.Place.Send, store: newStore(o.Dir, o.Log), sinks: map[string]*sink{}}
}

// Run tells what happens until ctx ends, and returns when its goroutines are gone. What could not be sent by then is told by the next start.
func (n *Notifier) Run(ctx context.Context) error {
	defer n.running.Wait()
	n.store.load()
	for {
		changed := n.opts.Changed()
		next := n.look(ctx)
		if !sleep(ctx, pace, nil) {
			return nil
		}
		wait := time.Duration(1<<63 - 1)
		if !next.IsZero() {
			wait = next.Sub(n.opts.Now())
		}
		if !sleep(ctx, wait, changed) {
			return nil
		}
	}
}

// sleep waits for a time or until woken; it returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
		return false
	}
	return ctx.Err() == nil
}

// look tells all sinks what is new, and returns when something is to be told though nothing changes.
func (n *Notifier) look(ctx context.Context) (next time.Time) {
	defer n.rescue()
	wanted, known := n.opts.Sinks()
	if !known {
		return time.Time{}
	}
	n.adopt(ctx, wanted)
	if len(n.sinks) == 0 {
		return time.Time{}
	}
	state, now := n.opts.State(), n.opts.Now()
	for name, s := range n.sinks {
		told := s.teller.Tell(state, now)
		n.store.keep(name, told.Silent)
		for _, item := range told.Items {
			s.queue.put(item)
		}
		if !told.Next.IsZero() && (next.IsZero() || told.Next.Before(next)) {
			next = told.Next
		}
	}
	return next
}

// adopt brings the sinks to what the fleet has. One that has changed begins anew with what it was told.
func (n *Notifier) adopt(ctx context.Context, wanted []config.Notification) {
	names := map[string]bool{}
	for _, w := range wanted {
		names[w.Name] = true
	}
	for name, s := range n.sinks {
		if !names[name] {
			n.dismiss(s)
			n.counts.drop(name)
		}
	}
	n.store.only(names)
	for _, w := range wanted {
		s := n.sinks[w.Name]
		if s != nil && reflect.DeepEqual(s.teller.Sink(), w) {
			continue
		}
		if s != nil {
			n.dismiss(s)
		}
		n.employ(ctx, w)
	}
}

func (n *Notifier) dismiss(s *sink) {
	s.stop()
	<-s.done
	delete(n.sinks, s.name)
}

func (n *Notifier) employ(ctx context.Context, w config.Notification) {
	ctx, stop := context.WithCancel(ctx)
	s := &sink{Notifier: n, name: w.Name, config: w, teller: notice.New(w, n.store.said(w.Name)), stop: stop, done: make(chan struct{})}
	s.queue = newQueue(func() { n.counts.add(w.Name, dropped) })
	n.counts.open(w.Name)
	n.sinks[w.Name] = s
	// A sink that cannot work is told when it comes, not when the first bad news cannot be sent.
	s.outcome(ctx, n.opts.Place.Check(w))
	n.running.Go(func() {
		defer close(s.done)
		s.run(ctx)
	})
}

// rescue turns a panic into a line of the log: notifications are no reason to stop.
func (n *Notifier) rescue() {
	if cause := recover(); cause != nil {
		n.opts.Panicked()
		n.opts.Log.Error("panic", "op", "notify", "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
	}
}
