package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// kept is what was read at the start.
type kept struct {
	samples *history.History
	log     *timeline.Log
	seen    window.State
	set     []aside
}

// aside is a file that could not be read.
type aside struct {
	file  string
	cause error
	stays error // why it could not be set aside, nil if it is
	to    string
}

// restore reads the files. It waits for a disk that does not answer only for a while: nothing is kept then.
func (r *Recorder) restore(ctx context.Context) {
	var k kept
	if r.disk.dir != "" {
		read := make(chan kept, 1)
		go func() { read <- r.disk.restore() }()
		select {
		case k = <-read:
		case <-ctx.Done():
		case <-time.After(patience):
			silent := errors.New("the disk does not answer")
			k.set = []aside{{file: samplesFile, cause: silent, stays: silent}, {file: timelineFile, cause: silent, stays: silent}}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.samples != nil {
		r.samples = k.samples
	}
	if k.log != nil {
		r.log, r.seen = k.log, k.seen
	}
	for _, a := range k.set {
		r.tell(a)
	}
	for _, e := range r.pending {
		r.add(e)
	}
	r.pending, r.restored = nil, true
}

// tell says that a file was not read. The caller holds the lock.
func (r *Recorder) tell(a aside) {
	text := fmt.Sprintf("the %s of before are not known: %s: %v", a.file, r.disk.dir, a.cause)
	if a.file == timelineFile {
		text = fmt.Sprintf("what has happened before is not known: %s: %v", r.disk.dir, a.cause)
	}
	if a.stays != nil {
		r.barred[a.file] = true
		text += fmt.Sprintf("; the file stays, and nothing new is kept: %v", a.stays)
	} else {
		text += "; the file is set aside as " + a.to
	}
	r.o.Log.Warn("history not read", "reason", text)
	r.add(window.Entry{Kind: window.Reported, Text: text, Bad: true})
}

// restore reads what there is. What cannot be read is set aside.
func (d *disk) restore() kept {
	var k kept
	d.load(&k, samplesFile, history.Version, func(b []byte) (err error) {
		k.samples, err = history.Decode(b)
		return err
	})
	d.load(&k, timelineFile, timeline.Version, func(b []byte) (err error) {
		k.log, k.seen, err = timeline.Decode(b)
		return err
	})
	return k
}

func (d *disk) load(k *kept, file string, version int, decode func([]byte) error) {
	b, err := d.read(file)
	if err == nil && b == nil {
		return
	}
	if err == nil {
		b, err = unseal(b, file, version)
	}
	if err == nil {
		if err = decode(b); err != nil {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	if err != nil {
		a := aside{file: file, cause: fmt.Errorf("%s: %w", file, err)}
		a.to, a.stays = d.aside(file)
		k.set = append(k.set, a)
	}
}

// keep writes what has changed, each minute, until ctx ends.
func (r *Recorder) keep(ctx context.Context) {
	for sleep(ctx, saveEvery) {
		r.save()
	}
}

// save writes the files that are not as what is known.
func (r *Recorder) save() {
	if r.disk.dir == "" {
		return
	}
	r.mu.Lock()
	r.log.Expire(r.o.Now())
	todo := map[string]func(io.Writer) error{}
	if r.changed[samplesFile] && !r.barred[samplesFile] {
		todo[samplesFile] = r.samples.Clone().Encode
	}
	if r.changed[timelineFile] && !r.barred[timelineFile] {
		log, seen := r.log.Clone(), r.seen
		todo[timelineFile] = func(w io.Writer) error { return timeline.Encode(w, log, seen) }
	}
	clear(r.changed)
	r.mu.Unlock()
	var errs []error
	for _, f := range []struct {
		name    string
		version int
	}{{samplesFile, history.Version}, {timelineFile, timeline.Version}} {
		fill := todo[f.name]
		if fill == nil {
			continue
		}
		if err := r.disk.replace(f.name, func(w io.Writer) error { return seal(w, f.name, f.version, fill) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
			r.mu.Lock()
			r.changed[f.name] = true
			r.mu.Unlock()
		}
	}
	if len(todo) > 0 {
		r.wrote(errors.Join(errs...))
	}
}

// wrote counts how writing went, and tells where its cause became another one.
func (r *Recorder) wrote(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cause := ""
	if err != nil {
		cause = err.Error()
		r.failures++
	}
	if cause == r.cause {
		return
	}
	r.cause = cause
	if err == nil {
		r.o.Log.Info("history is written again")
		r.add(window.Entry{Kind: window.Reported, Text: "the history is kept on the disk again"})
		return
	}
	r.o.Log.Warn("history not written", "reason", r.disk.dir, "err", err)
	r.add(window.Entry{Kind: window.Reported, Text: fmt.Sprintf("the history is kept in memory only: %s: %v", r.disk.dir, err), Bad: true})
}

var writeFailures = prometheus.NewDesc("majordomo_history_write_failures_total", "Times that the history could not be written to the disk.", nil, nil)

// Describe lists the metric.
func (r *Recorder) Describe(ch chan<- *prometheus.Desc) { ch <- writeFailures }

// Collect gives the metric.
func (r *Recorder) Collect(ch chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(writeFailures, prometheus.CounterValue, float64(r.failures))
}
