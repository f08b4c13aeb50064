package scale

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// What a schedule may be.
const (
	cronMost     = 256 // bytes
	durationMost = 31 * 24 * time.Hour
)

// ParseSchedule tells what is wrong with a schedule, nil if nothing is.
func ParseSchedule(cron, timezone string, duration time.Duration) error {
	_, err := parse(cron, timezone, duration)
	return err
}

// window is a schedule: when it begins, by the clock on the wall, and for how long it lasts.
type window struct {
	begins   cron.Schedule // in a world without summer time: wall clocks are written as if they were UTC
	zone     *time.Location
	duration time.Duration
}

func parse(text, timezone string, duration time.Duration) (window, error) {
	begins, err := parseCron(text)
	zone, wrong := parseZone(timezone)
	err = errors.Join(err, wrong)
	if duration <= 0 || duration > durationMost {
		err = errors.Join(err, fmt.Errorf("duration: %s; it has to be positive, and %s at most, such as 10h", duration, durationMost))
	}
	return window{begins, zone, duration}, err
}

func parseCron(text string) (cron.Schedule, error) {
	bad := func(why string) error {
		return fmt.Errorf("cron: %.64q %s; wanted: minute hour day month weekday, such as \"0 8 * * MON-FRI\"", text, why)
	}
	fields := strings.Fields(text)
	switch {
	case len(text) > cronMost:
		return nil, bad(fmt.Sprintf("is longer than %d bytes", cronMost))
	case len(fields) == 0:
		return nil, fmt.Errorf("cron: it is empty; wanted: minute hour day month weekday, such as \"0 8 * * MON-FRI\"")
	case strings.HasPrefix(fields[0], "TZ=") || strings.HasPrefix(fields[0], "CRON_TZ="):
		return nil, bad("names a time zone, which belongs into timezone")
	case strings.HasPrefix(fields[0], "@"):
		return nil, bad("is a short form, which is not taken")
	case len(fields) == 6:
		return nil, bad("has 6 fields: seconds are not taken")
	case len(fields) != 5:
		return nil, bad(fmt.Sprintf("has %d fields", len(fields)))
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	s, err := parser.Parse("CRON_TZ=UTC " + strings.Join(fields, " "))
	if err != nil {
		return nil, bad("is wrong: " + err.Error())
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, bad("never comes")
	}
	return s, nil
}

func parseZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("timezone: %q depends on the machine; wanted: a name such as Europe/Berlin, or none for UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("timezone: %.64q is not known; wanted: a name such as Europe/Berlin, or none for UTC", name)
	}
	return zone, nil
}

// wall writes what the clock on the wall shows as if it were UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// real returns when the clock on the wall shows the time. A time that summer time skips comes when it is skipped; of one that is shown
// twice it is the first.
func (w window) real(shown time.Time) time.Time {
	t := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, w.zone)
	from, to := t.ZoneBounds()
	switch {
	case wall(t).Before(shown): // t is before the gap
		return to
	case wall(t).After(shown):
		return from
	}
	if first := t.Add(-repeated(t)); wall(first).Equal(shown) {
		return first
	}
	return t
}

// repeated returns how far clocks were set back when the zone of the time began.
func repeated(t time.Time) time.Duration {
	from, _ := t.ZoneBounds()
	if from.IsZero() {
		return 0
	}
	return max(time.Duration(offset(from.Add(-time.Second))-offset(t))*time.Second, 0)
}

// begun returns when the window last began, at the time or before.
func (w window) begun(now time.Time) (time.Time, bool) {
	now = now.In(w.zone)
	shown := wall(now)
	if from, _ := now.ZoneBounds(); now.Sub(from) < 3*time.Hour {
		shown = shown.Add(repeated(now))
	}
	for range 200 {
		last, ok := w.last(shown, w.duration+4*time.Hour)
		if !ok {
			return time.Time{}, false
		}
		if t := w.real(last); !t.After(now) {
			return t, true
		}
		shown = last.Add(-time.Second)
	}
	return time.Time{}, false
}

func offset(t time.Time) int {
	_, s := t.Zone()
	return s
}

// last returns the last beginning at the time or before, no longer ago than the limit, by the clock on the wall.
func (w window) last(shown time.Time, limit time.Duration) (time.Time, bool) {
	back := time.Minute
	for ; ; back *= 2 {
		if t := w.begins.Next(shown.Add(-min(back, limit))); !t.IsZero() && !t.After(shown) {
			break
		}
		if back >= limit {
			return time.Time{}, false
		}
	}
	low, high := shown.Add(-min(back, limit)), shown // after low one begins, after high none does
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2)
		if t := w.begins.Next(middle); !t.IsZero() && !t.After(shown) {
			low = middle
		} else {
			high = middle
		}
	}
	return w.begins.Next(low), true
}

// course returns whether the window is open, and when that changes; zero if it never does.
func (w window) course(now time.Time) (open bool, changes time.Time) {
	if t, ok := w.begun(now); ok && now.Before(t.Add(w.duration)) {
		return true, w.end(t)
	}
	shown := wall(now.In(w.zone))
	for range 200 {
		next := w.begins.Next(shown)
		if next.IsZero() {
			return false, time.Time{}
		}
		if t := w.real(next); t.After(now) {
			return false, t
		}
		shown = next
	}
	return false, time.Time{}
}

// end returns when the window closes that began at the time: it goes on when it begins again before.
func (w window) end(began time.Time) time.Time {
	shown := wall(began.In(w.zone))
	for range 1000 {
		next := w.begins.Next(shown)
		if next.IsZero() || w.real(next).After(began.Add(w.duration)) {
			return began.Add(w.duration)
		}
		began, shown = w.real(next), next
	}
	return time.Time{} // it begins again for ever
}

// windows are the schedules of a pool, as of one time. They never change.
type windows struct {
	schedules []Schedule
	from, to  time.Time // while this holds; to is zero for ever
	min       int       // agents
	why       string
	ends      time.Time // when it falls, zero for never
	more      int       // agents to come
	moreWhy   string
	comes     time.Time // when it rises, zero for never
	bad       string    // what is wrong with a schedule
}

// at returns the windows of the schedules at the time.
func (w *windows) at(schedules []Schedule, now time.Time) *windows {
	if len(schedules) == 0 {
		return nil
	}
	if w != nil && slices.Equal(w.schedules, schedules) && !now.Before(w.from) && (w.to.IsZero() || now.Before(w.to)) {
		return w
	}
	x := &windows{schedules: slices.Clone(schedules), from: now}
	for _, s := range schedules {
		x.add(s, now)
	}
	return x
}

func (w *windows) add(s Schedule, now time.Time) {
	one, err := parse(s.Cron, s.Timezone, s.Duration)
	if err != nil {
		w.bad = fmt.Sprintf("a schedule is not kept: %v", err)
		return
	}
	open, changes := one.course(now)
	if !changes.IsZero() && (w.to.IsZero() || changes.Before(w.to)) {
		w.to = changes
	}
	n := min(s.Min, most)
	switch {
	case open && n > w.min, open && n == w.min && (changes.IsZero() || changes.After(w.ends) && !w.ends.IsZero()):
		w.min, w.ends = n, changes
		w.why = fmt.Sprintf("schedule %q keeps %s", s.Cron, count(n, "agent"))
		if !changes.IsZero() {
			w.why += " until " + changes.In(one.zone).Format("15:04 MST")
		}
	case !open && n > 0 && !changes.IsZero() && (w.comes.IsZero() || changes.Before(w.comes)):
		w.more, w.comes = n, changes
		w.moreWhy = fmt.Sprintf("schedule %q begins, with %s", s.Cron, count(n, "agent"))
	}
}
