package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/object"
)

// longestLine is how much of a line is shown.
const longestLine = 16 << 10

// logLine is one line of a pod's log.
type logLine struct {
	at   time.Time
	pod  string
	uid  string
	text string
	note bool // it is about the log, not of it
}

// lineReader reads the log of one pod.
type lineReader struct {
	io.Closer
	in       *bufio.Reader
	pod, uid string
	at       time.Time // of the last line
}

// open asks for the log of a pod from a time on, from where the user wants it if that is zero. It is that of the first container, unless an
// annotation names another. A pod that has logged nothing yet, or is gone, gives nil.
func (l *logs) open(ctx context.Context, pod object.Object, from time.Time, follow bool) (*lineReader, error) {
	id := pod.ID()
	o := &corev1.PodLogOptions{Container: mainContainer(pod), Follow: follow, Timestamps: true}
	late := follow && created(pod) > l.started.UTC().Format(time.RFC3339) // one that came later is read whole
	switch {
	case !from.IsZero():
		o.SinceTime = &metav1.Time{Time: from}
	case l.since > 0:
		o.SinceTime = &metav1.Time{Time: l.started.Add(-l.since)}
	}
	if from.IsZero() && l.tail >= 0 && !late {
		lines := int64(l.tail)
		o.TailLines = &lines
	}
	body, err := l.api.Pods(id.Namespace).GetLogs(id.Name, o).Stream(ctx)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsBadRequest(err): // gone, or no container has run yet
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the log of pod %s: %w", id.Name, err)
	}
	return &lineReader{Closer: body, in: bufio.NewReaderSize(body, longestLine), pod: id.Name, uid: pod.UID()}, nil
}

func mainContainer(pod object.Object) string {
	if name := pod.Annotation("kubectl.kubernetes.io/default-container"); name != "" {
		return name
	}
	list, _ := pod.Get(object.Pointer{"spec", "containers"})
	containers, _ := list.([]any)
	for _, c := range containers {
		m, _ := c.(map[string]any)
		name, _ := m["name"].(string)
		return name
	}
	return ""
}

// next returns the next line, io.EOF after the last. A line without a time has that of the one before.
func (r *lineReader) next() (logLine, error) {
	raw, err := r.in.ReadSlice('\n')
	text := strings.TrimRight(string(raw), "\r\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		text = strings.TrimSuffix(text, "…") + "…"
		_, err = r.in.ReadSlice('\n')
	}
	if err != nil && text == "" {
		return logLine{}, err
	}
	stamp, rest, ok := strings.Cut(text, " ")
	if at, wrong := time.Parse(time.RFC3339Nano, stamp); wrong == nil && (ok || rest == "") {
		r.at, text = at, rest
	}
	return logLine{at: r.at, pod: r.pod, uid: r.uid, text: text}, nil
}

// history shows what the pods have logged so far, in the order of time, and returns of when the last line of each is. No more than one line of
// each is held.
func (l *logs) history(ctx context.Context, pods []object.Object) (map[string]time.Time, error) {
	readers := make([]*lineReader, len(pods))
	defer func() {
		for _, r := range readers {
			if r != nil {
				_ = r.Close()
			}
		}
	}()
	failed := make([]error, len(pods))
	g := new(errgroup.Group) // without a context of its own: the streams outlive it
	g.SetLimit(askAtOnce)
	for i, pod := range pods {
		g.Go(func() error {
			readers[i], failed[i] = l.open(ctx, pod, time.Time{}, false)
			return nil
		})
	}
	_ = g.Wait()
	if err := l.lacking(failed); err != nil {
		return nil, err
	}
	last := map[string]time.Time{}
	for m := newMerge(readers); len(m.heads) > 0; {
		e, err := m.next()
		if err != nil {
			l.warn("the log of pod %s breaks off: %v", e.pod, err)
		}
		l.show(e)
		last[e.uid] = e.at
	}
	return last, l.out.Flush()
}

// lacking tells which logs cannot be read. It is an error only if all are like that, or for want of a right.
func (l *logs) lacking(failed []error) error {
	all := len(failed) > 0
	for _, err := range failed {
		if forbidden(err) {
			return err
		}
		all = all && err != nil
	}
	if all {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		if err != nil {
			l.warn("%v", err)
		}
	}
	return nil
}

// merge reads several logs as one, in the order of time.
type merge struct {
	heads []logLine     // the next line of each
	from  []*lineReader // that it is from
}

func newMerge(readers []*lineReader) *merge {
	m := &merge{}
	for _, r := range readers {
		if r == nil {
			continue
		}
		if e, err := r.next(); err == nil {
			m.heads, m.from = append(m.heads, e), append(m.from, r)
		}
	}
	return m
}

// next returns the earliest line; the error is why it is the last one of its pod, where that should not be so.
func (m *merge) next() (logLine, error) {
	i := 0
	for j := range m.heads {
		if m.heads[j].at.Before(m.heads[i].at) {
			i = j
		}
	}
	e := m.heads[i]
	following, err := m.from[i].next()
	if err == nil {
		m.heads[i] = following
		return e, nil
	}
	m.heads, m.from = slices.Delete(m.heads, i, i+1), slices.Delete(m.from, i, i+1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return e, err
}
