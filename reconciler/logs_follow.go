package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
)

const (
	logRetry  = time.Second            // until a log that broke off is asked for again
	logGather = 100 * time.Millisecond // for how long lines of several pods are put in order
	logBatch  = 1000
)

// goOn shows what is logged from now on, by pods that come later, too.
func (l *logs) goOn(ctx context.Context, last map[string]time.Time) error {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &tails{logs: l, end: cancel, running: map[string]bool{}, last: last, lines: make(chan logLine, logBatch)}
	var watching sync.WaitGroup
	for _, set := range l.sets {
		watching.Go(func() {
			cluster.Follow(ctx, l.site.pods(set.namespace), set.only, func(pod object.Object, gone bool) bool {
				if !gone {
					f.start(ctx, pod)
				}
				return true
			})
		})
	}
	err := l.print(ctx, f.lines)
	cancel()
	watching.Wait()
	f.reading.Wait()
	return cmp.Or(err, f.err, outer.Err())
}

// print shows lines as they come. Those of one moment are put in order.
func (l *logs) print(ctx context.Context, lines <-chan logLine) error {
	for {
		var batch []logLine
		var ripe <-chan time.Time
		for open := true; open; {
			select {
			case e := <-lines:
				if batch = append(batch, e); ripe == nil {
					ripe = time.After(logGather)
				}
				open = len(batch) < logBatch
			case <-ripe:
				open = false
			case <-ctx.Done():
				return nil
			}
		}
		slices.SortStableFunc(batch, func(a, b logLine) int { return a.at.Compare(b.at) })
		for _, e := range batch {
			l.show(e)
		}
		if err := l.out.Flush(); err != nil {
			return err
		}
	}
}

// tails follows the logs of pods, each once at a time.
type tails struct {
	*logs
	lines   chan logLine
	reading sync.WaitGroup

	end context.CancelFunc

	mu      sync.Mutex
	running map[string]bool      // by UID
	last    map[string]time.Time // when the last line was logged, by UID
	full    bool                 // it was said that there are too many
	err     error                // that ended it
}

// note lets the one that prints say something: the terminal takes one line at a time.
func (f *tails) note(ctx context.Context, text string) {
	select {
	case f.lines <- logLine{at: f.now(), text: text, note: true}:
	case <-ctx.Done():
	}
}

// start follows the log of a pod whose container runs, unless that is done already.
func (f *tails) start(ctx context.Context, pod object.Object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	uid := pod.UID()
	if f.running[uid] || !running(pod) || ctx.Err() != nil {
		return
	}
	if len(f.running) >= mostLogs {
		if !f.full {
			f.note(ctx, fmt.Sprintf("more than %d pods; the logs of further ones are left out until one of these is gone", mostLogs))
		}
		f.full = true
		return
	}
	f.running[uid] = true
	f.reading.Go(func() {
		err := f.follow(ctx, pod)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.running, uid)
		if err != nil && ctx.Err() == nil {
			f.err = cmp.Or(f.err, err)
			f.end()
		}
	})
}

// follow reads the log of a pod until its container ends. One that breaks off before is asked for again, as is one whose container starts anew.
func (f *tails) follow(ctx context.Context, pod object.Object) error {
	told := ""
	for running(pod) {
		if err := f.read(ctx, pod); forbidden(err) {
			return err
		} else if err != nil && err.Error() != told && ctx.Err() == nil {
			told = err.Error()
			f.note(ctx, told+"; it is asked for again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(logRetry):
		}
		u, err := f.site.pods(pod.ID().Namespace).Get(ctx, pod.ID().Name, metav1.GetOptions{})
		if err != nil || string(u.GetUID()) != pod.UID() {
			return nil //nolint:nilerr // gone; or the next event of the pod starts this again
		}
		pod = u.Object
	}
	return nil
}

func (f *tails) read(ctx context.Context, pod object.Object) error {
	f.mu.Lock()
	last := f.last[pod.UID()]
	f.mu.Unlock()
	r, err := f.open(ctx, pod, last, true)
	if err != nil || r == nil {
		return err
	}
	defer func() { _ = r.Close() }()
	for {
		e, err := r.next()
		if err != nil {
			return nil // the container has ended, or the connection; the caller looks
		}
		if !last.IsZero() && !e.at.After(last) {
			continue // the API knows whole seconds only
		}
		select {
		case f.lines <- e:
		case <-ctx.Done():
			return nil
		}
		f.mu.Lock()
		f.last[pod.UID()] = e.at
		f.mu.Unlock()
	}
}

// running tells whether the container whose log is read runs.
func running(pod object.Object) bool {
	list, _ := pod.Get(object.Pointer{"status", "containerStatuses"})
	all, _ := list.([]any)
	for _, c := range all {
		m, _ := c.(map[string]any)
		state, _ := m["state"].(map[string]any)
		if m["name"] == mainContainer(pod) {
			return state["running"] != nil
		}
	}
	return false
}
