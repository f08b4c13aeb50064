package timeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// What a log keeps at most.
const (
	MaxEntries = 10_000
	MaxAge     = 90 * 24 * time.Hour
	MaxText    = 1000 // bytes of each text
)

// Log is what has happened, in the order in which it became known, with ids that grow. It is for one user at a time.
type Log struct {
	last    uint64
	entries []window.Entry
}

// Add takes an entry, gives it its id, and lets go of what there is no room for.
func (l *Log) Add(now time.Time, e window.Entry) window.Entry {
	l.last++
	e.ID = l.last
	if e.At.IsZero() {
		e.At = now.UTC()
	}
	for _, text := range []*string{&e.Environment, &e.Pool, &e.Text, &e.Revision, &e.Actor} {
		*text = status.Clean(*text, MaxText)
	}
	if len(l.entries) >= MaxEntries {
		const spare = MaxEntries / 20 // so that not each entry moves all others
		l.entries = slices.Delete(l.entries, 0, len(l.entries)-MaxEntries+spare)
	}
	l.entries = append(l.entries, e)
	return e
}

// Expire lets go of what is too old. What was told in a time that is still to come, as the clock was wrong then, stays.
func (l *Log) Expire(now time.Time) {
	n := 0
	for n < len(l.entries) && now.Sub(l.entries[n].At) > MaxAge {
		n++
	}
	l.entries = slices.Delete(l.entries, 0, n)
}

// Filter says which entries are wanted. Its zero value wants all.
type Filter struct {
	Environment string
	Pool        string // key
	Kind        window.Kind
	From, To    time.Time // To is not in it
	Before      uint64    // id: older ones only
	Limit       int       // 0: no limit

	Sees func(environment string) bool // whether entries of an environment are wanted, "" for those of none; nil: all. It must not block
}

func (f Filter) wants(e window.Entry) bool {
	return (f.Environment == "" || f.Environment == e.Environment) && (f.Pool == "" || f.Pool == e.Pool) && (f.Kind == "" || f.Kind == e.Kind) &&
		(f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To)) && (f.Before == 0 || e.ID < f.Before) && (f.Sees == nil || f.Sees(e.Environment))
}

// Find returns the entries that are wanted, the newest first, and whether there are more than the limit.
func (l *Log) Find(f Filter) (found []window.Entry, more bool) {
	for _, e := range slices.Backward(l.entries) {
		if !f.wants(e) {
			continue
		}
		if f.Limit > 0 && len(found) == f.Limit {
			return found, true
		}
		found = append(found, e)
	}
	return found, false
}

// Clone returns a copy that shares nothing that changes.
func (l *Log) Clone() *Log { return &Log{last: l.last, entries: slices.Clone(l.entries)} }

// Len is how many entries there are.
func (l *Log) Len() int { return len(l.entries) }

// Version is that of the form in which Encode writes.
const Version = 1

// ErrForm is the cause of every error of Decode.
var ErrForm = errors.New("is not a timeline")

// stored is the form of a file: the log, and the state that its last entries come from, which belong together.
type stored struct {
	Last    uint64         `json:"last"`
	Entries []window.Entry `json:"entries"`
	Seen    window.State   `json:"seen"`
}

// Encode writes the log with the state that was seen last.
func Encode(w io.Writer, l *Log, seen window.State) error {
	return json.NewEncoder(w).Encode(stored{Last: l.last, Entries: l.entries, Seen: seen})
}

// Decode reads what Encode has written.
func Decode(data []byte) (*Log, window.State, error) {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, window.State{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	last := uint64(0)
	for i, e := range s.Entries {
		if e.ID <= last || e.ID > s.Last {
			return nil, window.State{}, fmt.Errorf("%w: entry %d has id %d after %d, of %d", ErrForm, i+1, e.ID, last, s.Last)
		}
		last = e.ID
	}
	if len(s.Entries) > MaxEntries {
		s.Entries = s.Entries[len(s.Entries)-MaxEntries:]
	}
	return &Log{last: s.Last, entries: s.Entries}, s.Seen, nil
}
