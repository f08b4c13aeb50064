package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Quiet is a time at which a notification tells nothing, again and again.
type Quiet struct {
	Cron     string
	Timezone string // "" is UTC
	Duration time.Duration
}

const (
	mostQuiet    = 10
	longestQuiet = 72 * time.Hour
)

// Silent returns until when the notification tells nothing, zero if it does now.
func (n Notification) Silent(now time.Time) time.Time {
	for _, q := range n.Quiet {
		begins, err := q.begins()
		if err != nil {
			continue // it was refused when the file was read
		}
		if start := begins.Next(now.Add(-q.Duration)); !start.IsZero() && !start.After(now) {
			return start.Add(q.Duration)
		}
	}
	return time.Time{}
}

// fields are the five fields of cron, and nothing of what else its parser takes.
var fields = regexp.MustCompile(`^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$`)

// begins returns when the time begins, in its zone.
func (q Quiet) begins() (cron.Schedule, error) {
	if !fields.MatchString(q.Cron) || len(q.Cron) > 256 {
		return nil, errors.New("cron: has not five fields; wanted: minute hour day month weekday, such as \"0 20 * * *\"")
	}
	if q.Timezone == "Local" {
		return nil, errors.New("timezone: Local depends on the machine; wanted: a name such as Europe/Berlin, or none for UTC")
	}
	zone, err := time.LoadLocation(q.Timezone)
	if err != nil {
		return nil, fmt.Errorf("timezone: %.64q is not known; wanted: a name such as Europe/Berlin, or none for UTC", q.Timezone)
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(q.Cron)
	if err != nil {
		return nil, fmt.Errorf("cron: %w; wanted: minute hour day month weekday, such as \"0 20 * * *\"", err)
	}
	return inZone{s, zone}, nil
}

// inZone is a schedule by the clock of a zone.
type inZone struct {
	cron.Schedule
	zone *time.Location
}

// Next returns the next beginning after a time.
func (s inZone) Next(after time.Time) time.Time { return s.Schedule.Next(after.In(s.zone)) }

// quiet reads when a notification tells nothing.
func (r *fleetReader) quiet(raw []quietFile, n Notification, at []any) []Quiet {
	if n.Commit() && raw != nil {
		r.fail(at, "has no meaning for the status of commits, which is always kept; leave the field out")
		return nil
	}
	if len(raw) > mostQuiet {
		r.fail(at, "has %d entries; allowed are up to %d", len(raw), mostQuiet)
		return nil
	}
	var out []Quiet
	for i, f := range raw {
		q := Quiet{Cron: strings.Join(strings.Fields(f.Cron), " "), Timezone: f.Timezone}
		var err error
		if q.Duration, err = time.ParseDuration(f.Duration); err != nil || q.Duration <= 0 || q.Duration > longestQuiet {
			r.fail(in(at, i, "duration"), "is %.64q; allowed are values such as 11h or 30m, up to %s", f.Duration, longestQuiet)
		}
		if _, err := q.begins(); err != nil {
			field, problem, _ := strings.Cut(err.Error(), ": ")
			r.fail(in(at, i, field), "%s", problem)
		}
		out = append(out, q)
	}
	return out
}
