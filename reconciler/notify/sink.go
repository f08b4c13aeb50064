package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/window"
)

// sink is one notification of the fleet at work.
type sink struct {
	*Notifier
	name   string
	config config.Notification
	teller *notice.Teller
	queue  *queue
	stop   func()
	done   chan struct{} // closed when its goroutine has ended

	trouble string // why it could not send last, as it was logged
}

const (
	tries    = 3
	patience = 10 * time.Minute // the longest that a server may ask to wait for
)

// backoff is the time before each further try.
var backoff = [tries]time.Duration{0, 2 * time.Second, 10 * time.Second}

// run sends what is in the queue, one after the other, until ctx ends.
func (s *sink) run(ctx context.Context) {
	for {
		item, ok := s.queue.take(ctx)
		if !ok {
			return
		}
		s.send(ctx, item)
	}
}

// send tries to send an item, and gives up after some tries.
func (s *sink) send(ctx context.Context, item notice.Item) {
	defer s.rescue()
	var err error
	for i := range tries {
		if !sleep(ctx, delay(i, err), nil) {
			return
		}
		if err = s.try(ctx, item); err == nil || permanent(err) {
			break
		}
	}
	if err != nil && ctx.Err() != nil {
		return // the next start tells it
	}
	s.outcome(ctx, err)
	if err != nil {
		s.counts.add(s.name, failed)
		return
	}
	s.counts.add(s.name, sent)
	s.store.keep(s.name, item.Said)
}

// delay is how long to wait before a try, after the error of the one before.
func delay(try int, err error) time.Duration {
	wait := backoff[try]
	if f := (*failure)(nil); errors.As(err, &f) {
		wait = max(wait, min(f.after, patience))
	}
	return wait
}

// try sends an item once. What is under way when the program ends has a little time left.
func (s *sink) try(ctx context.Context, item notice.Item) error {
	going, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if sleep(going, grace, nil) {
			cancel()
		}
	})()
	return s.deliver(going, s.config, item)
}

// outcome reports how a sink fares, where that has changed.
func (s *sink) outcome(ctx context.Context, err error) {
	now := ""
	if err != nil {
		now = err.Error()
	}
	if now == s.trouble {
		return
	}
	s.trouble = now
	entry := window.Entry{At: s.opts.Now(), Kind: window.Reported, Text: fmt.Sprintf("notifications to %s are sent again", s.name)}
	if err != nil {
		entry.Text, entry.Bad = fmt.Sprintf("notifications to %s are not sent: %s", s.name, now), true
		s.opts.Log.WarnContext(ctx, "notification not sent", "sink", s.name, "err", now)
	} else {
		s.opts.Log.InfoContext(ctx, "notification sent again", "sink", s.name)
	}
	s.opts.Record(entry)
}
