// Package notice decides what is worth telling: what is true now, against what was said before, becomes messages and the status of commits.
package notice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/window"
)

// Message is one thing to tell people. Its texts are clean: one line each, without escape sequences; what else they are is up to whoever
// wrote the commit, the object or the job, so a sender makes them harmless in its own way.
type Message struct {
	Event       string // one of config.Events, More or Test
	Severity    Severity
	Title       string // whom it is about, and what happened, in a few words
	Text        string // the sentence that condition, log and page have too
	Environment string // "" for the repository
	Pool        string // its key, "" for others
	Revision    string // commit, where it is about one
	At          time.Time
}

// Events beside those of config.
const (
	More = "more" // stands for messages that were too many
	Test = "test"
)

// Severity is how urgent a message is.
type Severity string

// The severities.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Error   Severity = "error"
)

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Said is what was said last of a subject. The zero value is that all is well, or nothing is known.
type Said struct {
	Bad   bool      `json:"bad,omitempty"`
	Cause string    `json:"cause,omitempty"` // by which the same trouble, or the same commit, is known again
	At    time.Time `json:"at,omitzero"`
}

// Item is something to send. Once it was, Said is what to remember.
type Item struct {
	Key     string  // of what it is about: a newer item of the same key takes its place
	Message Message // for all but the status of commits
	Mark    *Mark   // for the status of commits
	Said    map[string]Said
}

// Told is what a Teller has to tell.
type Told struct {
	Items  []Item
	Silent map[string]Said // to be remembered without a word
	Next   time.Time       // when to ask again though nothing changes, zero for never
}

// Teller knows what one sink was told, so that it is told what changes, once.
type Teller struct {
	sink   config.Notification
	said   map[string]Said
	since  map[string]wait // what has changed, and has to last before it is said
	bucket bucket
	left   Item     // what was left out for there was too much
	names  []string // whom that is about
}

// wait is since when a subject is in a state that was not said yet.
type wait struct {
	bad   bool
	cause string
	since time.Time
}

// New returns a teller for a sink that was told this before.
func New(sink config.Notification, said map[string]Said) *Teller {
	if said == nil {
		said = map[string]Said{}
	}
	t := &Teller{sink: sink, said: maps.Clone(said), since: map[string]wait{}, bucket: bucket{burst: 10, every: time.Minute}}
	if sink.Commit() {
		t.bucket = bucket{burst: 60, every: 2 * time.Second} // far below what GitHub lets one write
	}
	return t
}

// Sink returns the sink that the teller is for.
func (t *Teller) Sink() config.Notification { return t.sink }

// Tell returns what the sink has to be told of the State. What it returns counts as said.
func (t *Teller) Tell(s window.State, now time.Time) Told {
	told := Told{Silent: map[string]Said{}}
	if until := t.sink.Silent(now); !until.IsZero() {
		told.Next = until // what is still so then is told then
		return told
	}
	if t.sink.Commit() {
		t.marks(s, now, &told)
		return told
	}
	var news []Item
	seen := map[string]bool{}
	for _, f := range facts(s, t.sink) {
		seen[f.key] = true
		if item, ok := t.turn(f, now, &told); ok {
			news = append(news, item)
		}
	}
	t.forget(s, seen, &told)
	slices.SortStableFunc(news, func(a, b Item) int {
		return cmp.Compare(a.Message.Severity.rank(), b.Message.Severity.rank())
	})
	told.Items = t.limit(news, now)
	if len(t.names) > 0 {
		told.Next = earlier(told.Next, t.bucket.next(now))
	}
	return told
}

// turn returns the message about a fact that is news, and remembers it.
func (t *Teller) turn(f fact, now time.Time, told *Told) (Item, bool) {
	was, known := t.said[f.key]
	if was.Bad == f.bad && was.Cause == f.cause {
		delete(t.since, f.key)
		return Item{}, false
	}
	if w := t.since[f.key]; w.since.IsZero() || w.bad != f.bad || w.cause != f.cause {
		t.since[f.key] = wait{f.bad, f.cause, now}
	}
	if due := t.since[f.key].since.Add(f.grace); now.Before(due) {
		told.Next = earlier(told.Next, due)
		return Item{}, false
	}
	delete(t.since, f.key)
	says := Said{Bad: f.bad, Cause: f.cause, At: now}
	t.remember(f.key, says)
	if !f.worth(known) || !slices.Contains(t.sink.On, f.message.Event) {
		told.Silent[f.key] = says
		return Item{}, false
	}
	f.message.At = now
	return Item{Key: f.key, Message: f.message, Said: map[string]Said{f.key: says}}, true
}

func (t *Teller) remember(key string, s Said) {
	if !s.Bad && s.Cause == "" {
		delete(t.said, key)
		return
	}
	t.said[key] = s
}

// forget lets go of fights that are over, which nobody is told of, and of waits for what is no longer there.
func (t *Teller) forget(s window.State, seen map[string]bool, told *Told) {
	for key := range t.since {
		if !seen[key] {
			delete(t.since, key)
		}
	}
	for _, e := range s.Environments {
		for key := range t.said {
			if len(e.Checks) > 0 && strings.HasPrefix(key, fightKey(e.Name, "")) && !seen[key] {
				delete(t.said, key)
				told.Silent[key] = Said{}
			}
		}
	}
}

// limit lets as many messages through as the sink may have. Of those beyond, one says how many there were.
func (t *Teller) limit(news []Item, now time.Time) []Item {
	free := t.bucket.free(now)
	if len(t.names) == 0 && len(news) <= free {
		t.bucket.take(now, len(news))
		return news
	}
	through := min(len(news), max(free-1, 0))
	for _, item := range news[through:] {
		t.leave(item)
	}
	out := slices.Clone(news[:through])
	if free > 0 {
		out = append(out, t.summary(now))
	}
	t.bucket.take(now, len(out))
	return out
}

func (t *Teller) leave(item Item) {
	if t.left.Said == nil {
		t.left = Item{Key: More, Said: map[string]Said{}, Message: Message{Event: More, Severity: Info}}
	}
	maps.Copy(t.left.Said, item.Said)
	if item.Message.Severity.rank() < t.left.Message.Severity.rank() {
		t.left.Message.Severity = item.Message.Severity
	}
	t.names = append(t.names, item.Message.Title)
}

// named is how many of the messages that were left out are named.
const named = 10

func (t *Teller) summary(now time.Time) Item {
	item, names := t.left, t.names
	t.left, t.names = Item{}, nil
	item.Message.At = now
	item.Message.Title = fmt.Sprintf("and %d more", len(names))
	rest := ""
	if len(names) > named {
		rest = fmt.Sprintf("; and %d others", len(names)-named)
		names = names[:named]
	}
	item.Message.Text = strings.Join(names, "; ") + rest
	return item
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
